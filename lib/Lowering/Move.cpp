//===- Move.cpp - Dense copies, padding, concatenation --------------------===//

#include "dialects/Train/Interfaces.h"
#include "lib/Lowering/ArenaPacking.h"
#include "lib/Lowering/ExecLowering.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc;

bool dsc::isMove(Operation *op) {
  auto call = dyn_cast<exec::CallOp>(op);
  return call && (call.getRoutine() == "Copy" || call.getRoutine() == "Fill");
}

std::optional<int64_t> dsc::filledWith(Value value) {
  auto constant = value.getDefiningOp<exec::ConstantOp>();
  auto splat = dyn_cast_or_null<SplatElementsAttr>(constant ? constant.getValue() : nullptr);
  if (!splat || splat.getNumElements() == 0) {
    return std::nullopt;
  }
  bool isFloat = isa<FloatType>(splat.getElementType());
  APInt bits =
      isFloat ? splat.getSplatValue<APFloat>().bitcastToAPInt() : splat.getSplatValue<APInt>();
  return static_cast<int64_t>(bits.getZExtValue());
}

bool dsc::isFilled(exec::ConstantOp constant) {
  return filledWith(constant) && train::getTensorBytes(constant.getType()) > kArenaAlignment;
}

static Value buildMove(OpBuilder &builder, Location loc, StringRef routine, RankedTensorType type,
                       SmallVector<Value> operands, ArrayRef<int64_t> ints, Value into) {
  if (into) {
    operands.push_back(into);
  }
  SmallVector<int64_t> shifts(operands.size(), 0);
  exec::CallOp call = createCall(builder, loc, routine, type, operands, ints, {}, shifts, 0);
  if (into) {
    call->setAttr(kInPlaceAttr, builder.getI64IntegerAttr(call->getNumOperands() - 1));
  }
  return call->getResult(0);
}

Value dsc::buildFill(OpBuilder &builder, Location loc, RankedTensorType type, int64_t pattern,
                     Value into) {
  int64_t bytes = elementBytes(type.getElementType());
  return buildMove(builder, loc, "Fill", type, {}, {bytes, 1, type.getNumElements(), 1, 0, pattern},
                   into);
}

ValueRange dsc::buildFills(OpBuilder &builder, Location loc, TypeRange types, int64_t elementBytes,
                           int64_t pattern) {
  SmallVector<int64_t> ints = {elementBytes, pattern, static_cast<int64_t>(types.size())};
  for (Type type : types) {
    ints.push_back(train::getTensorBytes(type) / elementBytes);
  }
  return createCall(builder, loc, "FillAll", types, {}, ints, {}, {}, 0).getResults();
}

Value dsc::buildDenseCopy(OpBuilder &builder, Location loc, Value value, Value into) {
  RankedTensorType type = tensorType(value);
  int64_t bytes = elementBytes(type.getElementType());
  return buildMove(builder, loc, "Copy", type, {value},
                   {bytes, 1, type.getNumElements(), 1, 1, 0, 0}, into);
}

//===----------------------------------------------------------------------===//
// Deferred ops, when a user needs a dense tensor after all
//===----------------------------------------------------------------------===//

Value ExecLowering::copy(Value value) {
  Strided x = strided(value);
  RankedTensorType type = tensorType(value);
  SmallVector<int64_t> ints = {elementBytes(type.getElementType()), type.getRank()};
  llvm::append_range(ints, type.getShape());
  llvm::append_range(ints, x.strides);
  llvm::append_range(ints, denseStrides(type.getShape()));
  ints.append({0, 0});
  return buildCall(value.getLoc(), "Copy", type, x.source, ints, {}, {x.offset},
                   Cost::ofMoving(type))[0];
}

Value ExecLowering::materializeDeferred(Value value) {
  Location loc = value.getLoc();
  RankedTensorType type = tensorType(value);
  if (transposed.contains(value)) {
    return copy(value);
  }
  Operation *op = value.getDefiningOp();
  if (!op || !isDeferred(op)) {
    llvm::report_fatal_error("a value is used before it is lowered");
  }
  if (auto read = dyn_cast<train::ReadOp>(op)) {
    return exec::ReadOp::create(builder, loc, type, read.getVariableAttr());
  }
  if (auto scalar = dyn_cast<train::ScalarOp>(op)) {
    return exec::ScalarOp::create(builder, loc, type, scalar.getNameAttr(),
                                  scalar.getParameterAttr(), nullptr);
  }
  if (auto constant = dyn_cast<train::ConstantOp>(op)) {
    return exec::ConstantOp::create(builder, loc, type, constant.getValue());
  }
  if (auto reshape = dyn_cast<train::ReshapeOp>(op)) {
    return exec::ViewOp::create(builder, loc, type, materialize(reshape.getX()));
  }
  if (isa<train::IotaOp, train::BroadcastOp>(op)) {
    return buildElementwise(
        loc, type, value, [](OpBuilder &, Location, ValueRange x) { return x[0]; }, 0);
  }
  return copy(value);
}

