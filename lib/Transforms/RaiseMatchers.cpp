//===- RaiseMatchers.cpp - Seeing through how exporters write things ------===//

#include "RaiseMatchers.h"

#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;
using namespace dsc;

std::optional<double> dsc::splatOf(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (isa<train::BroadcastOp, train::ReshapeOp, train::TransposeOp, train::ConvertOp>(op))
      value = op->getOperand(0);
    else
      break;
  }
  DenseElementsAttr attribute;
  if (!matchPattern(value, m_Constant(&attribute)) || !attribute.isSplat())
    return std::nullopt;
  if (isa<FloatType>(attribute.getElementType()))
    return attribute.getSplatValue<APFloat>().convertToDouble();
  return static_cast<double>(attribute.getSplatValue<APInt>().getSExtValue());
}

bool dsc::isNear(double a, double b) {
  return std::fabs(a - b) <= 1e-6 * std::max(std::fabs(a), std::fabs(b));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

static void collectFactors(Value value, Product &product, unsigned depth) {
  constexpr unsigned deepest = 8;
  Operation *op = value.getDefiningOp();
  if (std::optional<double> number = splatOf(value)) {
    product.scale *= *number;
    return;
  }
  if (depth < deepest && isa_and_nonnull<train::MulOp>(op)) {
    collectFactors(op->getOperand(0), product, depth + 1);
    return collectFactors(op->getOperand(1), product, depth + 1);
  }
  if (depth < deepest && isa_and_nonnull<train::NegOp>(op)) {
    product.scale = -product.scale;
    return collectFactors(op->getOperand(0), product, depth + 1);
  }
  if (depth < deepest && isa_and_nonnull<train::DivOp>(op)) {
    if (std::optional<double> number = splatOf(op->getOperand(1)); number && *number != 0) {
      product.scale /= *number;
      return collectFactors(op->getOperand(0), product, depth + 1);
    }
  }
  product.factors.push_back(value);
}

Product dsc::productOf(Value value) {
  Product product;
  if (isa<FloatType>(tensorOf(value).getElementType()))
    collectFactors(value, product, 0);
  else
    product.factors.push_back(value);
  return product;
}

Scaled dsc::scaledOf(Value value) {
  Product product = productOf(value);
  if (product.factors.size() == 1)
    return {product.scale, product.factors.front()};
  return {1, value};
}

Value dsc::matchAddNumber(Value value, double number) {
  auto add = value.getDefiningOp<train::AddOp>();
  if (!add)
    return {};
  auto isNumber = [&](Value operand) {
    std::optional<double> splat = splatOf(operand);
    return splat && isNear(*splat, number);
  };
  if (isNumber(add.getB()))
    return add.getA();
  return isNumber(add.getA()) ? add.getB() : Value();
}

//===----------------------------------------------------------------------===//
// Polynomials
//===----------------------------------------------------------------------===//

using Coefficients = std::array<double, 4>;

static std::optional<Coefficients> multiply(const Coefficients &a, const Coefficients &b) {
  Coefficients result{};
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = 0; j < b.size(); ++j) {
      if (a[i] * b[j] == 0)
        continue;
      if (i + j >= result.size())
        return std::nullopt;
      result[i + j] += a[i] * b[j];
    }
  return result;
}

static std::optional<Coefficients> polynomial(Value value, Value x, unsigned depth) {
  constexpr unsigned deepest = 8;
  if (value == x)
    return Coefficients{0, 1, 0, 0};
  if (std::optional<double> number = splatOf(value))
    return Coefficients{*number, 0, 0, 0};
  Operation *op = value.getDefiningOp();
  if (!op || depth > deepest || !isa<train::AddOp, train::SubOp, train::MulOp, train::DivOp>(op))
    return std::nullopt;
  auto a = polynomial(op->getOperand(0), x, depth + 1);
  auto b = a ? polynomial(op->getOperand(1), x, depth + 1) : std::nullopt;
  if (!b)
    return std::nullopt;
  if (isa<train::MulOp>(op))
    return multiply(*a, *b);
  if (isa<train::DivOp>(op)) {
    bool isNumber = (*b)[1] == 0 && (*b)[2] == 0 && (*b)[3] == 0 && (*b)[0] != 0;
    return isNumber ? multiply(*a, {1 / (*b)[0], 0, 0, 0}) : std::nullopt;
  }
  for (size_t i = 0; i < a->size(); ++i)
    (*a)[i] += isa<train::AddOp>(op) ? (*b)[i] : -(*b)[i];
  return a;
}

