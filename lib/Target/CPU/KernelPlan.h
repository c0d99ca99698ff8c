//===- KernelPlan.h - How a kernel's loops are run ------------------------===//
//
// All decisions of code generation, taken before any code is emitted: the order
// of the dims, which are merged, which one the lanes of a vector run along, what
// a part is, and what is kept in scratch memory between stages.
//
// With lanes along the last dim of Q, one iteration of P (a row) is a part:
//
//   for row in part:  row work;  for q by lanes: stage 0;  row work;  ...
//
// With lanes along the last dim of P, a part is a block of copies x lanes values
// of that dim, and the loops over Q run inside, a vector per row:
//
//   for block in part:  row work;  for q: stage 0;  row work;  ...
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_TARGET_CPU_KERNELPLAN_H
#define DSC_LIB_TARGET_CPU_KERNELPLAN_H

#include "dsc/Analysis/KernelNeeds.h"

#include "dsc/Target/CPU/CpuTarget.h"

#include <optional>

namespace dsc::cpu {

struct KernelPlan {
  /// The kernel, with the domain and all accesses rewritten to the dims below.
  KernelAnalysis kernel;

  /// Dim of the plan for each loop dim of the generics; none for unit dims.
  /// Dims that `linalg.index` asks for are never merged.
  llvm::SmallVector<std::optional<unsigned>> dimOf;

  /// The dim the lanes run along; none: everything is scalar.
  std::optional<unsigned> vectorDim;
  unsigned lanes = 1;
  unsigned copies = 1; // vectors per iteration, to hide latency

  /// Parts are blocks of the vector dim, not whole rows of it.
  bool partsAreBlocks = false;

  NeedMap needs;
  llvm::DenseMap<mlir::Operation *, int64_t> scratchOffset; // bytes, per kept statement
  int64_t scratchBytes = 0;

  double cost = 0; // of the whole kernel, in vector instructions

  const KernelDomain &domain() const { return kernel.domain; }
  unsigned numP() const { return kernel.domain.parallel.size(); }
  bool vectorInQ() const { return vectorDim && *vectorDim >= numP(); }
  bool vectorInP() const { return vectorDim && *vectorDim < numP(); }
  int64_t vectorExtent() const { return domain().extent(*vectorDim); }
  int64_t blockSize() const { return static_cast<int64_t>(lanes) * copies; }
  int64_t numBlocks() const { return llvm::divideCeil(vectorExtent(), blockSize()); }

  /// Product of the dims of P that are loops of their own.
  int64_t outerExtent() const;
  int64_t numParts() const { return outerExtent() * (partsAreBlocks ? numBlocks() : 1); }

  /// Elements of scratch for one row of the last loop, and the strides of a
  /// kept value over the dims of Q.
  LinearAccess scratchAccess() const;
  int64_t scratchElements() const;
};

KernelPlan planKernel(KernelAnalysis kernel, const CpuTarget &target);

} // namespace dsc::cpu

#endif // DSC_LIB_TARGET_CPU_KERNELPLAN_H
