//===- RaiseMatchers.h - Seeing through how exporters write things -*- C++ -*-===//
//
// Exporters put factors on either side, divide instead of multiplying, and broadcast
// here or there. These matchers answer what a value *is*, so that a raising pattern
// can state its algebra once.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_TRANSFORMS_RAISEMATCHERS_H
#define DSC_TRANSFORMS_RAISEMATCHERS_H

#include "dialects/Train/TrainDialect.h"
#include "dsc/Analysis/Origins.h"

#include "mlir/IR/PatternMatch.h"

namespace dsc {

/// The number all elements of the value are, seen through shape changes.
std::optional<double> splatOf(mlir::Value value);

/// Whether two numbers are the same constant, one of them perhaps rounded to f32.
bool isNear(double a, double b);

/// A value as number * factor * factor * ...
struct Product {
  double scale = 1;
  llvm::SmallVector<mlir::Value> factors;
};

/// Takes products, quotients by numbers and negations apart.
Product productOf(mlir::Value value);

/// A value as scale * core, where the core is no multiple of anything.
struct Scaled {
  double scale;
  mlir::Value core;
};
Scaled scaledOf(mlir::Value value);

/// For x + c, in either order, x; null for anything else.
mlir::Value matchAddNumber(mlir::Value value, double number);

/// Coefficients of 1, x, x^2, x^3 if the value is such a polynomial of x.
std::optional<std::array<double, 4>> polynomialOf(mlir::Value value, mlir::Value x);

/// One dimension of a value is that dimension of another; -1: it has size 1.
using DimMap = llvm::SmallVector<int64_t>;

/// A value seen through broadcasts, dropped and added dimensions of size 1, and
/// multiplication by numbers: `core * scale`, dimension i of the core standing at
/// `map[i]` of the value.
struct Spread {
  mlir::Value core;
  double scale = 1;
  DimMap map;
};
Spread spreadOf(mlir::Value value);

/// If the value is the mean of some x over trailing dimensions, at every place of x
/// (that is, broadcast back): x, and the first of these dimensions.
struct Mean {
  mlir::Value x;
  int64_t axis;
};
std::optional<Mean> matchTrailingMean(mlir::Value value);
/// The same for what spreadOf has already seen through.
std::optional<Mean> matchTrailingMean(const Spread &spread, llvm::ArrayRef<int64_t> shape);

inline mlir::RankedTensorType tensorOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

// One per file; each is a family of patterns.
void populateRaiseAttentionPatterns(mlir::RewritePatternSet &patterns);
void populateRaiseCarriesPatterns(mlir::RewritePatternSet &patterns);
void populateRaiseCrossEntropyPatterns(mlir::RewritePatternSet &patterns);
void populateRaiseGeluPatterns(mlir::RewritePatternSet &patterns);
void populateRaiseLayerNormPatterns(mlir::RewritePatternSet &patterns);
void populateRaiseShapePatterns(mlir::RewritePatternSet &patterns);
void populateRaiseUnrolledPatterns(mlir::RewritePatternSet &patterns);

} // namespace dsc

#endif // DSC_TRANSFORMS_RAISEMATCHERS_H
