//===- Evaluator.cpp - Slow, obviously right evaluation of kernels --------===//
//
// One loop over the iteration space per linalg.generic, one table of scalar
// functions for the bodies.
//
//===----------------------------------------------------------------------===//
#include "Evaluator.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;

namespace dsc::test {

Number roundTo(Type type, Number n) {
  if (auto integer = dyn_cast<IntegerType>(type)) {
    unsigned unused = 64 - integer.getWidth();
    if (integer.getWidth() == 1)
      return {0, n.i & 1};
    return {0, static_cast<int64_t>(static_cast<uint64_t>(n.i) << unused) >> unused};
  }
  auto floating = dyn_cast<FloatType>(type);
  if (!floating || type.isF64())
    return n;
  llvm::APFloat value(n.f);
  bool lossy;
  value.convert(floating.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven, &lossy);
  return {value.convertToDouble(), 0};
}

namespace {

using Arguments = llvm::ArrayRef<Number>;
using Function = Number (*)(Arguments);

Number real(double value) { return {value, 0}; }
Number integer(int64_t value) { return {0, value}; }
uint64_t bits(int64_t value) { return static_cast<uint64_t>(value); }

double maximum(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? NAN : std::fmax(a, b);
}
double minimum(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? NAN : std::fmin(a, b);
}

#define UNARY(name, expression)                                                                    \
  {name, [](Arguments a) {                                                                         \
     double x = a[0].f;                                                                            \
     return real(expression);                                                                      \
   }}
#define BINARY(name, expression)                                                                   \
  {name, [](Arguments a) {                                                                         \
     double x = a[0].f, y = a[1].f;                                                                \
     return real(expression);                                                                      \
   }}
#define INTEGER(name, expression)                                                                  \
  {name, [](Arguments a) {                                                                         \
     int64_t x = a[0].i, y = a[1].i;                                                               \
     return integer(expression);                                                                   \
   }}

const llvm::StringMap<Function> &functions() {
  static const llvm::StringMap<Function> table = {
      BINARY("arith.addf", x + y),
      BINARY("arith.subf", x - y),
      BINARY("arith.mulf", x * y),
      BINARY("arith.divf", x / y),
      BINARY("arith.remf", std::fmod(x, y)),
      BINARY("arith.maximumf", maximum(x, y)),
      BINARY("arith.minimumf", minimum(x, y)),
      BINARY("arith.maxnumf", std::fmax(x, y)),
      BINARY("arith.minnumf", std::fmin(x, y)),
      UNARY("arith.negf", -x),
      UNARY("arith.extf", x),
      UNARY("arith.truncf", x),
      UNARY("math.absf", std::fabs(x)),
      UNARY("math.acos", std::acos(x)),
      UNARY("math.acosh", std::acosh(x)),
      UNARY("math.asin", std::asin(x)),
      UNARY("math.asinh", std::asinh(x)),
      UNARY("math.atan", std::atan(x)),
      BINARY("math.atan2", std::atan2(x, y)),
      UNARY("math.atanh", std::atanh(x)),
      UNARY("math.cbrt", std::cbrt(x)),
      UNARY("math.ceil", std::ceil(x)),
      BINARY("math.copysign", std::copysign(x, y)),
      UNARY("math.cos", std::cos(x)),
      UNARY("math.cosh", std::cosh(x)),
      UNARY("math.erf", std::erf(x)),
      UNARY("math.erfc", std::erfc(x)),
      UNARY("math.exp", std::exp(x)),
      UNARY("math.exp2", std::exp2(x)),
      UNARY("math.expm1", std::expm1(x)),
      UNARY("math.floor", std::floor(x)),
      UNARY("math.log", std::log(x)),
      UNARY("math.log10", std::log10(x)),
      UNARY("math.log1p", std::log1p(x)),
      UNARY("math.log2", std::log2(x)),
      BINARY("math.powf", std::pow(x, y)),
      UNARY("math.round", std::round(x)),
      UNARY("math.roundeven", std::nearbyint(x)),
      UNARY("math.rsqrt", 1 / std::sqrt(x)),
      UNARY("math.sin", std::sin(x)),
      UNARY("math.sinh", std::sinh(x)),
      UNARY("math.sqrt", std::sqrt(x)),
      UNARY("math.tan", std::tan(x)),
      UNARY("math.tanh", std::tanh(x)),
      UNARY("math.trunc", std::trunc(x)),
      INTEGER("arith.addi", static_cast<int64_t>(bits(x) + bits(y))),
      INTEGER("arith.subi", static_cast<int64_t>(bits(x) - bits(y))),
      INTEGER("arith.muli", static_cast<int64_t>(bits(x) * bits(y))),
      INTEGER("arith.divsi", x / y),
      INTEGER("arith.remsi", x % y),
      INTEGER("arith.floordivsi", (x - ((x % y + y) % y)) / y),
      INTEGER("arith.andi", x & y),
      INTEGER("arith.ori", x | y),
      INTEGER("arith.xori", x ^ y),
      INTEGER("arith.maxsi", std::max(x, y)),
      INTEGER("arith.minsi", std::min(x, y)),
      INTEGER("arith.shli", static_cast<int64_t>(bits(x) << y)),
      INTEGER("arith.shrsi", x >> y),
      INTEGER("arith.shrui", static_cast<int64_t>(bits(x) >> y)),
      {"math.fma", [](Arguments a) { return real(a[0].f * a[1].f + a[2].f); }},
      {"math.fpowi", [](Arguments a) { return real(std::pow(a[0].f, a[1].i)); }},
      {"math.ipowi", [](Arguments a) { return integer(std::pow(a[0].i, a[1].i)); }},
      {"arith.select", [](Arguments a) { return a[0].i ? a[1] : a[2]; }},
      {"arith.sitofp", [](Arguments a) { return real(a[0].i); }},
      {"arith.uitofp", [](Arguments a) { return real(bits(a[0].i)); }},
      {"arith.fptosi", [](Arguments a) { return integer(a[0].f); }},
      {"arith.extsi", [](Arguments a) { return integer(a[0].i); }},
      {"arith.trunci", [](Arguments a) { return integer(a[0].i); }},
      {"arith.index_cast", [](Arguments a) { return integer(a[0].i); }},
  };
  return table;
}

bool compareFloats(arith::CmpFPredicate predicate, double x, double y) {
  bool unordered = std::isnan(x) || std::isnan(y);
  switch (predicate) {
  case arith::CmpFPredicate::OEQ:
    return x == y;
  case arith::CmpFPredicate::OGT:
    return x > y;
  case arith::CmpFPredicate::OGE:
    return x >= y;
  case arith::CmpFPredicate::OLT:
    return x < y;
  case arith::CmpFPredicate::OLE:
    return x <= y;
  case arith::CmpFPredicate::UNE:
    return unordered || x != y;
  case arith::CmpFPredicate::UGT:
    return unordered || x > y;
  case arith::CmpFPredicate::ULT:
    return unordered || x < y;
  case arith::CmpFPredicate::UNO:
    return unordered;
  default:
    llvm::report_fatal_error("predicate not known to the evaluator");
  }
}

bool compareIntegers(arith::CmpIPredicate predicate, int64_t x, int64_t y) {
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return x == y;
  case arith::CmpIPredicate::ne:
    return x != y;
  case arith::CmpIPredicate::slt:
    return x < y;
  case arith::CmpIPredicate::sle:
    return x <= y;
  case arith::CmpIPredicate::sgt:
    return x > y;
  case arith::CmpIPredicate::sge:
    return x >= y;
  case arith::CmpIPredicate::ult:
    return bits(x) < bits(y);
  default:
    llvm::report_fatal_error("predicate not known to the evaluator");
  }
}

/// The bits of a sign-extended value read as unsigned.
int64_t unsignedValue(Type type, int64_t value) {
  unsigned unused = 64 - type.getIntOrFloatBitWidth();
  return static_cast<int64_t>(bits(value) << unused >> unused);
}

Number fromAttribute(Attribute attr) {
  if (auto floating = dyn_cast<FloatAttr>(attr))
    return real(floating.getValueAsDouble());
  auto value = cast<IntegerAttr>(attr);
  if (value.getType().isInteger(1))
    return integer(value.getValue().getZExtValue());
  return integer(value.getValue().getSExtValue());
}

int64_t linearize(ArrayRef<int64_t> index, ArrayRef<int64_t> shape) {
  int64_t linear = 0;
  for (auto [i, extent] : llvm::zip_equal(index, shape))
    linear = linear * extent + i;
  return linear;
}

class Evaluator {
public:
  llvm::DenseMap<Value, Tensor> tensors;
  llvm::DenseMap<Value, Number> scalars;

