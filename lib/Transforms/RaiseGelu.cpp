//===- RaiseGelu.cpp - Both forms of gelu ---------------------------------===//
//
//   erf:   x (1 + erf(x / sqrt 2)) / 2
//   tanh:  x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2
//
// The product may be associated in any way and the half stand anywhere in it; the
// argument of tanh is compared as a polynomial of x, however it is written.
//
//===----------------------------------------------------------------------===//

#include "RaiseMatchers.h"

#include <numbers>

using namespace mlir;
using namespace dsc;

static bool isErfOf(Value value, Value x) {
  auto erf = value.getDefiningOp<train::ErfOp>();
  auto p = erf ? polynomialOf(erf.getX(), x) : std::nullopt;
  return p && (*p)[0] == 0 && isNear((*p)[1], 1 / std::numbers::sqrt2) && (*p)[2] == 0 &&
         (*p)[3] == 0;
}

static bool isTanhOf(Value value, Value x) {
  auto tanh = value.getDefiningOp<train::TanhOp>();
  auto p = tanh ? polynomialOf(tanh.getX(), x) : std::nullopt;
  double c = std::sqrt(2 / std::numbers::pi);
  return p && (*p)[0] == 0 && isNear((*p)[1], c) && (*p)[2] == 0 && isNear((*p)[3], 0.044715 * c);
}

namespace {
struct RaiseGelu : OpRewritePattern<train::MulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(train::MulOp mul, PatternRewriter &rewriter) const override {
    if (!isa<FloatType>(tensorOf(mul).getElementType()))
      return failure();
    Product product = productOf(mul);
    if (product.factors.size() != 2 || !isNear(product.scale, 0.5))
      return failure();
    for (int i : {0, 1}) {
      Value x = product.factors[i], gate = matchAddNumber(product.factors[1 - i], 1);
      if (!gate || x.getType() != mul.getType())
        continue;
      bool isErf = isErfOf(gate, x);
      if (!isErf && !isTanhOf(gate, x))
        continue;
      auto form = isErf ? train::GeluApproximation::Erf : train::GeluApproximation::Tanh;
      auto gelu = train::GeluOp::create(rewriter, wholeOpLoc(mul, x, "Gelu"), form, x);
      rewriter.replaceOp(mul, gelu.getY());
      return success();
    }
    return failure();
  }
};
} // namespace

void dsc::populateRaiseGeluPatterns(RewritePatternSet &patterns) {
  patterns.add<RaiseGelu>(patterns.getContext());
}
