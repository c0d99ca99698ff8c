//===- ProgramBuilder.cpp - Random programs with their results ------------===//

#include "ProgramBuilder.h"

#include "ShapeDraws.h"
#include "mlir/IR/Verifier.h"
#include "test/gradcheck/Inputs.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace dsc;
using namespace dsc::cpucheck;

/// The seed of argument `index`'s values, as in gradcheck and --file.
static uint64_t seedOfArgument(unsigned index) { return 100 + index; }

//===----------------------------------------------------------------------===//
// Draw
//===----------------------------------------------------------------------===//

int64_t cpucheck::countOf(ArrayRef<int64_t> shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

Shape Draw::permutation(int64_t rank) {
  Shape dims(static_cast<size_t>(rank));
  std::iota(dims.begin(), dims.end(), 0);
  shuffle(dims);
  return dims;
}

int64_t Draw::size() {
  if (chance(8)) {
    return pick<int64_t>({64, 65, 96, 127, 200});
  }
  return pick<int64_t>({1, 2, 3, 3, 4, 5, 7, 8, 16, 17, 33});
}

Shape Draw::shape(int64_t lowestRank, int64_t highestRank, int64_t mostElements) {
  Shape shape;
  int64_t rank = between(lowestRank, highestRank);
  for (int64_t i = 0; i < rank; ++i) {
    int64_t most = std::max<int64_t>(1, mostElements / countOf(shape));
    shape.push_back(std::min(size(), most));
  }
  return shape;
}

Shape Draw::subset(int64_t rank, bool mayBeEmpty) {
  Shape dims;
  for (int64_t i = 0; i < rank; ++i) {
    if (chance(50)) {
      dims.push_back(i);
    }
  }
  if (dims.empty() && !mayBeEmpty) {
    dims.push_back(below(rank));
  }
  return dims;
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

static func::FuncOp createFunction(ModuleOp module, StringRef name) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto function =
      func::FuncOp::create(builder, builder.getUnknownLoc(), name, builder.getFunctionType({}, {}));
  function.addEntryBlock();
  return function;
}

ProgramBuilder::ProgramBuilder(ModuleOp module, StringRef name, uint64_t seed, bool derives)
    : builder(module.getContext()), loc(builder.getUnknownLoc()), draw(seed),
      floatType(builder.getF32Type()), function(createFunction(module, name)), derives(derives),
      exact(module, {true}), rounding(module, {false}) {
  builder.setInsertionPointToEnd(&function.getBody().front());
}

Value ProgramBuilder::argument(RankedTensorType type, const Want &want) {
  unsigned index = function.getNumArguments();
  bool isFloat = isa<FloatType>(type.getElementType());
  SmallVector<NamedAttribute> attrs = {
      builder.getNamedAttr(train::kNameAttr, builder.getStringAttr("a" + Twine(index)))};
  if (isFloat) {
    double low = std::max(want.low, -4.0), high = std::min(want.high, 4.0);
    attrs.push_back(builder.getNamedAttr("check.low", builder.getF64FloatAttr(low)));
    attrs.push_back(builder.getNamedAttr("check.high", builder.getF64FloatAttr(high)));
  } else if (!type.getElementType().isInteger(1)) {
    attrs.push_back(builder.getNamedAttr("check.bound", builder.getI64IntegerAttr(want.bound)));
  }
  (void)function.insertArgument(index, type, builder.getDictionaryAttr(attrs), loc);
  Value value = function.getArgument(index);
  Tensor tensor = gradcheck::makeInput(function, index, seedOfArgument(index));
  tensor.roundToType();
  arguments.push_back(tensor);
  known[value] = {tensor, tensor, true};
  values.push_back(value);
  return value;
}

Value ProgramBuilder::constant(RankedTensorType type, const Want &want) {
  double value = want.low + (want.high - want.low) * static_cast<double>(draw.between(1, 7)) / 8;
  if (!isa<FloatType>(type.getElementType())) {
    value = type.getElementType().isInteger(1) ? 1 : static_cast<double>(draw.below(want.bound));
  }
  return make<train::ConstantOp>(type, value);
}

bool ProgramBuilder::satisfies(Value value, const Want &want) {
  const Expected &expected = known.find(value)->second;
  if (want.exact && !expected.isExact) {
    return false;
  }
  for (size_t i = 0; i < expected.f64.size(); ++i) {
    double number = expected.f64.number(i);
    bool fits = expected.f64.isFloat() ? number >= want.low && number <= want.high
                                       : number >= 0 && number < static_cast<double>(want.bound);
    if (!fits && !expected.f64.type.getElementType().isInteger(1)) {
      return false;
    }
  }
  return true;
}

Value ProgramBuilder::operand(RankedTensorType type, const Want &want) {
  SmallVector<Value> candidates;
  for (Value value : values) {
    if (value.getType() == type && satisfies(value, want)) {
      candidates.push_back(value);
    }
  }
  if (!candidates.empty() && draw.chance(75)) {
    return draw.pickFrom(candidates);
  }
  if (derives && draw.chance(60)) {
    Value value = adaptEarlier(type, want);
    if (value && satisfies(value, want)) {
      return value;
    }
  }
  if (derives && depth < 3 && draw.chance(60)) {
    ++depth;
    Value value = deriveByShapeOp(*this, type, want);
    --depth;
    if (value && satisfies(value, want)) {
      return value;
    }
  }
  if (draw.chance(4)) {
    if (Value value = constant(type, want)) {
      return value;
    }
  }
  return argument(type, want);
}

/// An earlier value of another shape, made to fit.
Value ProgramBuilder::adaptEarlier(RankedTensorType type, const Want &want) {
  SmallVector<Value> candidates;
  for (Value value : values) {
    if (value.getType() != type && canAdapt(value, type) && satisfies(value, want)) {
      candidates.push_back(value);
    }
  }
  return candidates.empty() ? Value() : adapt(*this, draw.pickFrom(candidates), type);
}

Shape ProgramBuilder::shape(int64_t lowestRank, int64_t highestRank, int64_t mostElements) {
  if (derives && !values.empty() && draw.chance(70)) {
    auto type = cast<RankedTensorType>(draw.pickFrom(values).getType());
    if (type.getRank() >= lowestRank && type.getRank() <= highestRank &&
        type.getNumElements() <= mostElements) {
      return Shape(type.getShape());
    }
  }
  return draw.shape(lowestRank, highestRank, mostElements);
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

/// Rounded twice.
static bool isDoubleToBF16(Operation *op) {
  return getElementTypeOrSelf(op->getOperand(0)).isF64() &&
         getElementTypeOrSelf(op->getResult(0)).isBF16();
}

/// Ops whose results are known to the last bit when their operands are.
static bool keepsExactness(Operation *op) {
  if (!llvm::any_of(op->getResultTypes(),
                    [](Type type) { return isa<FloatType>(getElementTypeOrSelf(type)); })) {
    return true;
  }
  return isa<train::ConstantOp, train::IotaOp, train::ReshapeOp, train::TransposeOp,
             train::BroadcastOp, train::SliceOp, train::PadOp, train::ConcatOp, train::SelectOp,
             train::TakeOp, train::TakeAlongOp, train::NegOp, train::AbsOp, train::SignOp,
             train::FloorOp, train::CeilOp, train::RoundOp, train::ReluOp, train::MaxOp,
             train::MinOp, train::ReduceMaxOp, train::ReduceMinOp, train::MaxPoolOp,
             train::UniformOp>(op) ||
         (isa<train::ConvertOp>(op) && !isDoubleToBF16(op));
}

/// Whether small errors of the operands stay small in the result. What is small
/// beside the operands is left of a cancellation.
bool ProgramBuilder::isWellBehaved(const Expected &expected, double operands) {
  if (!expected.f64.isFloat() || expected.isExact) {
    return magnitudeOf(expected.f64) < 1e6;
  }
  double tolerance = toleranceOf(expected.f64.type.getElementType());
  return magnitudeOf(expected.f64) < 1e3 && magnitudeOf(expected.f64) > 1e-4 * operands &&
         errorOf(expected.rounded, expected.f64) < 0.1 * tolerance;
}

bool ProgramBuilder::keep(Operation *op) {
  SmallVector<Tensor> f64, rounded;
  bool isExact = keepsExactness(op);
  double operands = 0;
  for (Value operand : op->getOperands()) {
    const Expected &expected = known.find(operand)->second;
    f64.push_back(expected.f64);
    rounded.push_back(expected.rounded);
    isExact &= expected.isExact;
    double magnitude = expected.f64.isFloat() ? magnitudeOf(expected.f64) : 0.0;
    operands = std::max({operands, magnitude, expected.scale});
  }
  auto ofF64 = exact.evaluate(op, f64), ofRounded = rounding.evaluate(op, rounded);
  if (failed(verify(op)) || failed(ofF64) || failed(ofRounded)) {
    llvm::report_fatal_error("a drawn op is not valid");
  }
  SmallVector<Expected> expected;
  for (auto [value, a, b] : llvm::zip_equal(op->getResults(), *ofF64, *ofRounded)) {
    // Sums lose what is small beside their terms.
    expected.push_back({a, b, isExact, 0.2 * operands});
    if (!isWellBehaved(expected.back(), operands)) {
      op->erase();
      return false;
    }
  }
  ++numOps;
  for (auto [value, entry] : llvm::zip_equal(op->getResults(), expected)) {
    known[value] = std::move(entry);
    values.push_back(value);
  }
  return true;
}

void ProgramBuilder::finish() {
  SmallVector<Attribute> names;
  for (Value value : values) {
    bool isSink = value.use_empty() && value.getDefiningOp();
    if (isSink || draw.chance(8)) {
      results.push_back(value);
      auto name = builder.getNamedAttr(train::kNameAttr,
                                       builder.getStringAttr("r" + Twine(results.size() - 1)));
      names.push_back(builder.getDictionaryAttr(name));
    }
  }
  func::ReturnOp::create(builder, loc, results);
  function.setFunctionType(
      builder.getFunctionType(function.getArgumentTypes(), ValueRange(results).getTypes()));
  function.setResAttrsAttr(builder.getArrayAttr(names));
}