Value ExecLowering::materialize(Value value) {
  if (Value known = lowered.lookup(value)) {
    return known;
  }
  Value result = materializeDeferred(value);
  lowered[value] = result;
  return result;
}

//===----------------------------------------------------------------------===//
// Pad and concat: parts written into one buffer
//===----------------------------------------------------------------------===//

/// The bits of a number as an element of `type`.
static int64_t bitPattern(Type type, double value) {
  if (auto floatType = dyn_cast<FloatType>(type)) {
    APFloat bits(value);
    bool losesInfo = false;
    bits.convert(floatType.getFloatSemantics(), APFloat::rmNearestTiesToEven, &losesInfo);
    return static_cast<int64_t>(bits.bitcastToAPInt().getZExtValue());
  }
  return static_cast<int64_t>(value);
}

/// Writes `part` into a region of `whole` (null: of a new buffer of `type`).
static Value copyInto(ExecLowering &lowering, Location loc, Value part, Value whole,
                      RankedTensorType type, ArrayRef<int64_t> outStrides, int64_t outOffset) {
  Strided x = lowering.strided(part);
  SmallVector<int64_t> ints = {elementBytes(type.getElementType()), type.getRank()};
  llvm::append_range(ints, x.shape);
  llvm::append_range(ints, x.strides);
  llvm::append_range(ints, outStrides);
  ints.append({0, outOffset});
  SmallVector<Value> operands = {x.source};
  SmallVector<int64_t> shifts = {x.offset};
  if (whole) {
    operands.push_back(whole);
    shifts.push_back(0);
  }
  Value result = lowering.buildCall(loc, "Copy", type, operands, ints, {}, shifts,
                                    Cost::ofMoving(part.getType()))[0];
  if (whole) {
    result.getDefiningOp()->setAttr(kInPlaceAttr, lowering.builder.getI64IntegerAttr(1));
  }
  return result;
}

static LogicalResult lowerPad(train::PadOp op, ExecLowering &lowering) {
  RankedTensorType type = op.getType();
  SmallVector<int64_t> dense = denseStrides(type.getShape());
  SmallVector<int64_t> ints = {elementBytes(type.getElementType()), type.getRank()};
  llvm::append_range(ints, type.getShape());
  llvm::append_range(ints, dense);
  ints.append({0, bitPattern(type.getElementType(), op.getValue().convertToDouble())});
  Value filled = lowering.buildCall(op.getLoc(), "Fill", type, {}, ints, {}, {}, Cost())[0];
  int64_t offset = 0;
  SmallVector<int64_t> strides;
  for (auto [stride, low, interior] : llvm::zip_equal(dense, op.getLow(), op.getInterior())) {
    offset += stride * low;
    strides.push_back(stride * (interior + 1));
  }
  lowering.set(op.getY(),
               copyInto(lowering, op.getLoc(), op.getX(), filled, type, strides, offset));
  return success();
}

static LogicalResult lowerConcat(train::ConcatOp op, ExecLowering &lowering) {
  RankedTensorType type = op.getType();
  SmallVector<int64_t> strides = denseStrides(type.getShape());
  unsigned dim = static_cast<unsigned>(op.getDim());
  int64_t offset = 0;
  Value whole;
  for (Value part : op.getInputs()) {
    if (tensorType(part).getNumElements() == 0) {
      continue;
    }
    whole = copyInto(lowering, op.getLoc(), part, whole, type, strides, offset);
    offset += strides[dim] * tensorType(part).getDimSize(dim);
  }
  lowering.set(op.getY(), whole ? whole : lowering.materialize(op.getInputs().front()));
  return success();
}

void dsc::registerMoveLowerings(LoweringRegistry &registry) {
  registry.add<train::PadOp>(lowerPad);
  registry.add<train::ConcatOp>(lowerConcat);
}