  LogicalResult run(Block &block) {
    for (Operation &op : block.without_terminator())
      if (failed(runOp(op)))
        return failure();
    return success();
  }

private:
  Tensor filled(Type type, Number value) {
    auto tensor = cast<RankedTensorType>(type);
    return {tensor, std::vector<Number>(tensor.getNumElements(), value)};
  }

  LogicalResult runOp(Operation &op) {
    if (auto generic = dyn_cast<linalg::GenericOp>(op))
      return runGeneric(generic);
    if (isa<tensor::EmptyOp>(op)) {
      tensors[op.getResult(0)] = filled(op.getResult(0).getType(), real(NAN));
      return success();
    }
    if (auto fill = dyn_cast<linalg::FillOp>(op)) {
      tensors[op.getResult(0)] = filled(op.getResult(0).getType(), scalars.at(fill.value()));
      return success();
    }
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      auto elements = dyn_cast<DenseElementsAttr>(constant.getValue());
      if (elements) {
        tensors[constant] =
            filled(constant.getType(), fromAttribute(elements.getSplatValue<Attribute>()));
      } else {
        scalars[constant] = fromAttribute(constant.getValue());
      }
      return success();
    }
    return op.emitError("not known to the evaluator");
  }

  LogicalResult runGeneric(linalg::GenericOp op);
  void runWideProduct(arith::MulUIExtendedOp op);
  FailureOr<Number> runScalar(Operation &op, ArrayRef<int64_t> loop);

