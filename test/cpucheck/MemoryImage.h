//===- MemoryImage.h - Tensors as they lie in a trainer's memory ----------===//
#ifndef DSC_TEST_CPUCHECK_MEMORYIMAGE_H
#define DSC_TEST_CPUCHECK_MEMORYIMAGE_H

#include "dsc/Evaluation/Tensor.h"

namespace dsc::cpucheck {

/// Bytes of one element; i1 takes one.
int64_t elementBytes(mlir::Type elementType);
int64_t tensorBytes(mlir::RankedTensorType type);

void store(const Tensor &tensor, char *memory);
Tensor load(mlir::RankedTensorType type, const char *memory);

} // namespace dsc::cpucheck

#endif // DSC_TEST_CPUCHECK_MEMORYIMAGE_H
