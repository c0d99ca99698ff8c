// What tests of library kernels share: the parts of a device that kernels are launched with,
// random arrays on it, and comparisons with sums in f64.
#ifndef DSC_TEST_EMULATOR_DEVICE_H
#define DSC_TEST_EMULATOR_DEVICE_H

#include "device/cuda/Routines.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <random>

using namespace dsc::cuda;

//===----------------------------------------------------------------------===//
// What CudaDevice.cpp has in a trainer
//===----------------------------------------------------------------------===//

inline cudaStream_t dsc::cuda::stepStream() {
  static cudaStream_t stream = [] {
    cudaStream_t made;
    cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking);
    return made;
  }();
  return stream;
}
inline Step::~Step() {}
inline Step &Step::at(const char *nodes) { return node = nodes, *this; }
inline bool Step::check(cudaError_t error, const char *) {
  return !(failed |= error != cudaSuccess);
}
inline void Step::fail(const char *what, const char *) { printf("%s\n", what), failed = true; }
void dscSetError(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
}

inline std::mt19937 engine(7);
inline int64_t draw(int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(engine);
}

/// An array on the device in which all dimensions but the last `fixed` lie in a random order.
struct Array {
  explicit Array(const Sizes &dims, size_t fixed = 0) : dims(dims), strides(dims.size()) {
    std::vector<size_t> order(dims.size());
    std::iota(order.rbegin(), order.rend(), 0); // the last dimension comes first
    std::shuffle(order.begin() + long(fixed), order.end(), engine);
    for (size_t dim : order) {
      strides[dim] = count;
      count *= dims[dim];
    }
    host.resize(size_t(count));
    for (float &value : host)
      value = static_cast<float>(draw(-8, 8)) / 8;
    cudaMalloc(&device, size_t(count) * 4 + 4); // also of nothing
    write();
  }
  Array(const Array &) = delete;
  ~Array() { cudaFree(device); }

  void write() {
    cudaMemcpyAsync(device, host.data(), host.size() * 4, cudaMemcpyHostToDevice, stepStream());
  }
  void read() {
    cudaMemcpyAsync(host.data(), device, host.size() * 4, cudaMemcpyDeviceToHost, stepStream());
    cudaStreamSynchronize(stepStream());
  }
  Buffer buffer() const { return Tensor<float>{static_cast<float *>(device), count}; }
  size_t placeOf(const Sizes &at) const {
    int64_t place = 0;
    for (size_t dim = 0; dim < at.size(); ++dim)
      place += at[dim] * strides[dim];
    return size_t(place);
  }
  float operator[](const Sizes &at) const { return host[placeOf(at)]; }

  Sizes dims, strides;
  int64_t count = 1;
  std::vector<float> host;
  void *device = nullptr;
};

/// Calls `body` for every index below `sizes`.
template <typename Body> void forEach(const Sizes &sizes, Body body) {
  for (int64_t size : sizes)
    if (size == 0)
      return;
  Sizes at(sizes.size(), 0);
  while (true) {
    body(at);
    size_t dim = sizes.size();
    while (dim > 0 && ++at[dim - 1] == sizes[dim - 1])
      at[--dim] = 0;
    if (dim == 0)
      return;
  }
}

inline int comparisons = 0;

/// Ends the program that has found a difference; the memory it still has is no finding.
[[noreturn]] inline void stop() {
  fflush(stdout);
  std::_Exit(1);
}

/// What the device has in `array` against values at the same places.
inline void compare(const char *what, Array &array, const std::vector<double> &expected) {
  array.read();
  for (size_t i = 0; i < array.host.size(); ++i) {
    double found = array.host[i];
    if (found != expected[i] &&
        !(std::abs(found - expected[i]) <= 2e-5 * (1 + std::abs(expected[i])))) {
      printf("%s: element %zu is %g, expected %g\n", what, i, found, expected[i]);
      stop();
    }
  }
  ++comparisons;
}

/// A row of values on the device, compared exactly.
template <typename T> struct Values {
  explicit Values(std::vector<T> values) : host(std::move(values)) {
    cudaMalloc(&device, bytes());
    cudaMemcpyAsync(device, host.data(), bytes(), cudaMemcpyHostToDevice, stepStream());
  }
  Values(const Values &) = delete;
  ~Values() { cudaFree(device); }

  const std::vector<T> &read() {
    cudaMemcpyAsync(host.data(), device, bytes(), cudaMemcpyDeviceToHost, stepStream());
    cudaStreamSynchronize(stepStream());
    return host;
  }
  size_t bytes() const { return host.size() * sizeof(T); }
  Buffer buffer() const { return Tensor<T>{static_cast<T *>(device), int64_t(host.size())}; }

  std::vector<T> host;
  void *device = nullptr;
};

template <typename T> void expect(const char *what, Values<T> &found, std::vector<T> expected) {
  if (found.read() != expected) {
    printf("%s of %zu bytes differs\n", what, sizeof(T));
    exit(1);
  }
  ++comparisons;
}

#endif // DSC_TEST_EMULATOR_DEVICE_H