  Number &element(Tensor &tensor, AffineMap map, ArrayRef<int64_t> loop) {
    SmallVector<int64_t> index = map.compose(loop);
    return tensor.elements.at(linearize(index, tensor.type.getShape()));
  }
};

LogicalResult Evaluator::runGeneric(linalg::GenericOp op) {
  SmallVector<Tensor> operands;
  for (Value operand : op->getOperands())
    operands.push_back(tensors.at(operand));
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  SmallVector<int64_t> loop(extents.size(), 0);
  Block &body = *op.getBody();
  bool done = llvm::is_contained(extents, 0);
  while (!done) {
    for (auto [arg, tensor, map] : llvm::zip_equal(body.getArguments(), operands, maps))
      scalars[arg] = element(tensor, map, loop);
    for (Operation &inner : body.without_terminator()) {
      if (auto wide = dyn_cast<arith::MulUIExtendedOp>(inner)) {
        runWideProduct(wide);
        continue;
      }
      FailureOr<Number> value = runScalar(inner, loop);
      if (failed(value))
        return failure();
      scalars[inner.getResult(0)] = *value;
    }
    for (auto [i, value] : llvm::enumerate(body.getTerminator()->getOperands())) {
      unsigned number = op.getNumDpsInputs() + i;
      element(operands[number], maps[number], loop) = scalars.at(value);
    }
    int64_t d = static_cast<int64_t>(loop.size()) - 1;
    while (d >= 0 && ++loop[d] == extents[d])
      loop[d--] = 0;
    done = d < 0;
  }
  for (auto [i, result] : llvm::enumerate(op->getResults()))
    tensors[result] = operands[op.getNumDpsInputs() + i];
  return success();
}

/// i32 x i32 -> low and high i32, unsigned.
void Evaluator::runWideProduct(arith::MulUIExtendedOp op) {
  uint64_t product = static_cast<uint64_t>(static_cast<uint32_t>(scalars.at(op.getLhs()).i)) *
                     static_cast<uint32_t>(scalars.at(op.getRhs()).i);
  scalars[op.getLow()] = integer(static_cast<int32_t>(product));
  scalars[op.getHigh()] = integer(static_cast<int32_t>(product >> 32));
}

FailureOr<Number> Evaluator::runScalar(Operation &op, ArrayRef<int64_t> loop) {
  Type type = op.getResult(0).getType();
  if (auto index = dyn_cast<linalg::IndexOp>(op))
    return integer(loop[index.getDim()]);
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return fromAttribute(constant.getValue());
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    SmallVector<int64_t> index;
    for (Value i : extract.getIndices())
      index.push_back(scalars.at(i).i);
    Tensor &tensor = tensors.find(extract.getTensor())->second;
    return tensor.elements.at(linearize(index, tensor.type.getShape()));
  }
  SmallVector<Number> operands;
  for (Value operand : op.getOperands())
    operands.push_back(scalars.at(operand));
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op)) {
    Builder b(op.getContext());
    SmallVector<Attribute> index, result;
    for (const Number &operand : operands)
      index.push_back(b.getIndexAttr(operand.i));
    if (failed(apply.getAffineMap().constantFold(index, result)))
      return op.emitError("cannot be evaluated");
    return fromAttribute(result[0]);
  }
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    return integer(compareFloats(compare.getPredicate(), operands[0].f, operands[1].f));
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    return integer(compareIntegers(compare.getPredicate(), operands[0].i, operands[1].i));
  if (auto extend = dyn_cast<arith::ExtUIOp>(op))
    return integer(unsignedValue(extend.getIn().getType(), operands[0].i));
  if (isa<arith::ShRUIOp, arith::UIToFPOp>(op))
    operands[0].i = unsignedValue(op.getOperand(0).getType(), operands[0].i);
  auto it = functions().find(op.getName().getStringRef());
  if (it == functions().end())
    return op.emitError("not known to the evaluator");
  Number value = it->second(operands);
  // Floats stay double, except where the kernel asks for less.
  if (isa<IntegerType>(type) || type.isF16() || type.isBF16())
    return roundTo(type, value);
  return value;
}

} // namespace

FailureOr<std::vector<Tensor>> evaluate(func::FuncOp func, const std::vector<Tensor> &operands) {
  Evaluator evaluator;
  Block &body = func.getBody().front();
  for (auto [arg, operand] : llvm::zip_equal(body.getArguments(), operands))
    evaluator.tensors[arg] = operand;
  if (failed(evaluator.run(body)))
    return failure();
  std::vector<Tensor> results;
  for (Value value : body.getTerminator()->getOperands())
    results.push_back(evaluator.tensors.at(value));
  return results;
}

} // namespace dsc::test
