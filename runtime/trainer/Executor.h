//===- Executor.h - Walks the tables of a program -------------------------===//
//
// A program is a list of calls; the executor resolves every (space, offset) to
// a pointer once, and per micro-batch only those that name an input. The pointers of a
// loop's calls move with its iterations, and back at its end.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_EXECUTOR_H
#define DSC_RUNTIME_TRAINER_EXECUTOR_H

#include "abi/Abi.h"

#include <functional>
#include <string>
#include <vector>

namespace dsc {

class Trace;

/// Rows of one input for a whole batch; micro-batch m starts `m * microbatchBytes` behind `data`.
struct InputRows {
  const void *data = nullptr;
  int64_t microbatchBytes = 0;
};

class Executor {
public:
  /// `trace` may be null.
  Executor(const DscProgram &program, char *arena, const void *constants, Trace *trace);

  /// Runs the program once. `inputs` are spaces 2, 3, …; `beforeMicrobatch` is told its number;
  /// `meanwhile` is for the host, while the device may still be at work.
  /// Fails with what the routine said when a call refuses its data.
  void run(
      const std::vector<InputRows> &inputs, const std::function<void(int64_t)> &beforeMicrobatch,
      const std::function<void()> &meanwhile = [] {});

private:
  struct Patch {
    size_t pointer; // index into pointers
    size_t input;   // index into the program's inputs
    int64_t offset;
  };

  void resolve(const DscBuffer &buffer, char *arena, const void *constants);
  void patchInputs(const std::vector<InputRows> &inputs, int64_t microbatch);
  int64_t firstLoop(int64_t begin) const;
  void runCalls(int64_t begin, int64_t end, int64_t loop);
  int64_t runLoop(int64_t number);
  void advance(const DscLoop &loop, int64_t iterations);
  void traceCall(int64_t i);
  void runCall(const DscCall &call, void *const *buffers);
  [[noreturn]] void fail(const DscCall &call);

  const DscProgram &program;
  Trace *trace;
  std::vector<void *> pointers;     // operands of all calls, one behind the other
  std::vector<size_t> firstPointer; // of each call
  std::vector<Patch> patches;
};

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_EXECUTOR_H
