//===- Batches.cpp - Batches, assembled ahead of the steps ----------------===//
//
// A thread of its own fills slots in a ring. It would disturb the steps of a small model
// if it were woken for each, so small batches have more slots, and it sleeps until half of
// them are empty.
//
//===----------------------------------------------------------------------===//
#include "trainer/Batches.h"

#include "trainer/Error.h"

#include <algorithm>
#include <csignal>
#include <sys/mman.h>

using namespace dsc;

namespace {

constexpr uintptr_t rowAlignment = 64; // what vector code likes, and what copies are given

bool areContiguous(const std::vector<int64_t> &samples) {
  for (size_t i = 1; i < samples.size(); ++i)
    if (samples[i] != samples[0] + static_cast<int64_t>(i))
      return false;
  return true;
}

char *alignedStorage(std::vector<char> &storage, size_t bytes) {
  storage.resize(bytes + rowAlignment);
  uintptr_t address = reinterpret_cast<uintptr_t>(storage.data());
  return storage.data() + (rowAlignment - address % rowAlignment) % rowAlignment;
}

/// Asks for the pages of rows that will be read in place, a window whenever the rows reach the next
/// one: asking takes longer than the step of a small model has time for.
void readAhead(const void *data, size_t bytes) {
  constexpr uintptr_t window = 4 << 20;
  uintptr_t begin = reinterpret_cast<uintptr_t>(data), end = begin + bytes;
  uintptr_t first = (begin + window - 1) / window * window; // the first window that begins here
  for (uintptr_t start = first; start < end; start += window)
    madvise(reinterpret_cast<void *>(start), window, MADV_WILLNEED);
}

} // namespace

BatchAssembler::BatchAssembler(const Dataset &dataset, const ModuleInfo &module)
    : dataset(dataset), module(module) {}

void BatchAssembler::assemble(const std::vector<int64_t> &samples, Batch &batch) const {
  batch.rows.resize(module.inputs.size());
  batch.storage.resize(module.inputs.size());
  for (size_t input = 0; input < module.inputs.size(); ++input)
    assembleInput(static_cast<int>(input), samples, batch);
}

void BatchAssembler::assembleInput(int input, const std::vector<int64_t> &samples,
                                   Batch &batch) const {
  size_t rowBytes = module.inputs[size_t(input)].sampleBytes();
  const void *place = nullptr;
  if (areContiguous(samples))
    place = dataset.rowsInPlace(input, samples[0], static_cast<int64_t>(samples.size()));
  bool inPlace = place && reinterpret_cast<uintptr_t>(place) % rowAlignment == 0;
  char *rows = nullptr;
  if (inPlace)
    readAhead(place, rowBytes * samples.size());
  else
    rows = alignedStorage(batch.storage[size_t(input)], rowBytes * samples.size());
  batch.rows[size_t(input)] = inPlace ? place : rows;
  for (size_t row = 0; row < samples.size(); ++row) {
    if (!inPlace)
      dataset.readRow(input, samples[row], rows + row * rowBytes);
    const char *data = static_cast<const char *>(batch.rows[size_t(input)]);
    dataset.checkRow(input, samples[row], data + row * rowBytes);
  }
}

/// Two for a large batch: one in use, one ahead.
static size_t countSlots(const ModuleInfo &module, int64_t rows) {
  constexpr size_t most = 16, memory = 4 << 20;
  size_t bytes = 1;
  for (const InputInfo &input : module.inputs)
    bytes += input.sampleBytes() * static_cast<size_t>(rows);
  return std::clamp<size_t>(memory / bytes, 2, most);
}

BatchStream::BatchStream(const Dataset &dataset, const ModuleInfo &module, int64_t rows,
                         BatchPlan plan, int64_t first, int64_t end)
    : assembler(dataset, module), plan(std::move(plan)), samples(size_t(rows)),
      slots(countSlots(module, rows)), worker([this, first, end] { work(first, end); }) {}

BatchStream::~BatchStream() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
    changed.notify_all();
  }
  worker.join();
}

int64_t BatchStream::emptySlots() const {
  int64_t inUse = filled - std::max<int64_t>(taken - 1, 0);
  return static_cast<int64_t>(slots.size()) - inUse;
}

/// Whether it is time to wake the worker: it then fills all that is empty.
bool BatchStream::wantsMore() const {
  return emptySlots() >= static_cast<int64_t>(slots.size() / 2) || filled == taken;
}

void BatchStream::work(int64_t first, int64_t end) {
  sigset_t all; // signals are for the thread that runs the loop
  sigfillset(&all);
  sigdelset(&all, SIGBUS); // a file that became shorter shows on the thread that reads it
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::unique_lock<std::mutex> lock(mutex);
  while (first + filled < end) {
    if (emptySlots() == 0)
      changed.wait(lock, [&] { return stopping || wantsMore(); });
    if (stopping)
      return;
    Slot &slot = slotOf(filled);
    lock.unlock(); // an empty slot belongs to the worker
    fill(slot, first + filled);
    lock.lock();
    if (filled++ == taken)
      changed.notify_all(); // next() may wait for it
  }
}

void BatchStream::fill(Slot &slot, int64_t step) {
  try {
    slot.batch.valid = plan(step, samples);
    assembler.assemble(samples, slot.batch);
  } catch (...) {
    slot.error = std::current_exception();
  }
}

const Batch &BatchStream::next() {
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return filled > taken; });
  Slot &slot = slotOf(taken++); // the step on the one before is done
  if (wantsMore())
    changed.notify_all();
  if (slot.error)
    std::rethrow_exception(slot.error);
  return slot.batch;
}

const Batch *BatchStream::peek() {
  std::lock_guard<std::mutex> lock(mutex);
  const Slot &slot = slotOf(taken);
  bool isThere = filled > taken && !slot.error;
  return isThere ? &slot.batch : nullptr;
}
