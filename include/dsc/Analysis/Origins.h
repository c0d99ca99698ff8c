//===- Origins.h - What locations say of an op ----------------------------===//
//
// A location names the nodes of the model that an op came from; generated code and messages are
// read by these names. Fused locations say how the nodes belong together:
//
//   fused<"Gelu">["node 'mul_3' (Mul)", "node 'div' (Div)", ...]  one whole op, which the exporter
//                                                                 had written as these; the one
//                                                                 that made its result is first
//   fused<[unit]>["node 'gelu' (Gelu)"]                           part of that node's gradient
//   fused<[loc("node 'linear_2' (Gemm)")]>["node 'gelu' (Gelu)"]  the gradient of linear_2; with
//                                                                 several results, of several
//   fused<{results = [...]}>[...]                                 a kernel of all these, and what
//                                                                 each of its results is
//
//===----------------------------------------------------------------------===//
#ifndef DSC_ANALYSIS_ORIGINS_H
#define DSC_ANALYSIS_ORIGINS_H

#include "mlir/IR/Location.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace dsc {

/// The location of what a derivative rule builds for an op at `loc`.
mlir::Location gradientLoc(mlir::Location loc);
/// Says whose gradient a result of such an op is; what is said already stays.
void setGradientOf(mlir::OpResult gradient, mlir::Location of);
/// Gives what takes the place of the op's results their own part of its location.
void passGradientsOn(mlir::Operation *op, mlir::ValueRange parts);
/// Whose gradient is there, where that is known; of several, none.
std::optional<mlir::Location> gradientOf(mlir::Location loc);

/// The location of a kernel and of its results.
mlir::Location kernelLoc(llvm::ArrayRef<mlir::Location> nests,
                         llvm::ArrayRef<mlir::Location> results);
/// Where a result came from: a kernel's may know better than the kernel.
mlir::Location originOfResult(mlir::OpResult result);

/// The location of a whole op of this name, which stands for all that `root` computes from `leaves`
/// and nothing else uses.
mlir::Location wholeOpLoc(mlir::Operation *root, mlir::ValueRange leaves, llvm::StringRef name);

/// What a location names: a node with the type of its operator, an initializer, or the model.
struct Origin {
  llvm::StringRef name, type;
  bool isInitializer = false, isGradient = false;
};
/// Each name once, in order.
llvm::SmallVector<Origin> originsOf(mlir::Location loc);

} // namespace dsc

#endif // DSC_ANALYSIS_ORIGINS_H
