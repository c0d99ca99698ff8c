//===- KernelAnalysis.h - Which bodies the targets accept as kernels ----===//
//
// The contract between fusion (which forms kernels) and the targets (each of which
// emits one function per kernel).
//
// A kernel is a region of one block. Its arguments are tensors (the operands),
// its terminator returns tensors (the results), and between them stand
// `tensor.empty`, `linalg.fill` of a constant, `arith.constant` (scalars and
// splats) and `linalg.generic`. All tensors are ranked and statically shaped;
// elements are i1, i8, i16, i32, i64, f16, bf16, f32 or f64.
//
// All generics of a kernel share one iteration domain (P..., Q...):
//
//   P   parallel dims; every value of P is an independent piece of work
//   Q   inner dims (may be none); reductions run over all of Q
//
// and each generic is one of
//
//   row work       loops over P only: works on one value per row
//   element work   loops over P x Q, all parallel
//   reduction      loops over P x Q, Q as reduction dims; one value per row
//
// Dims are listed P first, then Q, in the same order in every generic. Softmax
// of x[B,C] has P = (B), Q = (C):
//
//   max_i  = max_j x_ij             reduction
//   e_ij   = exp(x_ij - max_i)      element work
//   sum_i  = sum_j e_ij             reduction
//   y_ij   = e_ij / sum_i           element work
//
// Other shapes of kernel: an elementwise chain (Q empty), a column sum
// (P = columns, Q = rows), channel statistics of x[N,C,H,W] (P = C,
// Q = (N,H,W)), a full reduction (P empty).
//
// Further rules, each checked by `analyzeKernel`:
//
//   K1  Indexing maps of operands are linear: every result of the map is
//       sum(c_k * d_k) + c. Strides, offsets and broadcasts (a constant 0, or
//       a missing dim) are fine; mod and floordiv are not.
//   K2  Output maps are projected permutations (constant 0 for unit dims) and
//       use every parallel dim of the generic.
//   K3  A value computed in the kernel is read at the iteration that computed
//       it: element work reads element (p, q) of element work and element p of
//       row work or of a reduction. A shifted, transposed or gathered read of
//       such a value needs a kernel of its own.
//   K4  Row work reads no element work (only its reductions).
//   K5  Bodies are elementwise operations of arith and math, constants and
//       `linalg.index` (with `affine.apply` on it), and `tensor.extract` from an
//       operand of the kernel.
//   K6  A reduction whose body is not `combine(accumulator, f(inputs))` for an
//       associative and commutative combine with a neutral element (for
//       instance arg-max carrying a pair) is run in order, element by element.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_ANALYSIS_KERNELANALYSIS_H
#define DSC_ANALYSIS_KERNELANALYSIS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace dsc {

/// Where an iteration reads or writes, in elements of a row-major buffer:
/// offset + sum(strides[d] * d) over the dims of the domain, P then Q.
struct LinearAccess {
  int64_t offset = 0;
  llvm::SmallVector<int64_t> strides;

  bool operator==(const LinearAccess &other) const {
    return offset == other.offset && strides == other.strides;
  }
};

/// The extents of the iteration domain.
struct KernelDomain {
  llvm::SmallVector<int64_t> parallel;  // P
  llvm::SmallVector<int64_t> reduction; // Q

  unsigned rank() const { return parallel.size() + reduction.size(); }
  int64_t extent(unsigned dim) const {
    return dim < parallel.size() ? parallel[dim] : reduction[dim - parallel.size()];
  }
};

/// One generic of the kernel, placed in the domain.
struct Statement {
  mlir::linalg::GenericOp op;
  bool overQ = false;     // loops over P x Q, else over P only
  bool reduces = false;   // over Q
  bool separable = false; // a reduction that may be split among lanes (K6)

  /// Loops over Q run one after another; what needs the result of a reduction
  /// comes a stage later. Row work of stage s precedes the loop of stage s.
  unsigned stage = 0;

  /// Per operand, inputs then outputs.
  llvm::SmallVector<LinearAccess> accesses;
};

/// One result of the kernel: an output of a statement, or a constant.
struct KernelResult {
  mlir::Value value;
  bool overQ = false;
  unsigned stage = 0; // the stage that computes (and stores) it
  LinearAccess access;
};

/// A kernel understood. Statements stand in program order.
struct KernelAnalysis {
  mlir::Region *body = nullptr;
  KernelDomain domain;
  llvm::SmallVector<Statement> statements;
  llvm::SmallVector<KernelResult> results;
  unsigned numStages = 0; // loops over Q

  /// The statement that computes `value`; null for operands and constants.
  const Statement *producer(mlir::Value value) const;
};

/// Told why a region is not a kernel: the op to blame and a sentence.
using KernelErrorFn = llvm::function_ref<void(mlir::Operation *, const llvm::Twine &)>;

/// Checks the rules above. The second form reports as errors on the ops.
mlir::FailureOr<KernelAnalysis> analyzeKernel(mlir::Region &body, KernelErrorFn report);
mlir::FailureOr<KernelAnalysis> analyzeKernel(mlir::Region &body);

/// True if result number `result` may be stored in the very buffer of operand
/// number `operand`: every element is read only by the iteration that later
/// overwrites it. The emitted code keeps this promise for any number of such
/// pairs at once, as long as each buffer takes part in one pair only.
bool canShareBuffer(const KernelAnalysis &kernel, unsigned operand, unsigned result);

/// All such pairs (operand, result); none where the region is not a kernel.
llvm::SmallVector<std::pair<unsigned, unsigned>> findSharablePairs(mlir::Region &body);

/// The constant that `value` holds in every element: a scalar constant, a
/// splat, or a tensor filled with a constant. Null if it is not one.
mlir::TypedAttr getUniformConstant(mlir::Value value);

} // namespace dsc

#endif // DSC_ANALYSIS_KERNELANALYSIS_H
