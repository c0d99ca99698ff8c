//===- Move.cu - Strided copies and fills ---------------------------------===//
#include "device/cuda/Kernel.h"
#include "device/cuda/Routines.h"
#include "device/cuda/Strided.h"

namespace dsc::cuda {

namespace {

template <typename T>
__global__ void __launch_bounds__(256) copyElements(Strided<2> places, const T *in, T *out) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < places.count) {
    auto at = places.at(i);
    out[at[1]] = in[at[0]];
  }
}

template <typename T>
__global__ void __launch_bounds__(256) fillElements(Strided<1> places, T value, T *out) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < places.count)
    out[places.at(i)[0]] = value;
}

__global__ void __launch_bounds__(256)
    copyRows(int64_t bytes, const char *part, const int64_t *number, char *out) {
  int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < bytes)
    out[*number * bytes + i] = part[i];
}

template <typename T> void copyAs(Step &step, const Copy &shape, Buffer in, Buffer out) {
  Strided<2> places = makeStrided<2>(shape.dims, {&shape.in, &shape.out});
  places.offset[0] = shape.inOffset;
  places.offset[1] = shape.outOffset;
  LAUNCH(step, copyElements<T>, blocksFor(places.count), 256, 0, step.stream, places,
         in.tensor<const T>(), out.tensor<T>());
}

template <typename T> void fillAs(Step &step, const Fill &shape, Buffer out) {
  Strided<1> places = makeStrided<1>(shape.dims, {&shape.strides});
  places.offset[0] = shape.offset;
  LAUNCH(step, fillElements<T>, blocksFor(places.count), 256, 0, step.stream, places,
         static_cast<T>(shape.pattern), out.tensor<T>());
}

} // namespace

void copy(Step &step, const Copy &shape, Buffers buffers) {
  if (countOf(shape.dims) > 0)
    withWidth(shape.bytes, [&](auto zero) {
      copyAs<decltype(zero)>(step, shape, buffers.begin()[0], buffers.begin()[1]);
    });
}

void fill(Step &step, const Fill &shape, Buffers buffers) {
  if (countOf(shape.dims) > 0)
    withWidth(shape.bytes,
              [&](auto zero) { fillAs<decltype(zero)>(step, shape, buffers.begin()[0]); });
}

void stackRows(Step &step, const StackRows &shape, Buffers buffers) {
  if (shape.bytes == 0)
    return;
  const Buffer *buffer = buffers.begin();
  LAUNCH(step, copyRows, blocksFor(shape.bytes), 256, 0, step.stream, shape.bytes,
         buffer[0].tensor<const char>(), buffer[1].tensor<const int64_t>(),
         buffer[2].tensor<char>());
}

} // namespace dsc::cuda
