//===- ConstantEvaluator.cpp - Train ops on known operands ----------------===//
//
// Every op that moves elements is one function: for each result element, the
// operand element it comes from. Every op that computes is a scalar function for
// floats and one for integers. The table at the end lists them all.
//
//===----------------------------------------------------------------------===//

#include "ConstantEvaluator.h"

#include "dialects/Train/TrainDialect.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/StringMap.h"

#include <cmath>
#include <limits>
#include <numeric>

using namespace mlir;

namespace dsc::onnx {

namespace {

using Operands = llvm::ArrayRef<const HostTensor *>;
using Index = llvm::SmallVector<int64_t>;
/// Computes into a zeroed result; false if this case is not covered.
using Evaluate = bool (*)(Operation *op, Operands operands, HostTensor &result);

/// Row-major multi-index of element i.
Index unravel(int64_t i, llvm::ArrayRef<int64_t> shape) {
  Index index(shape.size());
  for (size_t d = shape.size(); d-- > 0;) {
    index[d] = i % shape[d];
    i /= shape[d];
  }
  return index;
}

int64_t ravel(llvm::ArrayRef<int64_t> index, llvm::ArrayRef<int64_t> shape) {
  int64_t i = 0;
  for (size_t d = 0; d < shape.size(); ++d)
    i = i * shape[d] + index[d];
  return i;
}

void copyElement(const HostTensor &from, int64_t i, HostTensor &to, int64_t j) {
  if (to.isFloat())
    to.floats[j] = from.floats[i];
  else
    to.ints[j] = from.ints[i];
}

/// Result element at `index` is the operand's at `source(index)`.
template <typename Source> void move(const HostTensor &from, HostTensor &to, Source source) {
  for (int64_t i = 0, e = to.size(); i < e; ++i)
    copyElement(from, ravel(source(unravel(i, to.shape())), from.shape()), to, i);
}

template <double (*F)(double)> bool unary(Operation *, Operands operands, HostTensor &result) {
  for (int64_t i = 0, e = result.size(); i < e; ++i)
    result.floats[i] = roundTo(result.type.getElementType(), F(operands[0]->floats[i]));
  return true;
}

template <double (*F)(double, double), bool (*I)(int64_t, int64_t, int64_t &)>
bool binary(Operation *, Operands operands, HostTensor &result) {
  Type element = result.type.getElementType();
  for (int64_t i = 0, e = result.size(); i < e; ++i) {
    if (result.isFloat()) {
      result.floats[i] = roundTo(element, F(operands[0]->floats[i], operands[1]->floats[i]));
      continue;
    }
    int64_t value = 0;
    if (!I(operands[0]->ints[i], operands[1]->ints[i], value))
      return false;
    result.ints[i] = wrapTo(element, value);
  }
  return true;
}

// Integer arithmetic wraps; through unsigned, where that is defined.
bool addInts(int64_t a, int64_t b, int64_t &y) {
  y = static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  return true;
}
bool subInts(int64_t a, int64_t b, int64_t &y) {
  y = static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
  return true;
}
bool mulInts(int64_t a, int64_t b, int64_t &y) {
  y = static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  return true;
}
bool divInts(int64_t a, int64_t b, int64_t &y) {
  if (b == 0 || (a == std::numeric_limits<int64_t>::min() && b == -1))
    return false;
  y = a / b;
  return true;
}
bool remInts(int64_t a, int64_t b, int64_t &y) {
  if (b == 0)
    return false;
  y = b == -1 ? 0 : a % b;
  return true;
}
bool maxInts(int64_t a, int64_t b, int64_t &y) {
  y = std::max(a, b);
  return true;
}
bool minInts(int64_t a, int64_t b, int64_t &y) {
  y = std::min(a, b);
  return true;
}
bool powInts(int64_t a, int64_t b, int64_t &y) {
  if (b < 0 || b > 63)
    return false;
  y = 1;
  for (; b > 0; --b)
    mulInts(y, a, y);
  return true;
}

double addFloats(double a, double b) { return a + b; }
double subFloats(double a, double b) { return a - b; }
double mulFloats(double a, double b) { return a * b; }
double divFloats(double a, double b) { return a / b; }
double maxFloats(double a, double b) { return std::isnan(a) || a > b ? a : b; }
double minFloats(double a, double b) { return std::isnan(a) || a < b ? a : b; }
double remFloats(double a, double b) { return std::fmod(a, b); }
double powFloats(double a, double b) { return std::pow(a, b); }

double neg(double x) { return -x; }
double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
double rsqrt(double x) { return 1 / std::sqrt(x); }
double reciprocal(double x) { return 1 / x; }
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double relu(double x) { return x < 0 ? 0 : x; }
double absolute(double x) { return std::fabs(x); }
double squareRoot(double x) { return std::sqrt(x); }
double exponential(double x) { return std::exp(x); }
double logarithm(double x) { return std::log(x); }
double hyperbolicTangent(double x) { return std::tanh(x); }
double sine(double x) { return std::sin(x); }
double cosine(double x) { return std::cos(x); }
double roundDown(double x) { return std::floor(x); }
double roundUp(double x) { return std::ceil(x); }
double roundNearest(double x) { return std::nearbyint(x); }
double errorFunction(double x) { return std::erf(x); }

template <typename T> bool relate(train::Comparison relation, T a, T b) {
  switch (relation) {
  case train::Comparison::EQ:
    return a == b;
  case train::Comparison::NE:
    return a != b;
  case train::Comparison::LT:
    return a < b;
  case train::Comparison::LE:
    return a <= b;
  case train::Comparison::GT:
    return a > b;
  case train::Comparison::GE:
    return a >= b;
  }
  return false;
}

bool compare(Operation *op, Operands operands, HostTensor &result) {
  train::Comparison relation = cast<train::CompareOp>(op).getRelation();
  const HostTensor &a = *operands[0], &b = *operands[1];
  for (int64_t i = 0, e = result.size(); i < e; ++i)
    result.ints[i] = a.isFloat() ? relate(relation, a.floats[i], b.floats[i])
                                 : relate(relation, a.ints[i], b.ints[i]);
  return true;
}

bool logicAnd(Operation *, Operands operands, HostTensor &result) {
  for (int64_t i = 0, e = result.size(); i < e; ++i)
    result.ints[i] = operands[0]->ints[i] & operands[1]->ints[i];
  return true;
}
bool logicOr(Operation *, Operands operands, HostTensor &result) {
  for (int64_t i = 0, e = result.size(); i < e; ++i)
    result.ints[i] = operands[0]->ints[i] | operands[1]->ints[i];
  return true;
}
bool logicXor(Operation *, Operands operands, HostTensor &result) {
  for (int64_t i = 0, e = result.size(); i < e; ++i)
    result.ints[i] = operands[0]->ints[i] ^ operands[1]->ints[i];
  return true;
}
bool logicNot(Operation *, Operands operands, HostTensor &result) {
  Type element = result.type.getElementType();
  bool isLogical = element.isInteger(1);
  for (int64_t i = 0, e = result.size(); i < e; ++i)
    result.ints[i] = isLogical ? !operands[0]->ints[i] : wrapTo(element, ~operands[0]->ints[i]);
  return true;
}

/// Counts below 0 or beyond the width leave 0.
bool shiftLeft(Operation *, Operands operands, HostTensor &result) {
  Type element = result.type.getElementType();
  int64_t width = element.getIntOrFloatBitWidth();
  for (int64_t i = 0, e = result.size(); i < e; ++i) {
    int64_t count = operands[1]->ints[i];
    auto bits = static_cast<uint64_t>(operands[0]->ints[i]);
    bool isBeyond = count < 0 || count >= width;
    result.ints[i] = isBeyond ? 0 : wrapTo(element, static_cast<int64_t>(bits << count));
  }
  return true;
}
/// Such counts leave the sign.
bool shiftRight(Operation *, Operands operands, HostTensor &result) {
  Type element = result.type.getElementType();
  int64_t width = element.getIntOrFloatBitWidth();
  for (int64_t i = 0, e = result.size(); i < e; ++i) {
    int64_t x = operands[0]->ints[i], count = operands[1]->ints[i];
    bool isBeyond = count < 0 || count >= width;
    if (element.isUnsignedInteger())
      result.ints[i] = isBeyond ? 0 : static_cast<int64_t>(static_cast<uint64_t>(x) >> count);
    else
      result.ints[i] = x >> (isBeyond ? 63 : count);
  }
  return true;
}

bool select(Operation *, Operands operands, HostTensor &result) {
  for (int64_t i = 0, e = result.size(); i < e; ++i)
    copyElement(*operands[operands[0]->ints[i] ? 1 : 2], i, result, i);
  return true;
}

bool toInteger(double x, Type type, int64_t &y) {
  if (type.isInteger(1)) {
    y = x != 0;
    return true;
  }
  if (!(std::fabs(x) < 0x1p63))
    return false;
  y = wrapTo(type, static_cast<int64_t>(x));
  return true;
}

bool convert(Operation *, Operands operands, HostTensor &result) {
  Type element = result.type.getElementType();
  for (int64_t i = 0, e = result.size(); i < e; ++i) {
    if (result.isFloat())
      result.floats[i] = roundTo(element, operands[0]->number(i));
    else if (!operands[0]->isFloat())
      result.ints[i] = wrapTo(element, operands[0]->ints[i]);
    else if (!toInteger(operands[0]->floats[i], element, result.ints[i]))
      return false;
  }
  return true;
}

/// The same rank and element type, all sizes 1.
RankedTensorType unitType(RankedTensorType type) { return type.clone(Index(type.getRank(), 1)); }

bool constant(Operation *op, Operands, HostTensor &result) {
  auto dense = dyn_cast<DenseElementsAttr>(cast<train::ConstantOp>(op).getValue());
  if (dense && dense.isSplat() && result.size() != 0)
    dense = dense.resizeSplat(unitType(result.type));
  std::optional<HostTensor> value = dense ? decode(dense) : std::nullopt;
  if (!value)
    return false;
  result = std::move(*value);
  return true;
}

bool iota(Operation *op, Operands, HostTensor &result) {
  int64_t dim = cast<train::IotaOp>(op).getDim();
  for (int64_t i = 0, e = result.size(); i < e; ++i) {
    int64_t value = unravel(i, result.shape())[dim];
    if (result.isFloat())
      result.floats[i] = static_cast<double>(value);
    else
      result.ints[i] = value;
  }
  return true;
}

bool reshape(Operation *, Operands operands, HostTensor &result) {
  result.floats = operands[0]->floats;
  result.ints = operands[0]->ints;
  return true;
}

bool transpose(Operation *op, Operands operands, HostTensor &result) {
  llvm::ArrayRef<int64_t> permutation = cast<train::TransposeOp>(op).getPermutation();
  move(*operands[0], result, [&](Index to) {
    Index from(to.size());
    for (size_t d = 0; d < to.size(); ++d)
      from[permutation[d]] = to[d];
    return from;
  });
  return true;
}

/// A core repeats without being copied: only its dimensions are renumbered.
bool broadcast(Operation *op, Operands operands, HostTensor &result) {
  Index shape(result.type.getRank(), 1);
  for (auto [dim, size] : llvm::zip(cast<train::BroadcastOp>(op).getDims(), operands[0]->shape()))
    shape[dim] = size;
  result = *operands[0];
  result.type = result.type.clone(shape);
  return true;
}

bool slice(Operation *op, Operands operands, HostTensor &result) {
  auto slice = cast<train::SliceOp>(op);
  move(*operands[0], result, [&](Index index) {
    for (size_t d = 0; d < index.size(); ++d)
      index[d] = slice.getStarts()[d] + index[d] * slice.getStrides()[d];
    return index;
  });
  return true;
}

bool concat(Operation *op, Operands operands, HostTensor &result) {
  int64_t dim = cast<train::ConcatOp>(op).getDim(), offset = 0;
  for (const HostTensor *part : operands) {
    for (int64_t i = 0, e = part->size(); i < e; ++i) {
      Index index = unravel(i, part->shape());
      index[dim] += offset;
      copyElement(*part, i, result, ravel(index, result.shape()));
    }
    offset += part->shape()[dim];
  }
  return true;
}

bool take(Operation *op, Operands operands, HostTensor &result) {
  int64_t axis = cast<train::TakeOp>(op).getAxis();
  const HostTensor &x = *operands[0], &indices = *operands[1];
  if (llvm::any_of(indices.ints, [&](int64_t i) { return i < 0 || i >= x.shape()[axis]; }))
    return false;
  int64_t rank = indices.type.getRank();
  move(x, result, [&](Index to) {
    Index from(to.begin(), to.begin() + axis);
    llvm::ArrayRef<int64_t> inner = llvm::ArrayRef(to).slice(axis, rank);
    from.push_back(indices.ints[ravel(inner, indices.shape())]);
    from.append(to.begin() + axis + rank, to.end());
    return from;
  });
  return true;
}

/// Folds the elements along `dims` into the result's, which start at a neutral one.
template <typename Dims, typename FloatFold, typename IntFold>
void fold(const HostTensor &x, Dims dims, HostTensor &result, FloatFold foldFloats,
          IntFold foldInts) {
  for (int64_t i = 0, e = x.size(); i < e; ++i) {
    Index index = unravel(i, x.shape()), kept;
    for (size_t d = 0; d < index.size(); ++d)
      if (!llvm::is_contained(dims, static_cast<int64_t>(d)))
        kept.push_back(index[d]);
    int64_t j = ravel(kept, result.shape());
    if (result.isFloat())
      result.floats[j] = foldFloats(result.floats[j], x.floats[i]);
    else
      result.ints[j] = foldInts(result.ints[j], x.ints[i]);
  }
}

bool reduceSum(Operation *op, Operands operands, HostTensor &result) {
  Type element = result.type.getElementType();
  fold(
      *operands[0], cast<train::ReduceSumOp>(op).getDims(), result,
      [](double a, double b) { return a + b; },
      [&](int64_t a, int64_t b) {
        addInts(a, b, a);
        return wrapTo(element, a);
      });
  for (double &value : result.floats)
    value = roundTo(element, value);
  return true;
}

bool reduceMax(Operation *op, Operands operands, HostTensor &result) {
  if (operands[0]->size() == 0)
    return false;
  llvm::fill(result.floats, -std::numeric_limits<double>::infinity());
  llvm::fill(result.ints, std::numeric_limits<int64_t>::min());
  fold(*operands[0], cast<train::ReduceMaxOp>(op).getDims(), result, maxFloats,
       [](int64_t a, int64_t b) { return std::max(a, b); });
  return true;
}

bool reduceMin(Operation *op, Operands operands, HostTensor &result) {
  if (operands[0]->size() == 0)
    return false;
  llvm::fill(result.floats, std::numeric_limits<double>::infinity());
  llvm::fill(result.ints, std::numeric_limits<int64_t>::max());
  fold(*operands[0], cast<train::ReduceMinOp>(op).getDims(), result, minFloats,
       [](int64_t a, int64_t b) { return std::min(a, b); });
  return true;
}

/// What an evaluator takes and gives.
enum class On {
  Whole, // all elements of operands, all of the result
  Cores  // elementwise: cores of equal shape, the core of the result
};

struct Evaluator {
  Evaluate evaluate;
  On on;
};

const llvm::StringMap<Evaluator> &table() {
  static const llvm::StringMap<Evaluator> evaluators = {
      {train::ConstantOp::getOperationName(), {constant, On::Whole}},
      {train::IotaOp::getOperationName(), {iota, On::Whole}},
      {train::ReshapeOp::getOperationName(), {reshape, On::Whole}},
      {train::TransposeOp::getOperationName(), {transpose, On::Whole}},
      {train::BroadcastOp::getOperationName(), {broadcast, On::Cores}},
      {train::SliceOp::getOperationName(), {slice, On::Whole}},
      {train::ConcatOp::getOperationName(), {concat, On::Whole}},
      {train::TakeOp::getOperationName(), {take, On::Whole}},
      {train::ReduceSumOp::getOperationName(), {reduceSum, On::Whole}},
      {train::ReduceMaxOp::getOperationName(), {reduceMax, On::Whole}},
      {train::ReduceMinOp::getOperationName(), {reduceMin, On::Whole}},
      {train::ConvertOp::getOperationName(), {convert, On::Cores}},
      {train::SelectOp::getOperationName(), {select, On::Cores}},
      {train::CompareOp::getOperationName(), {compare, On::Cores}},
      {train::AndOp::getOperationName(), {logicAnd, On::Cores}},
      {train::OrOp::getOperationName(), {logicOr, On::Cores}},
      {train::XorOp::getOperationName(), {logicXor, On::Cores}},
      {train::NotOp::getOperationName(), {logicNot, On::Cores}},
      {train::ShiftLeftOp::getOperationName(), {shiftLeft, On::Cores}},
      {train::ShiftRightOp::getOperationName(), {shiftRight, On::Cores}},
      {train::AddOp::getOperationName(), {binary<addFloats, addInts>, On::Cores}},
      {train::SubOp::getOperationName(), {binary<subFloats, subInts>, On::Cores}},
      {train::MulOp::getOperationName(), {binary<mulFloats, mulInts>, On::Cores}},
      {train::DivOp::getOperationName(), {binary<divFloats, divInts>, On::Cores}},
      {train::MaxOp::getOperationName(), {binary<maxFloats, maxInts>, On::Cores}},
      {train::MinOp::getOperationName(), {binary<minFloats, minInts>, On::Cores}},
      {train::RemOp::getOperationName(), {binary<remFloats, remInts>, On::Cores}},
      {train::PowOp::getOperationName(), {binary<powFloats, powInts>, On::Cores}},
      {train::NegOp::getOperationName(), {unary<neg>, On::Cores}},
      {train::AbsOp::getOperationName(), {unary<absolute>, On::Cores}},
      {train::SignOp::getOperationName(), {unary<sign>, On::Cores}},
      {train::FloorOp::getOperationName(), {unary<roundDown>, On::Cores}},
      {train::CeilOp::getOperationName(), {unary<roundUp>, On::Cores}},
      {train::RoundOp::getOperationName(), {unary<roundNearest>, On::Cores}},
      {train::RoundThroughOp::getOperationName(), {unary<roundNearest>, On::Cores}},
      {train::ExpOp::getOperationName(), {unary<exponential>, On::Cores}},
      {train::LogOp::getOperationName(), {unary<logarithm>, On::Cores}},
      {train::SqrtOp::getOperationName(), {unary<squareRoot>, On::Cores}},
      {train::RsqrtOp::getOperationName(), {unary<rsqrt>, On::Cores}},
      {train::ReciprocalOp::getOperationName(), {unary<reciprocal>, On::Cores}},
      {train::TanhOp::getOperationName(), {unary<hyperbolicTangent>, On::Cores}},
      {train::SigmoidOp::getOperationName(), {unary<sigmoid>, On::Cores}},
      {train::ErfOp::getOperationName(), {unary<errorFunction>, On::Cores}},
      {train::SinOp::getOperationName(), {unary<sine>, On::Cores}},
      {train::CosOp::getOperationName(), {unary<cosine>, On::Cores}},
      {train::ReluOp::getOperationName(), {unary<relu>, On::Cores}},
  };
  return evaluators;
}

/// The shape that holds all the cores.
Index commonShape(Operands cores, int64_t rank) {
  Index shape(rank, 1);
  for (const HostTensor *core : cores)
    for (auto [size, one] : llvm::zip(shape, core->shape()))
      size = one == 1 ? size : one;
  return shape;
}

/// The core with its repeated dimensions written out to `shape`.
HostTensor expand(const HostTensor &core, llvm::ArrayRef<int64_t> shape) {
  if (core.shape() == shape)
    return core;
  HostTensor whole = HostTensor::zeros(core.type.clone(shape));
  move(core, whole, [&](Index index) {
    for (size_t d = 0; d < index.size(); ++d)
      index[d] = core.shape()[d] == 1 ? 0 : index[d];
    return index;
  });
  return whole;
}

bool isComputable(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && isa<FloatType, IntegerType>(tensor.getElementType());
}

int64_t countElements(llvm::ArrayRef<int64_t> shape) { return ShapedType::getNumElements(shape); }

} // namespace

std::optional<HostTensor> ConstantEvaluator::evaluate(Operation *op) {
  auto entry = table().find(op->getName().getStringRef());
  if (entry == table().end() || !isComputable(op->getResult(0).getType()) ||
      llvm::any_of(op->getOperands(), [&](Value operand) { return !knows(operand); }))
    return std::nullopt;
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  bool onCores = entry->second.on == On::Cores;
  llvm::SmallVector<const HostTensor *> operands;
  for (Value operand : op->getOperands())
    operands.push_back(onCores ? &known[operand].core : lookup(operand));
  if (llvm::is_contained(operands, nullptr))
    return std::nullopt;
  llvm::SmallVector<HostTensor> expanded;
  bool aligned = onCores && operands.size() > 1;
  if (onCores && !isa<train::BroadcastOp>(op))
    type = type.clone(commonShape(operands, type.getRank()));
  if (!isa<train::BroadcastOp, train::ConstantOp>(op) &&
      countElements(type.getShape()) > maxHostElements)
    return std::nullopt;
  if (aligned) {
    expanded.reserve(operands.size());
    for (const HostTensor *&operand : operands)
      operand = &expanded.emplace_back(expand(*operand, type.getShape()));
  }
  HostTensor result{type, {}, {}};
  if (!isa<train::BroadcastOp, train::ConstantOp>(op))
    result = HostTensor::zeros(type);
  if (!entry->second.evaluate(op, operands, result))
    return std::nullopt;
  return result;
}

void ConstantEvaluator::visit(Operation *op) {
  if (std::optional<HostTensor> core = evaluate(op))
    known[op->getResult(0)] = Known{std::move(*core), nullptr};
}

const HostTensor *ConstantEvaluator::lookup(Value value) {
  auto found = known.find(value);
  if (found == known.end())
    return nullptr;
  Known &entry = found->second;
  llvm::ArrayRef<int64_t> shape = cast<RankedTensorType>(value.getType()).getShape();
  if (entry.core.shape() == shape)
    return &entry.core;
  if (!entry.whole && countElements(shape) <= maxHostElements)
    entry.whole = std::make_unique<HostTensor>(expand(entry.core, shape));
  return entry.whole.get();
}

/// A constant of the core; splats say their own size, others are broadcast.
Value ConstantEvaluator::build(OpBuilder &builder, Value value) {
  const HostTensor &core = known.find(value)->second.core;
  auto type = cast<RankedTensorType>(value.getType());
  DenseElementsAttr attribute = encode(core);
  if (attribute.isSplat() && type.getNumElements() != 0)
    return train::ConstantOp::create(builder, value.getLoc(), attribute.resizeSplat(type));
  Value constant = train::ConstantOp::create(builder, value.getLoc(), attribute);
  if (constant.getType() == type)
    return constant;
  Index dims(type.getRank());
  std::iota(dims.begin(), dims.end(), 0);
  return train::BroadcastOp::create(builder, value.getLoc(), type, constant, dims);
}

void ConstantEvaluator::materialize(Block &block) {
  auto isNeeded = [&](Operation *user) {
    return user->getNumResults() == 0 || !knows(user->getResult(0));
  };
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (op.getNumResults() == 0 || !knows(op.getResult(0)) || isa<train::ConstantOp>(op) ||
        llvm::none_of(op.getUsers(), isNeeded))
      continue;
    OpBuilder builder(&op);
    Value constant = build(builder, op.getResult(0));
    op.getResult(0).replaceUsesWithIf(constant,
                                      [&](OpOperand &use) { return isNeeded(use.getOwner()); });
  }
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op) && !isa<train::ReadOp>(op)) // Reads belong to Variables.
      op.erase();
}

} // namespace dsc::onnx
