//===- PatchConv.h - A weight gradient as a product with patches ----------===//
#ifndef DSC_RUNTIME_DEVICE_CPU_PATCHCONV_H
#define DSC_RUNTIME_DEVICE_CPU_PATCHCONV_H

#include "device/cpu/ThinConv.h"

namespace dsc {

/// Whether it pays: a weight gradient of one group whose images have few output positions, of
/// which oneDNN's kernels, which work along rows of them, compute one or two at a time.
bool hasFewPositions(const ConvShape &shape, ConvDirection direction);

/// gradient[k, (c, tap)] = sum over (n, position) of outputGrad[k, (n, position)]
///                                                  * patch[(n, position), (c, tap)]
Convolver *makePatchWeightGrad(const ConvShape &shape);

} // namespace dsc

#endif // DSC_RUNTIME_DEVICE_CPU_PATCHCONV_H
