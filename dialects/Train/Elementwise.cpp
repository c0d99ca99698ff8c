//===- Elementwise.cpp - Folds and rules of elementwise ops ---------------===//

#include "dialects/Train/Expr.h"
#include "dialects/Train/TrainDialect.h"
#include "mlir/IR/Matchers.h"

#include <cmath>
#include <numbers>

using namespace mlir;
using namespace dsc::train;

//===----------------------------------------------------------------------===//
// Folds
//===----------------------------------------------------------------------===//

/// The number of which `value` is a constant splat, if it is one.
static std::optional<double> getSplat(Attribute value) {
  auto splat = dyn_cast_or_null<SplatElementsAttr>(value);
  if (!splat) {
    return std::nullopt;
  }
  if (isa<FloatType>(splat.getElementType())) {
    return splat.getSplatValue<APFloat>().convertToDouble();
  }
  if (splat.getElementType().isSignlessInteger(1)) {
    return std::nullopt;
  }
  APInt number = splat.getSplatValue<APInt>();
  bool isUnsigned = splat.getElementType().isUnsignedInteger();
  return isUnsigned ? static_cast<double>(number.getZExtValue())
                    : static_cast<double>(number.getSExtValue());
}

static Attribute getSplatAttr(Type type, double value) {
  auto tensor = cast<RankedTensorType>(type);
  if (auto element = dyn_cast<FloatType>(tensor.getElementType())) {
    return DenseElementsAttr::get(tensor, FloatAttr::get(element, value).getValue());
  }
  auto element = cast<IntegerType>(tensor.getElementType());
  return DenseElementsAttr::get(
      tensor, APInt(element.getWidth(), static_cast<uint64_t>(static_cast<int64_t>(value)), true));
}

/// Folds two float splats by `compute`; integers stay (they may overflow a double).
static Attribute foldSplats(Type type, Attribute a, Attribute b,
                            llvm::function_ref<double(double, double)> compute) {
  if (!isa<FloatType>(getElementTypeOrSelf(type))) {
    return {};
  }
  auto left = getSplat(a), right = getSplat(b);
  return left && right ? getSplatAttr(type, compute(*left, *right)) : Attribute();
}

OpFoldResult AddOp::fold(FoldAdaptor adaptor) {
  if (getSplat(adaptor.getB()) == 0.0) {
    return getA();
  }
  if (getSplat(adaptor.getA()) == 0.0) {
    return getB();
  }
  return foldSplats(getType(), adaptor.getA(), adaptor.getB(), std::plus<double>());
}

OpFoldResult SubOp::fold(FoldAdaptor adaptor) {
  if (getSplat(adaptor.getB()) == 0.0) {
    return getA();
  }
  return foldSplats(getType(), adaptor.getA(), adaptor.getB(), std::minus<double>());
}

OpFoldResult MulOp::fold(FoldAdaptor adaptor) {
  if (getSplat(adaptor.getB()) == 1.0) {
    return getA();
  }
  if (getSplat(adaptor.getA()) == 1.0) {
    return getB();
  }
  return foldSplats(getType(), adaptor.getA(), adaptor.getB(), std::multiplies<double>());
}

OpFoldResult DivOp::fold(FoldAdaptor adaptor) {
  if (getSplat(adaptor.getB()) == 1.0) {
    return getA();
  }
  return foldSplats(getType(), adaptor.getA(), adaptor.getB(), std::divides<double>());
}

OpFoldResult RemOp::fold(FoldAdaptor adaptor) {
  return foldSplats(getType(), adaptor.getA(), adaptor.getB(),
                    [](double a, double b) { return std::fmod(a, b); });
}

OpFoldResult PowOp::fold(FoldAdaptor adaptor) {
  if (getSplat(adaptor.getB()) == 1.0) {
    return getA();
  }
  return foldSplats(getType(), adaptor.getA(), adaptor.getB(),
                    [](double a, double b) { return std::pow(a, b); });
}

OpFoldResult MaxOp::fold(FoldAdaptor adaptor) { return getA() == getB() ? getA() : Value(); }

