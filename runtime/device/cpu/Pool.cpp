//===- Pool.cpp - Max and average pooling ---------------------------------===//
//
// Planes (n, c) are shared out to the threads; kernels/PoolKernels.cpp has the
// loops of one plane.
//
//===----------------------------------------------------------------------===//
#include "abi/CpuRoutines.h"
#include "device/cpu/Move.h"
#include "device/cpu/Parallel.h"
#include "device/cpu/kernels/Kernels.h"

using namespace dsc;

namespace {

struct PoolShape {
  int64_t spatial, batch, channels;
  const int64_t *inputDims, *inputStrides, *outputStrides;
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
const int64_t *takePlane(Operands &operands, int64_t spatial, int64_t fill, int64_t (&to)[3]) {
  const int64_t *values = operands.take(spatial);
  std::fill(to, to + 3, fill);
  if (values)
    std::copy(values, values + spatial, to + 3 - spatial);
  return values;
}

bool PoolShape::read(const DscCall *call) {
  Operands operands(call);
  spatial = operands.rank(1, 3);
  batch = operands.size();
  channels = operands.size();
  inputDims = takePlane(operands, spatial, 1, plane.input);
  takePlane(operands, spatial, 1, plane.kernel);
  takePlane(operands, spatial, 1, plane.strides);
  takePlane(operands, spatial, 1, plane.dilations);
  takePlane(operands, spatial, 0, plane.low);
  takePlane(operands, spatial, 0, plane.high);
  takePlane(operands, spatial, 1, plane.output);
  if ((inputStrides = operands.take(2)))
    takePlane(operands, spatial, 0, plane.inputStrides);
  if ((outputStrides = operands.take(2)))
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
  FillLoop region;
  region.add(shape.batch, {shape.inputStrides[0]});
  region.add(shape.channels, {shape.inputStrides[1]});
  for (int64_t i = 0; i < shape.spatial; ++i)
    region.add(shape.inputDims[i], {shape.inputStrides[2 + i]});
  fillStrided(sizeof(float), region, inputGrad, 0);
  shape.forEachPlane([&](int64_t in, int64_t out) {
    kernels().avgPoolGradPlane(shape.plane, outputGrad + out, inputGrad + in);
  });
  return 0;
}