std::optional<Coefficients> dsc::polynomialOf(Value value, Value x) {
  return polynomial(value, x, 0);
}

//===----------------------------------------------------------------------===//
// Broadcast values
//===----------------------------------------------------------------------===//

/// The map behind a reshape that only adds and drops dimensions of size 1; nothing
/// for other reshapes.
static std::optional<DimMap> throughReshape(const DimMap &map, ArrayRef<int64_t> outer,
                                            ArrayRef<int64_t> inner) {
  DimMap result;
  size_t next = 0;
  auto skipOnes = [&] {
    while (next < outer.size() && outer[next] == 1)
      ++next;
  };
  for (int64_t size : inner) {
    if (size == 1) {
      result.push_back(-1);
      continue;
    }
    skipOnes();
    if (next == outer.size() || outer[next] != size)
      return std::nullopt;
    result.push_back(map[next++]);
  }
  skipOnes();
  return next == outer.size() ? std::optional(result) : std::nullopt;
}

/// One step inward; false if there is none.
static bool step(Spread &spread) {
  Operation *op = spread.core.getDefiningOp();
  if (!op)
    return false;
  if (auto broadcast = dyn_cast<train::BroadcastOp>(op)) {
    DimMap map;
    for (auto [i, dim] : llvm::enumerate(broadcast.getDims()))
      map.push_back(tensorOf(broadcast.getX()).getDimSize(i) == 1 ? -1 : spread.map[dim]);
    spread.map = map;
    spread.core = broadcast.getX();
    return true;
  }
  if (auto reshape = dyn_cast<train::ReshapeOp>(op)) {
    auto map = throughReshape(spread.map, tensorOf(reshape.getY()).getShape(),
                              tensorOf(reshape.getX()).getShape());
    if (!map)
      return false;
    spread.map = *map;
    spread.core = reshape.getX();
    return true;
  }
  Scaled scaled = scaledOf(spread.core);
  if (scaled.core == spread.core)
    return false;
  spread.scale *= scaled.scale;
  spread.core = scaled.core;
  return true;
}

Spread dsc::spreadOf(Value value) {
  Spread spread;
  spread.core = value;
  for (int64_t d = 0; d < tensorOf(value).getRank(); ++d)
    spread.map.push_back(tensorOf(value).getDimSize(d) == 1 ? -1 : d);
  while (step(spread))
    ;
  return spread;
}

std::optional<Mean> dsc::matchTrailingMean(const Spread &spread, ArrayRef<int64_t> shape) {
  auto sum = spread.core.getDefiningOp<train::ReduceSumOp>();
  if (!sum || tensorOf(sum.getX()).getShape() != shape)
    return std::nullopt;
  auto rank = static_cast<int64_t>(shape.size());
  auto axis = rank - static_cast<int64_t>(sum.getDims().size());
  double count = 1;
  for (auto [i, dim] : llvm::enumerate(sum.getDims())) {
    if (dim != axis + static_cast<int64_t>(i))
      return std::nullopt;
    count *= static_cast<double>(shape[dim]);
  }
  // What is left of x must stand where it was.
  for (auto [i, place] : llvm::enumerate(spread.map))
    if (place != -1 && place != static_cast<int64_t>(i))
      return std::nullopt;
  if (!isNear(spread.scale * count, 1))
    return std::nullopt;
  return Mean{sum.getX(), axis};
}

std::optional<Mean> dsc::matchTrailingMean(Value value) {
  return matchTrailingMean(spreadOf(value), tensorOf(value).getShape());
}
