//===- PlainConv.h - Convolutions that cuDNN does not take ----------------===//
#ifndef DSC_RUNTIME_DEVICE_CUDA_LIBRARY_PLAINCONV_H
#define DSC_RUNTIME_DEVICE_CUDA_LIBRARY_PLAINCONV_H

#include "device/cuda/Routines.h"

namespace dsc::cuda {

/// As conv(), convInputGrad() and convWeightGrad(), for any strides, groups and pads.
void plainConv(Step &step, const Conv &shape, Buffers buffers);
void plainConvInputGrad(Step &step, const Conv &shape, Buffers buffers);
void plainConvWeightGrad(Step &step, const Conv &shape, Buffers buffers);

} // namespace dsc::cuda

#endif // DSC_RUNTIME_DEVICE_CUDA_LIBRARY_PLAINCONV_H
