//===- PatchConv.h - Convolutions as products with patches -----------------===//
#ifndef DSC_RUNTIME_DEVICE_CPU_PATCHCONV_H
#define DSC_RUNTIME_DEVICE_CPU_PATCHCONV_H

#include "device/cpu/ThinConv.h"

namespace dsc {

/// Whether it pays: a convolution of one group whose images have few output positions, of which
/// oneDNN's kernels, which work along rows of them, compute one or two at a time; and which then
/// reads its weights as they are.
bool hasFewPositions(const ConvShape &shape, ConvDirection direction);

/// A convolution, or a gradient of one, as a product of a matrix with all patches: the elements
/// that the kernel covers at an output position.
Convolver *makePatchConv(const ConvShape &shape, ConvDirection direction);

} // namespace dsc

#endif // DSC_RUNTIME_DEVICE_CPU_PATCHCONV_H
