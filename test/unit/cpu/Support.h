//===- Support.h - Calling routines from tests ----------------------------===//
//
// A test describes tensors with any strides (`Tensor`), a call (`Call`), and a
// reference in plain loops. `Call::run` runs the routine on one thread and on two,
// checks that both give the same bits and that nothing between the elements of an
// output was touched.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TEST_UNIT_CPU_SUPPORT_H
#define DSC_TEST_UNIT_CPU_SUPPORT_H

#include "abi/CpuRoutines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace dsc::test {

using Dims = std::vector<int64_t>;
using Random = std::mt19937;

/// What the routine under test said last through dscSetError.
extern std::string lastError;

inline int64_t pick(Random &random, int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random);
}
inline bool chance(Random &random) { return pick(random, 0, 1) == 1; }

inline int64_t product(const Dims &dims) {
  int64_t result = 1;
  for (int64_t dim : dims)
    result *= dim;
  return result;
}

/// Calls body(position) for every position of a shape, row-major.
void forEach(const Dims &dims, const std::function<void(const Dims &)> &body);

Dims rowMajor(const Dims &dims);
/// Strides of a random order of the dimensions, with gaps now and then.
Dims randomStrides(Random &random, const Dims &dims);
/// Row-major or random.
Dims someStrides(Random &random, const Dims &dims);

/// Elements between those of a tensor, to see that they are left alone.
constexpr uint8_t untouched = 0xA5;

template <typename T> struct Tensor {
  Dims dims, strides;
  std::vector<T> data;

  Tensor() = default;
  Tensor(const Dims &dims, const Dims &strides) : dims(dims), strides(strides) {
    int64_t last = 0;
    for (size_t i = 0; i < dims.size(); ++i)
      last += std::max<int64_t>(0, dims[i] - 1) * strides[i];
    data.resize(last + 1);
    std::memset(static_cast<void *>(data.data()), untouched, data.size() * sizeof(T));
  }
  explicit Tensor(const Dims &dims) : Tensor(dims, rowMajor(dims)) {}

  int64_t offset(const Dims &position) const {
    int64_t at = 0;
    for (size_t i = 0; i < dims.size(); ++i)
      at += position[i] * strides[i];
    return at;
  }
  T &at(const Dims &position) { return data[offset(position)]; }
  const T &at(const Dims &position) const { return data[offset(position)]; }

  /// The same without a position in memory, for the inner loops of references.
  template <typename... Index> const T &operator()(Index... index) const {
    int64_t offset = 0;
    const int64_t *stride = strides.data();
    ((offset += index * *stride++), ...);
    return data[offset];
  }
  template <typename... Index> T &operator()(Index... index) {
    return const_cast<T &>(static_cast<const Tensor &>(*this)(index...));
  }

  Tensor &fill(const std::function<T()> &value) {
    forEach(dims, [&](const Dims &position) { at(position) = value(); });
    return *this;
  }
  Tensor &randomize(Random &random) {
    std::normal_distribution<double> normal;
    return fill([&] { return static_cast<T>(normal(random)); });
  }

  /// Whether everything that is not an element still has its first value.
  bool gapsUntouched() const {
    std::vector<uint8_t> owned(data.size(), 0);
    forEach(dims, [&](const Dims &position) { owned[offset(position)] = 1; });
    for (size_t i = 0; i < data.size(); ++i)
      for (size_t byte = 0; !owned[i] && byte < sizeof(T); ++byte)
        if (reinterpret_cast<const uint8_t *>(&data[i])[byte] != untouched)
          return false;
    return true;
  }
};

/// Random f32 tensors.
inline Tensor<float> randomTensor(Random &random, const Dims &dims, const Dims &strides) {
  return std::move(Tensor<float>(dims, strides).randomize(random));
}
inline Tensor<float> randomTensor(Random &random, const Dims &dims) {
  return randomTensor(random, dims, someStrides(random, dims));
}

class Call {
public:
  explicit Call(DscRoutine routine, const char *name) : routine(routine), name(name) {}
  ~Call() { release(); }

  Call &ints(std::initializer_list<int64_t> values) {
    table.insert(table.end(), values);
    return *this;
  }
  Call &ints(const Dims &values) {
    table.insert(table.end(), values.begin(), values.end());
    return *this;
  }
  Call &floats(double value) {
    floatTable.push_back(value);
    return *this;
  }
  template <typename T> Call &in(const Tensor<T> &tensor) {
    buffers.push_back(const_cast<T *>(tensor.data.data()));
    return *this;
  }
  template <typename T> Call &out(Tensor<T> &tensor) {
    buffers.push_back(tensor.data.data());
    outputs.push_back({reinterpret_cast<uint8_t *>(tensor.data.data()),
                       tensor.data.size() * sizeof(T), [&] { return tensor.gapsUntouched(); }});
    return *this;
  }

  /// Runs on one and on two threads; `sameBits` asserts that both agree.
  void run(bool sameBits = true);
  /// Runs once and returns the status.
  int32_t runOnce(int threads);

private:
  struct Output {
    uint8_t *data;
    size_t bytes;
    std::function<bool()> gapsUntouched;
  };
  std::vector<std::vector<uint8_t>> contents() const;
  void restore(const std::vector<std::vector<uint8_t>> &saved);
  void release();

  DscRoutine routine;
  const char *name;
  Dims table;
  std::vector<double> floatTable;
  std::vector<void *> buffers;
  std::vector<Output> outputs;
  void *state = nullptr;
};

/// How many levels of the kernels this processor runs.
int levelCount();

/// A test whose parameter is the level that the routines use.
class LevelTest : public testing::TestWithParam<int> {
protected:
  void SetUp() override;
  void TearDown() override;
};

#define DSC_CALL(routine) ::dsc::test::Call(routine, #routine)

/// Asserts |actual - expected| <= tolerance * (1 + |expected|) for every element; NaN equals NaN.
template <typename T>
void expectNear(const Tensor<T> &actual, const std::function<double(const Dims &)> &expected,
                double tolerance) {
  int failures = 0;
  forEach(actual.dims, [&](const Dims &position) {
    double want = expected(position), got = static_cast<double>(actual.at(position));
    bool good = want == got || (std::isnan(want) && std::isnan(got)) ||
                std::abs(want - got) <= tolerance * (1 + std::abs(want));
    if (!good && ++failures <= 3)
      ADD_FAILURE() << "at " << testing::PrintToString(position) << ": expected " << want
                    << ", got " << got;
  });
  EXPECT_EQ(failures, 0) << "elements differ";
}

} // namespace dsc::test

#endif // DSC_TEST_UNIT_CPU_SUPPORT_H
