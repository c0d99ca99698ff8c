//===- Batches.h - Batches, assembled ahead of the steps ------------------===//
//
// A background thread assembles the next batches while a step runs on the current
// one. Rows that lie together in the file as the model wants them are not
// copied at all.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_BATCHES_H
#define DSC_RUNTIME_TRAINER_BATCHES_H

#include "trainer/Dataset.h"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace dsc {

/// The rows of every input of the model for one step.
struct Batch {
  int64_t valid = 0; // rows that count; those behind them only fill the batch
  std::vector<const void *> rows;
  std::vector<std::vector<char>> storage; // of inputs that were copied
};

/// Which samples make the batch of `step` (from 0). Fills all of `samples`, whose size is the
/// batch; returns how many are valid.
using BatchPlan = std::function<int64_t(int64_t step, std::vector<int64_t> &samples)>;

/// Assembles batches on the calling thread.
class BatchAssembler {
public:
  BatchAssembler(const Dataset &dataset, const ModuleInfo &module);
  void assemble(const std::vector<int64_t> &samples, Batch &batch) const;

private:
  void assembleInput(int input, const std::vector<int64_t> &samples, Batch &batch) const;
  const Dataset &dataset;
  const ModuleInfo &module;
};

/// The batches of `rows` samples of steps [first, end), in order.
class BatchStream {
public:
  BatchStream(const Dataset &dataset, const ModuleInfo &module, int64_t rows, BatchPlan plan,
              int64_t first, int64_t end);
  ~BatchStream();

  /// The next batch; valid until the next call. Throws what assembling it threw.
  const Batch &next();
  /// The batch that next() will return, where it is already there and good; else null.
  const Batch *peek();

private:
  struct Slot {
    Batch batch;
    std::exception_ptr error;
  };
  void work(int64_t first, int64_t end);
  void fill(Slot &slot, int64_t step);
  Slot &slotOf(int64_t number) { return slots[static_cast<size_t>(number) % slots.size()]; }
  int64_t emptySlots() const;
  bool wantsMore() const;

  BatchAssembler assembler;
  BatchPlan plan;
  std::vector<int64_t> samples; // of the worker
  std::vector<Slot> slots;
  int64_t filled = 0; // batches, in order
  int64_t taken = 0;  // of these; the last one taken is in use
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  std::thread worker;
};

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_BATCHES_H
