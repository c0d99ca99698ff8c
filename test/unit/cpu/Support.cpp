//===- Support.cpp - Calling routines from tests --------------------------===//
#include "Support.h"

#include "device/cpu/Parallel.h"
#include "device/cpu/Probe.h"
#include "device/cpu/Scratch.h"
#include "device/cpu/State.h"
#include "device/cpu/kernels/Kernels.h"

#include <algorithm>
#include <cstdarg>
#include <numeric>

using namespace dsc;
using namespace dsc::test;

std::string dsc::test::lastError;

void dscSetError(const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  lastError = text;
}

void dsc::test::forEach(const Dims &dims, const std::function<void(const Dims &)> &body) {
  Dims position(dims.size(), 0);
  for (int64_t count = product(dims); count > 0; --count) {
    body(position);
    for (size_t i = dims.size(); i-- > 0;) {
      if (++position[i] < dims[i])
        break;
      position[i] = 0;
    }
  }
}

Dims dsc::test::rowMajor(const Dims &dims) {
  Dims strides(dims.size());
  int64_t stride = 1;
  for (size_t i = dims.size(); i-- > 0; stride *= std::max<int64_t>(dims[i], 1))
    strides[i] = stride;
  return strides;
}

Dims dsc::test::randomStrides(Random &random, const Dims &dims) {
  std::vector<size_t> order(dims.size());
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  Dims strides(dims.size());
  int64_t stride = pick(random, 0, 3) == 0 ? 2 : 1;
  for (size_t i : order) {
    strides[i] = stride;
    stride = stride * std::max<int64_t>(dims[i], 1) + (chance(random) ? pick(random, 0, 3) : 0);
  }
  return strides;
}

Dims dsc::test::someStrides(Random &random, const Dims &dims) {
  return chance(random) ? rowMajor(dims) : randomStrides(random, dims);
}

void Call::release() {
  DscCall call{};
  call.state = &state;
  releaseState(&call);
}

int32_t Call::runOnce(int threads) {
  setThreadCount(threads);
  DscCall call{};
  call.name = name;
  call.routine = routine;
  call.numBuffers = static_cast<int32_t>(buffers.size());
  call.numInts = static_cast<int32_t>(table.size());
  call.numFloats = static_cast<int32_t>(floatTable.size());
  call.ints = table.data();
  call.floats = floatTable.data();
  call.state = &state;
  std::string_view shortName = name;
  shortName.remove_prefix(std::string_view("dscCpu").size());
  size_t before = scratchBytes(), need = probeScratch(shortName, call);
  int32_t status = routine(&call, buffers.data());
  if (status == 0)
    EXPECT_EQ(scratchBytes(), std::max(before, need)) << "working memory";
  return status;
}

std::vector<std::vector<uint8_t>> Call::contents() const {
  std::vector<std::vector<uint8_t>> saved;
  for (const Output &output : outputs)
    saved.emplace_back(output.data, output.data + output.bytes);
  return saved;
}

void Call::restore(const std::vector<std::vector<uint8_t>> &saved) {
  for (size_t i = 0; i < outputs.size(); ++i)
    std::copy(saved[i].begin(), saved[i].end(), outputs[i].data);
}

void Call::run(bool sameBits) {
  auto before = contents();
  std::vector<std::vector<std::vector<uint8_t>>> results;
  for (int threads : {1, 2, 2}) {
    if (threads != 2 || results.size() == 1)
      release(); // prepared again for another thread count; the third run reuses the state
    restore(before);
    lastError.clear();
    ASSERT_EQ(runOnce(threads), 0) << lastError;
    results.push_back(contents());
    for (const Output &output : outputs)
      EXPECT_TRUE(output.gapsUntouched()) << "written beside the output";
  }
  EXPECT_EQ(results[1], results[2]) << "not the same bits when run again";
  if (sameBits)
    EXPECT_EQ(results[0], results[1]) << "not the same bits on one and on two threads";
}

int dsc::test::levelCount() {
  int count;
  runnableKernels(&count);
  return count;
}

void LevelTest::SetUp() {
  int count;
  useKernels(*runnableKernels(&count)[GetParam()]);
}

void LevelTest::TearDown() {
  int count;
  const auto *const *levels = runnableKernels(&count);
  useKernels(*levels[count - 1]);
}