OpFoldResult MinOp::fold(FoldAdaptor adaptor) { return getA() == getB() ? getA() : Value(); }

OpFoldResult ConvertOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType()) {
    return getX();
  }
  auto splat = getSplat(adaptor.getX());
  bool toFloat = isa<FloatType>(getElementTypeOrSelf(getType()));
  return splat && toFloat ? OpFoldResult(getSplatAttr(getType(), *splat)) : OpFoldResult();
}

//===----------------------------------------------------------------------===//
// Compare
//===----------------------------------------------------------------------===//

void CompareOp::build(OpBuilder &builder, OperationState &state, Comparison relation, Value a,
                      Value b) {
  auto type = cast<RankedTensorType>(a.getType()).clone(builder.getI1Type());
  build(builder, state, type, relation, a, b);
}

//===----------------------------------------------------------------------===//
// Linearity
//===----------------------------------------------------------------------===//

bool MulOp::isLinearIn(ArrayRef<unsigned> operands) { return operands.size() == 1; }

bool DivOp::isLinearIn(ArrayRef<unsigned> operands) {
  return operands.size() == 1 && operands[0] == 0 &&
         isa<FloatType>(getElementTypeOrSelf(getType()));
}

/// Conversions to integers round.
bool ConvertOp::isLinearIn(ArrayRef<unsigned>) {
  return isa<FloatType>(getElementTypeOrSelf(getType()));
}

//===----------------------------------------------------------------------===//
// Derivatives and decompositions
//===----------------------------------------------------------------------===//

LogicalResult SelectOp::buildVjp(Vjp &vjp) {
  Expr g(vjp.builder, vjp.loc(), vjp.grads[0]), p = g.with(getPredicate());
  if (vjp.needs(1)) {
    vjp.set(1, select(p, g, 0.0));
  }
  if (vjp.needs(2)) {
    vjp.set(2, select(p, g.constant(0.0), g));
  }
  return success();
}

LogicalResult ConvertOp::buildVjp(Vjp &vjp) {
  Type from = getElementTypeOrSelf(getX().getType());
  if (isa<FloatType>(from) && isa<FloatType>(getElementTypeOrSelf(getType()))) {
    vjp.set(0, Expr(vjp.builder, vjp.loc(), vjp.grads[0]).convert(from));
  }
  return success();
}

namespace {
/// sqrt(2/pi) and the cubic coefficient of gelu's tanh form.
constexpr double kGeluScale = 0.7978845608028654;
constexpr double kGeluCubic = 0.044715;
} // namespace

/// tanh(sqrt(2/pi) (x + 0.044715 x^3)).
static Expr geluTanh(Expr x) { return tanh((x + x * x * x * kGeluCubic) * kGeluScale); }

/// (1 + erf(x / sqrt 2)) / 2.
static Expr normalCdf(Expr x) { return (erf(x * (1.0 / std::numbers::sqrt2)) + 1.0) * 0.5; }

SmallVector<Value> GeluOp::decompose(OpBuilder &builder) {
  Expr x(builder, getLoc(), getX());
  if (getApproximation() == GeluApproximation::Erf) {
    return {x * normalCdf(x)};
  }
  return {x * 0.5 * (geluTanh(x) + 1.0)};
}

LogicalResult GeluOp::buildVjp(Vjp &vjp) {
  Expr x(vjp.builder, vjp.loc(), getX()), g = x.with(vjp.grads[0]);
  if (getApproximation() == GeluApproximation::Erf) {
    // d/dx x Phi(x) = Phi(x) + x phi(x), phi(x) = exp(-x^2/2) / sqrt(2 pi).
    Expr density = exp(x * x * -0.5) * (std::numbers::inv_sqrtpi / std::numbers::sqrt2);
    vjp.set(0, g * (normalCdf(x) + x * density));
    return success();
  }
  Expr t = geluTanh(x);
  Expr inner = (1.0 + x * x * (3.0 * kGeluCubic)) * kGeluScale;
  vjp.set(0, g * (0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * inner));
  return success();
}
