//===- Pool.cpp - Max and average pooling ---------------------------------===//
//
// Planes (n, c) are shared out to the threads; kernels/PoolKernels.cpp has the
// loops of one plane.
//
//===----------------------------------------------------------------------===//
#include "abi/CpuRoutines.h"
#include "device/cpu/Operands.h"
#include "device/cpu/Parallel.h"
#include "device/cpu/kernels/Kernels.h"

#include <algorithm>

using namespace dsc;

namespace {

struct PoolShape {
  int64_t spatial, batch, channels;
  const int64_t *inputStrides, *outputStrides;
  int64_t flags;
  PoolPlane plane;

  /// False, with the error set, where the ints are not acceptable.
  bool read(const DscCall *call);

  /// Calls body(input offset, output offset) for each plane, in parallel.
  template <typename Body> void forEachPlane(Body &&body) const {
    int64_t taps = 1;
    for (int i = 0; i < 3; ++i)
      taps *= plane.kernel[i] * plane.output[i];
    int64_t grain = std::max<int64_t>(1, (1 << 14) / std::max<int64_t>(1, taps));
    parallelFor(batch * channels, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        int64_t n = i / channels, c = i % channels;
        body(n * inputStrides[0] + c * inputStrides[1],
             n * outputStrides[0] + c * outputStrides[1]);
      }
    });
  }
};

/// The next `spatial` entries, filled up in front to three.
void takePlane(Operands &operands, int64_t spatial, int64_t fill, int64_t (&to)[3]) {
  const int64_t *values = operands.take(spatial);
  std::fill(to, to + 3, fill);
  if (values)
    std::copy(values, values + spatial, to + 3 - spatial);
}

bool PoolShape::read(const DscCall *call) {
  Operands operands(call);
  spatial = operands.rank(1, 3);
  batch = operands.size();
  channels = operands.size();
  takePlane(operands, spatial, 1, plane.input);
  takePlane(operands, spatial, 1, plane.kernel);
  takePlane(operands, spatial, 1, plane.strides);
  takePlane(operands, spatial, 1, plane.dilations);
  takePlane(operands, spatial, 0, plane.low);
  takePlane(operands, spatial, 0, plane.high);
  takePlane(operands, spatial, 1, plane.output);
  inputStrides = operands.take(2);
  takePlane(operands, spatial, 0, plane.inputStrides);
  outputStrides = operands.take(2);
  takePlane(operands, spatial, 0, plane.outputStrides);
  flags = operands.next();
  plane.countIncludePad = flags & DSC_POOL_COUNT_INCLUDE_PAD;
  if (!operands.ok())
    return false;
  if (allPositive(plane.kernel, 3) && allPositive(plane.strides, 3) &&
      allPositive(plane.dilations, 3))
    return true;
  dscSetError("%s: kernel, strides and dilations must be at least 1", call->name);
  return false;
}

void zeroPlane(const PoolPlane &plane, float *data) {
  for (int64_t d = 0; d < plane.input[0]; ++d) {
    for (int64_t h = 0; h < plane.input[1]; ++h) {
      float *row = data + d * plane.inputStrides[0] + h * plane.inputStrides[1];
      for (int64_t w = 0; w < plane.input[2]; ++w)
        row[w * plane.inputStrides[2]] = 0.0f;
    }
  }
}

} // namespace

int32_t dscCpuMaxPool(const DscCall *call, void *const *buffers) {
  PoolShape shape;
  if (!shape.read(call))
    return 1;
  auto *input = static_cast<const float *>(buffers[0]);
  auto *output = static_cast<float *>(buffers[1]);
  auto *index = (shape.flags & DSC_POOL_INDEX) ? static_cast<int32_t *>(buffers[2]) : nullptr;
  shape.forEachPlane([&](int64_t in, int64_t out) {
    kernels().maxPoolPlane(shape.plane, input + in, output + out, index ? index + out : nullptr);
  });
  return 0;
}

int32_t dscCpuAvgPool(const DscCall *call, void *const *buffers) {
  PoolShape shape;
  if (!shape.read(call))
    return 1;
  auto *input = static_cast<const float *>(buffers[0]);
  auto *output = static_cast<float *>(buffers[1]);
  shape.forEachPlane([&](int64_t in, int64_t out) {
    kernels().avgPoolPlane(shape.plane, input + in, output + out);
  });
  return 0;
}

int32_t dscCpuAvgPoolGrad(const DscCall *call, void *const *buffers) {
  PoolShape shape;
  if (!shape.read(call))
    return 1;
  auto *outputGrad = static_cast<const float *>(buffers[0]);
  auto *inputGrad = static_cast<float *>(buffers[1]);
  shape.forEachPlane([&](int64_t in, int64_t out) {
    zeroPlane(shape.plane, inputGrad + in);
    kernels().avgPoolGradPlane(shape.plane, outputGrad + out, inputGrad + in);
  });
  return 0;
}
