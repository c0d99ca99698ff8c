//===- Nest.cpp - Building loop nests and calls ---------------------------===//

#include "lib/Lowering/ExecLowering.h"
#include "lib/Lowering/Signless.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace dsc;

/// An index expression (sums and products with constants) as an index value.
static Value buildIndex(OpBuilder &b, Location loc, AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    return arith::ConstantIndexOp::create(b, loc, constant.getValue());
  }
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    return linalg::IndexOp::create(b, loc, dim.getPosition());
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Value lhs = buildIndex(b, loc, binary.getLHS()), rhs = buildIndex(b, loc, binary.getRHS());
  if (expr.getKind() == AffineExprKind::Add) {
    return arith::AddIOp::create(b, loc, lhs, rhs);
  }
  assert(expr.getKind() == AffineExprKind::Mul && "index expressions are linear");
  return arith::MulIOp::create(b, loc, lhs, rhs);
}

/// The scalar of an operand that is not a tensor.
static Value buildScalar(OpBuilder &b, Location loc, const NestOperand &operand) {
  if (operand.kind == NestOperand::Kind::Constant) {
    return arith::ConstantOp::create(b, loc, operand.constant);
  }
  Value index = buildIndex(b, loc, operand.index);
  if (isa<FloatType>(operand.elementType)) {
    Value wide = arith::IndexCastOp::create(b, loc, b.getI64Type(), index);
    return arith::SIToFPOp::create(b, loc, operand.elementType, wide);
  }
  return arith::IndexCastOp::create(b, loc, signless(operand.elementType), index);
}

/// Scalars for the operands, given the block arguments of those that are tensors.
static SmallVector<Value> buildScalars(OpBuilder &b, Location loc, ArrayRef<NestOperand> operands,
                                       ValueRange arguments) {
  SmallVector<Value> scalars;
  size_t next = 0;
  for (const NestOperand &operand : operands) {
    bool isTensor = operand.kind == NestOperand::Kind::Tensor;
    Value scalar = isTensor ? arguments[next++] : buildScalar(b, loc, operand);
    scalars.push_back(castSign(b, loc, scalar, signless(scalar.getType())));
  }
  return scalars;
}

static void splitTensors(ArrayRef<NestOperand> operands, SmallVectorImpl<Value> &inputs,
                         SmallVectorImpl<AffineMap> &maps) {
  for (const NestOperand &operand : operands) {
    if (operand.kind == NestOperand::Kind::Tensor) {
      inputs.push_back(operand.source);
      maps.push_back(operand.map);
    }
  }
}

/// Whether linalg can tell every loop's size from the operands' maps, and gets
/// `sizes`: a slice from the first element on looks like its whole tensor, and a
/// loop that stands in sums only has no size.
static bool mapsGiveSizes(ArrayRef<NestOperand> operands, ArrayRef<int64_t> sizes,
                          unsigned numKnown) {
  llvm::SmallBitVector known(static_cast<unsigned>(sizes.size()));
  known.set(0, numKnown);
  for (const NestOperand &operand : operands) {
    if (operand.kind != NestOperand::Kind::Tensor) {
      continue;
    }
    for (auto [expr, size] :
         llvm::zip_equal(operand.map.getResults(), tensorType(operand.source).getShape())) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (dim && size != sizes[dim.getPosition()]) {
        return false;
      }
      if (dim) {
        known.set(dim.getPosition());
      }
    }
  }
  return known.all();
}

/// The operand as a row of elements: an index that is a sum says nothing about sizes.
static std::optional<NestOperand> flatten(OpBuilder &builder, NestOperand operand) {
  RankedTensorType type = tensorType(operand.source);
  AffineExpr index = builder.getAffineConstantExpr(0);
  for (auto [expr, stride] :
       llvm::zip_equal(operand.map.getResults(), denseStrides(type.getShape()))) {
    index = index + expr * stride;
  }
  if (isa<AffineDimExpr>(index)) {
    return std::nullopt;
  }
  operand.source = exec::ViewOp::create(
      builder, operand.source.getLoc(),
      RankedTensorType::get(type.getNumElements(), type.getElementType()), operand.source);
  operand.map = AffineMap::get(operand.map.getNumDims(), 0, index);
  return operand;
}

/// An operand of a nest over `sizes`, of which the result shows the first `numKnown`.
NestOperand ExecLowering::resolveIn(Value value, AffineMap map, ArrayRef<int64_t> sizes,
                                    unsigned numKnown) {
  NestOperand operand = resolve(value, map);
  if (mapsGiveSizes(operand, sizes, numKnown)) {
    return operand;
  }
  if (numKnown == sizes.size()) {
    if (auto row = flatten(builder, operand)) {
      return *row;
    }
  }
  // What is repeated need not be copied as often as it is repeated.
  if (auto broadcast = value.getDefiningOp<train::BroadcastOp>()) {
    materialize(broadcast.getX());
    operand = resolve(value, map);
    if (mapsGiveSizes(operand, sizes, numKnown)) {
      return operand;
    }
  }
  return {NestOperand::Kind::Tensor, materialize(value), map, {}, {}, operand.elementType};
}

