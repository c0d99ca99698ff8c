//===- Order.h - Which accesses are ordered by streams and events ---------===//
//
// Every task of a stream gets a number; a clock says for each stream up to which
// task somebody knows it to be done. Two accesses of the same bytes, one of them a
// write, must be ordered: else the program works by luck.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_EMULATOR_ORDER_H
#define DSC_RUNTIME_EMULATOR_ORDER_H

#include "cuda_runtime.h"

#include <map>

namespace emulator {

/// Stream number to the last task known to be done before.
struct Clock : std::map<unsigned, uint64_t> {
  void merge(const Clock &other);
  bool covers(unsigned stream, uint64_t task) const;
};

/// A task's name in the table of accesses.
struct TaskId {
  unsigned stream = 0;
  uint64_t number = 0;
  const char *name = "";
  const char *node = "";
};

/// Who touched which bytes last.
class AccessTable {
public:
  /// Ends the program when the access is not ordered behind what `clock` knows.
  void add(const Access &access, const TaskId &task, const Clock &clock);
  /// Ends the program when `clock` does not know all that touched the bytes to be done.
  void requireDone(const void *memory, size_t bytes, const Clock &clock) const;
  /// The bytes are given back.
  void forget(const void *memory, size_t bytes);

private:
  struct Segment {
    uintptr_t end;
    bool written = false;
    TaskId writer;
    std::map<unsigned, TaskId> readers; // the last of each stream
  };
  using Segments = std::map<uintptr_t, Segment>; // by begin, not overlapping

  void splitAt(uintptr_t position);
  void update(Segment &segment, const Access &access, const TaskId &task, const Clock &clock);
  Segments segments;
};

} // namespace emulator

#endif // DSC_RUNTIME_EMULATOR_ORDER_H
