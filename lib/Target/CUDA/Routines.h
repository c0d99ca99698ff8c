//===- Routines.h - Library calls in the text of a step -------------------===//
#ifndef DSC_LIB_TARGET_CUDA_ROUTINES_H
#define DSC_LIB_TARGET_CUDA_ROUTINES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace dsc::cuda {

/// A call of a library routine as runtime/device/cuda/Routines.h declares it:
/// `function(step, {.field = value, ...}, {buffers})`.
struct RoutineText {
  std::string function;
  std::string shape;  // the struct: Matmul
  std::string fields; // ".m = 4, .n = 10, ..."
  std::string label;  // a name for these fields: matmul_4x10x784
};

/// Whether runtime/device/cuda has the routine.
bool hasRoutine(llvm::StringRef routine);

/// Reads `ints` and `floats` as runtime/abi/CpuRoutines.h lays them out. An empty
/// function where the CUDA target has no such routine.
RoutineText describeRoutine(llvm::StringRef routine, llvm::ArrayRef<int64_t> ints,
                            llvm::ArrayRef<double> floats);

} // namespace dsc::cuda

#endif // DSC_LIB_TARGET_CUDA_ROUTINES_H