Value ExecLowering::buildElementwise(Location loc, RankedTensorType type, ValueRange values,
                                     Body body, int64_t flops) {
  AffineMap identity = AffineMap::getMultiDimIdentityMap(static_cast<unsigned>(type.getRank()),
                                                         builder.getContext());
  SmallVector<NestOperand> operands;
  for (Value value : values) {
    operands.push_back(resolveIn(value, identity, type.getShape(), identity.getNumDims()));
  }
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  splitTensors(operands, inputs, maps);
  maps.push_back(identity);
  Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType());
  SmallVector<utils::IteratorType> iterators(static_cast<size_t>(type.getRank()),
                                             utils::IteratorType::parallel);
  auto nest = linalg::GenericOp::create(
      builder, loc, type, inputs, empty, maps, iterators,
      [&](OpBuilder &b, Location l, ValueRange arguments) {
        Value result = body(b, l, buildScalars(b, l, operands, arguments.drop_back()));
        linalg::YieldOp::create(b, l, castSign(b, l, result, type.getElementType()));
      });
  nest->setAttr("exec.flops", builder.getI64IntegerAttr(flops));
  ++numGenerics;
  return nest.getResult(0);
}

Value ExecLowering::buildReduction(Location loc, Value x, ArrayRef<int64_t> dims, TypedAttr neutral,
                                   Body body) {
  RankedTensorType from = tensorType(x);
  unsigned rank = static_cast<unsigned>(from.getRank());
  MLIRContext *context = builder.getContext();
  // Iteration dimensions: kept, then reduced.
  SmallVector<AffineExpr> indices(rank);
  SmallVector<int64_t> kept;
  unsigned next = 0;
  for (unsigned dim = 0; dim < rank; ++dim) {
    if (!llvm::is_contained(dims, dim)) {
      indices[dim] = getAffineDimExpr(next++, context);
      kept.push_back(from.getDimSize(dim));
    }
  }
  unsigned parallel = next;
  for (int64_t dim : dims) {
    indices[static_cast<size_t>(dim)] = getAffineDimExpr(next++, context);
  }
  SmallVector<int64_t> sizes = kept;
  for (int64_t dim : dims) {
    sizes.push_back(from.getDimSize(static_cast<unsigned>(dim)));
  }
  NestOperand operand = resolveIn(x, AffineMap::get(rank, 0, indices, context), sizes, parallel);
  SmallVector<AffineExpr> keptDims;
  for (unsigned dim = 0; dim < parallel; ++dim) {
    keptDims.push_back(getAffineDimExpr(dim, context));
  }
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  splitTensors(operand, inputs, maps);
  maps.push_back(AffineMap::get(rank, 0, keptDims, context));
  Value empty = tensor::EmptyOp::create(builder, loc, kept, from.getElementType());
  Value zero = arith::ConstantOp::create(builder, loc, neutral);
  Value init = linalg::FillOp::create(builder, loc, zero, empty).getResult(0);
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::reduction);
  std::fill_n(iterators.begin(), parallel, utils::IteratorType::parallel);
  auto nest = linalg::GenericOp::create(
      builder, loc, init.getType(), inputs, init, maps, iterators,
      [&](OpBuilder &b, Location l, ValueRange arguments) {
        SmallVector<Value> scalars = buildScalars(b, l, operand, arguments.drop_back());
        Type own = arguments.back().getType();
        scalars.push_back(castSign(b, l, arguments.back(), signless(own)));
        linalg::YieldOp::create(b, l, castSign(b, l, body(b, l, scalars), own));
      });
  nest->setAttr("exec.flops", builder.getI64IntegerAttr(from.getNumElements()));
  ++numGenerics;
  return nest.getResult(0);
}

Cost Cost::of(train::CostOpInterface op, Value also) {
  return {op.getFlops(), op.getBytes() + (also ? train::getTensorBytes(also.getType()) : 0)};
}

exec::CallOp dsc::createCall(OpBuilder &builder, Location loc, StringRef routine, TypeRange results,
                             ValueRange operands, ArrayRef<int64_t> ints, ArrayRef<double> floats,
                             ArrayRef<int64_t> shifts, int64_t flops) {
  return exec::CallOp::create(builder, loc, results, builder.getStringAttr(routine), operands,
                              builder.getDenseI64ArrayAttr(ints),
                              builder.getDenseF64ArrayAttr(floats),
                              builder.getDenseI64ArrayAttr(shifts), nullptr,
                              builder.getI64IntegerAttr(flops), nullptr, nullptr);
}

ResultRange ExecLowering::buildCall(Location loc, StringRef routine, TypeRange results,
                                    ValueRange operands, ArrayRef<int64_t> ints,
                                    ArrayRef<double> floats, ArrayRef<int64_t> shifts, Cost cost) {
  exec::CallOp call =
      createCall(builder, loc, routine, results, operands, ints, floats, shifts, cost.flops);
  if (cost.bytes < train::countOperandAndResultBytes(call)) {
    call.setBytes(cost.bytes);
  }
  ++numCalls;
  return call->getResults();
}
