//===- BatchesTest.cpp - BatchStream: every batch once, in order ----------===//
#include "trainer/Batches.h"
#include "trainer/Error.h"

#include <chrono>
#include <gtest/gtest.h>

using namespace dsc;

namespace {

constexpr int64_t sampleCount = 7, rows = 3;

/// Row s holds s in every element; sample `bad` cannot be read.
class Numbers : public Dataset {
public:
  Numbers(const std::vector<InputInfo> &inputs, int64_t bad) : Dataset(inputs), bad(bad) {}

  int64_t samples() const override { return sampleCount; }
  int64_t sequentialPeriod(int64_t) const override { return sampleCount; }
  const void *rowsInPlace(int, int64_t, int64_t) const override { return nullptr; }
  std::string describe(int) const override { return "the numbers"; }
  const std::string &path() const override { return name; }
  void readRow(int input, int64_t sample, void *row) const override {
    if (sample == bad)
      failInput("sample %lld", static_cast<long long>(sample));
    auto *elements = static_cast<float *>(row);
    std::fill(elements, elements + inputs[size_t(input)].sampleBytes() / sizeof(float),
              static_cast<float>(sample));
  }

private:
  int64_t bad;
  std::string name = "numbers";
};

/// Rows of 16 bytes, of which 16 batches are kept, and of 2 MB, of which two are.
class Batches : public testing::TestWithParam<int64_t> {
protected:
  Batches() {
    module.batch = rows;
    module.inputs.resize(1);
    module.inputs[0].shape = {rows, GetParam()};
  }

  static int64_t sampleOf(int64_t step, int64_t row) { return (step * rows + row) % sampleCount; }

  static BatchPlan plan() {
    return [](int64_t step, std::vector<int64_t> &samples) {
      for (int64_t row = 0; row < rows; ++row)
        samples[size_t(row)] = sampleOf(step, row);
      return rows;
    };
  }

  void expectStep(const Batch &batch, int64_t step) const {
    auto *elements = static_cast<const float *>(batch.rows[0]);
    for (int64_t row = 0; row < rows; ++row) {
      EXPECT_EQ(elements[row * GetParam()], float(sampleOf(step, row))) << "step " << step;
      EXPECT_EQ(elements[(row + 1) * GetParam() - 1], float(sampleOf(step, row)));
    }
  }

  ModuleInfo module;
};

INSTANTIATE_TEST_SUITE_P(Sizes, Batches, testing::Values(4, 1 << 19));

/// Also where the reader is slower than the worker, or faster, and while a batch is in use.
TEST_P(Batches, EveryStepInOrder) {
  Numbers numbers(module.inputs, -1);
  for (int64_t pause : {0, 200}) {
    BatchStream stream(numbers, module, rows, plan(), 5, 55);
    for (int64_t step = 5; step < 55; ++step) {
      const Batch &batch = stream.next();
      if (step % 10 == 0)
        std::this_thread::sleep_for(std::chrono::microseconds(pause));
      expectStep(batch, step);
      if (const Batch *ahead = stream.peek())
        expectStep(*ahead, step + 1);
    }
    EXPECT_EQ(stream.peek(), nullptr);
  }
}

TEST_P(Batches, EndsWhileBatchesAreLeft) {
  Numbers numbers(module.inputs, -1);
  for (int64_t taken : {0, 1, 20}) {
    BatchStream stream(numbers, module, rows, plan(), 0, 1000);
    for (int64_t step = 0; step < taken; ++step)
      expectStep(stream.next(), step);
  }
}

/// What is wrong with a batch is told when its turn comes, not while it is read ahead.
TEST_P(Batches, AnErrorKeepsItsPlace) {
  Numbers numbers(module.inputs, sampleOf(1, 2));
  BatchStream stream(numbers, module, rows, plan(), 0, 100);
  expectStep(stream.next(), 0);
  EXPECT_THROW(stream.next(), TrainerError);
}

} // namespace
