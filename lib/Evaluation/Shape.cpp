//===- Shape.cpp - Evaluation of ops that move elements -------------------===//
//
// All of them say for each result element which operand element it is.
//
//===----------------------------------------------------------------------===//

#include "dialects/Train/TrainDialect.h"
#include "dsc/Evaluation/Registry.h"

using namespace mlir;
using namespace dsc;

static LogicalResult evalConstant(train::ConstantOp op, Evaluation &e) {
  FailureOr<Tensor> value = Tensor::fromAttribute(op.getValue());
  if (failed(value)) {
    return op.emitError("the interpreter cannot read this constant's attribute");
  }
  e.result(0) = std::move(*value);
  return success();
}

static LogicalResult evalIota(train::IotaOp op, Evaluation &e) {
  Tensor &y = e.result(0);
  size_t next = 0, dim = op.getDim();
  forEachIndex(y.shape(), [&](ArrayRef<int64_t> index) {
    y.setNumber(next++, static_cast<double>(index[dim]));
  });
  return success();
}

static LogicalResult evalReshape(train::ReshapeOp, Evaluation &e) {
  e.result(0).floats = e.operand(0).floats;
  e.result(0).ints = e.operand(0).ints;
  return success();
}

static LogicalResult evalTranspose(train::TransposeOp op, Evaluation &e) {
  const Tensor &x = e.operand(0);
  SmallVector<int64_t> strides = stridesOf(x.shape()), permuted;
  for (int64_t dim : op.getPermutation()) {
    permuted.push_back(strides[static_cast<size_t>(dim)]);
  }
  e.result(0).copyStrided(x, 0, permuted);
  return success();
}

static LogicalResult evalBroadcast(train::BroadcastOp op, Evaluation &e) {
  const Tensor &x = e.operand(0);
  SmallVector<int64_t> xStrides = stridesOf(x.shape());
  SmallVector<int64_t> strides(e.result(0).shape().size(), 0); // 0: repeated
  for (auto [i, dim] : llvm::enumerate(op.getDims())) {
    bool repeats = x.shape()[i] == 1;
    strides[static_cast<size_t>(dim)] = repeats ? 0 : xStrides[i];
  }
  e.result(0).copyStrided(x, 0, strides);
  return success();
}

static LogicalResult evalSlice(train::SliceOp op, Evaluation &e) {
  SmallVector<int64_t> strides = stridesOf(e.operand(0).shape());
  size_t start = positionOf(op.getStarts(), strides);
  for (auto [stride, step] : llvm::zip_equal(strides, op.getStrides())) {
    stride *= step;
  }
  e.result(0).copyStrided(e.operand(0), start, strides);
  return success();
}

static LogicalResult evalPad(train::PadOp op, Evaluation &e) {
  Tensor &y = e.result(0);
  for (size_t i = 0; i < y.size(); ++i) {
    y.setNumber(i, op.getValue().convertToDouble());
  }
  SmallVector<int64_t> strides = stridesOf(y.shape());
  size_t start = positionOf(op.getLow(), strides), next = 0;
  for (auto [stride, interior] : llvm::zip_equal(strides, op.getInterior())) {
    stride *= interior + 1;
  }
  forEachIndex(e.operand(0).shape(), [&](ArrayRef<int64_t> index) {
    y.copyElement(start + positionOf(index, strides), e.operand(0), next++);
  });
  return success();
}

static LogicalResult evalConcat(train::ConcatOp op, Evaluation &e) {
  SmallVector<int64_t> strides = stridesOf(e.result(0).shape());
  int64_t offset = 0;
  for (size_t i = 0; i < e.numOperands(); ++i) {
    const Tensor &part = e.operand(i);
    size_t start = static_cast<size_t>(offset * strides[op.getDim()]), next = 0;
    forEachIndex(part.shape(), [&](ArrayRef<int64_t> index) {
      e.result(0).copyElement(start + positionOf(index, strides), part, next++);
    });
    offset += part.dim(static_cast<int64_t>(op.getDim()));
  }
  return success();
}

void dsc::registerShape(Registry &registry) {
  registry.add<train::ConstantOp>(evalConstant);
  registry.add<train::IotaOp>(evalIota);
  registry.add<train::ReshapeOp>(evalReshape);
  registry.add<train::TransposeOp>(evalTranspose);
  registry.add<train::BroadcastOp>(evalBroadcast);
  registry.add<train::SliceOp>(evalSlice);
  registry.add<train::PadOp>(evalPad);
  registry.add<train::ConcatOp>(evalConcat);
}
