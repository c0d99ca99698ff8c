//===- Kernels.h - Functions for kernels ----------------------------------===//
//
// From the tensor body of a kernel (see KernelAnalysis.h) to a function of the
// type DscKernel of runtime/abi/Abi.h:
//
//   void kernel(i64 begin, i64 end, ptr buffers)
//
// where buffers points at the operands' pointers, then the results', and
// [begin, end) is a part of the kernel's parallel extent.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TARGET_CPU_KERNELS_H
#define DSC_TARGET_CPU_KERNELS_H

#include "dsc/Analysis/KernelAnalysis.h"
#include "dsc/Target/CPU/CpuTarget.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace dsc::cpu {

/// How the work of a kernel is divided among threads.
struct KernelInfo {
  int64_t extent = 1; // parts; any split of [0, extent) gives the same bits
  int64_t grain = 1;  // fewest parts worth a thread of their own
};

KernelInfo getKernelInfo(const KernelAnalysis &kernel, const CpuTarget &target);
mlir::FailureOr<KernelInfo> getKernelInfo(mlir::Region &body, const CpuTarget &target);

/// Emits the code of `kernel` at the end of the empty region `code`: one entry
/// block with arguments (i64, i64, ptr), loops of scf, values of arith, math and
/// vector, memory by llvm.load and llvm.store. No side effects elsewhere, so
/// kernels may be emitted by several threads at once.
void emitKernel(const KernelAnalysis &kernel, const CpuTarget &target, mlir::Region &code);

/// The same as a new function of `builder`'s block, for kernels whose body is the
/// region of another op.
mlir::func::FuncOp createKernelFunction(mlir::OpBuilder &builder, llvm::StringRef name,
                                        const KernelAnalysis &kernel, const CpuTarget &target);

/// Turns `func` (tensors in, tensors out) into the function above, in place.
mlir::LogicalResult lowerKernelFunction(mlir::func::FuncOp func, const CpuTarget &target);

/// True for functions `lowerKernelFunction` is meant for: they have a body, and
/// all arguments and results are tensors.
bool isKernelFunction(mlir::func::FuncOp func);

} // namespace dsc::cpu

#endif // DSC_TARGET_CPU_KERNELS_H
