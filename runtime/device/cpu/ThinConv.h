//===- ThinConv.h - Convolutions of few input channels --------------------===//
#ifndef DSC_RUNTIME_DEVICE_CPU_THINCONV_H
#define DSC_RUNTIME_DEVICE_CPU_THINCONV_H

#include "device/cpu/ConvShape.h"
#include "device/cpu/State.h"

namespace dsc {

/// A prepared convolution, forward or a gradient.
class Convolver : public RoutineState {
public:
  /// Buffers in the order of abi/CpuRoutines.h; 0, or 1 with the error set.
  virtual int32_t run(void *const *buffers) = 0;
};

/// Whether our own kernels take it: one group, up to `thinChannels` input channels, one or two
/// dimensions, dense tensors, rows that fill vectors, an image for each thread.
bool isThin(const ConvShape &shape, ConvDirection direction);

Convolver *makeThinConv(const ConvShape &shape, ConvDirection direction);

} // namespace dsc

#endif // DSC_RUNTIME_DEVICE_CPU_THINCONV_H
