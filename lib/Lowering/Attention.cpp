//===- Attention.cpp - Attention as library calls -------------------------===//

#include "lib/Lowering/ExecLowering.h"

#include "abi/CpuRoutines.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc;

/// The routine wants stride 1 along the head's width: else a dense copy.
static Strided headOperand(ExecLowering &lowering, Value value) {
  Strided x = lowering.strided(value);
  if (x.strides.back() == 1 || x.shape.back() == 1) {
    return x;
  }
  ArrayRef<int64_t> shape = tensorType(value).getShape();
  return {lowering.materialize(value), 0, SmallVector<int64_t>(shape), denseStrides(shape)};
}

static ArrayRef<int64_t> outerStrides(const Strided &x) {
  return ArrayRef<int64_t>(x.strides).take_front(3);
}

/// B, H, Hkv, T, S, D, Dv.
static SmallVector<int64_t> attentionSizes(const Strided &q, const Strided &k, const Strided &v) {
  return {q.shape[0], q.shape[1], k.shape[1], q.shape[2], k.shape[2], q.shape[3], v.shape[3]};
}

/// Where to write a result [B, H, T, D]: through a following transpose if it
/// keeps the width innermost.
static ExecLowering::Output headOutput(ExecLowering &lowering, Value result) {
  auto output = lowering.planOutput(result, /*sharing=*/true);
  if (output.strides.back() == 1) {
    return output;
  }
  return {result, tensorType(result), denseStrides(tensorType(result).getShape())};
}

static void appendOutput(SmallVectorImpl<int64_t> &ints, const ExecLowering::Output &output) {
  llvm::append_range(ints, ArrayRef<int64_t>(output.strides).take_front(3));
}

/// The mask's strides, buffer and flag, if there is a mask.
static int64_t appendMask(ExecLowering &lowering, Value value, SmallVectorImpl<int64_t> &ints,
                          SmallVectorImpl<Value> &operands, SmallVectorImpl<int64_t> &shifts) {
  if (!value) {
    return 0;
  }
  Strided mask = lowering.strided(value);
  for (size_t dim = 0; dim < 3; ++dim) {
    ints.push_back(mask.shape[dim] == 1 ? 0 : mask.strides[dim]);
  }
  ints.push_back(mask.strides[3]);
  operands.push_back(mask.source);
  shifts.push_back(mask.offset);
  return DSC_ATTENTION_MASK;
}

static LogicalResult lowerAttention(train::AttentionOp op, ExecLowering &lowering) {
  Strided q = headOperand(lowering, op.getQ()), k = headOperand(lowering, op.getK()),
          v = headOperand(lowering, op.getV());
  auto output = headOutput(lowering, op.getY());
  SmallVector<int64_t> ints = attentionSizes(q, k, v);
  for (const Strided *x : {&q, &k, &v}) {
    llvm::append_range(ints, outerStrides(*x));
  }
  appendOutput(ints, output);
  SmallVector<Value> operands = {q.source, k.source, v.source};
  SmallVector<int64_t> shifts = {q.offset, k.offset, v.offset};
  int64_t flags = (op.getCausal() ? DSC_ATTENTION_CAUSAL : 0) |
                  appendMask(lowering, op.getMask(), ints, operands, shifts);
  ints.push_back(flags);
  ResultRange call =
      lowering.buildCall(op.getLoc(), "Attention", {output.type, op.getLse().getType()}, operands,
                         ints, {op.getScale().convertToDouble()}, shifts, Cost::of(op));
  lowering.setOutput(op.getY(), output, call[0]);
  lowering.set(op.getLse(), call[1]);
  return success();
}

/// The three gradients as parts of one concatenation that consists of them (of
/// a projection to queries, keys and values at once), or nothing.
static SmallVector<ExecLowering::Part> planJoined(train::AttentionGradOp op,
                                                  ExecLowering &lowering) {
  SmallVector<ExecLowering::Part> parts;
  for (Value result : op->getResults()) {
    auto part = lowering.planPart(result);
    if (!part || part->strides.back() != 1 || part->whole.getInputs().size() != 3 ||
        (!parts.empty() && parts.front().whole != part->whole)) {
      return {};
    }
    parts.push_back(*part);
  }
  return parts;
}

/// Gradients in buffers of their own: appends their strides.
static SmallVector<ExecLowering::Output>
planSeparate(train::AttentionGradOp op, ExecLowering &lowering, SmallVectorImpl<int64_t> &ints) {
  SmallVector<ExecLowering::Output> outputs;
  for (Value result : op->getResults()) {
    outputs.push_back(headOutput(lowering, result));
    appendOutput(ints, outputs.back());
  }
  return outputs;
}

static void appendParts(ArrayRef<ExecLowering::Part> parts, SmallVectorImpl<int64_t> &ints) {
  for (const auto &part : parts) {
    llvm::append_range(ints, ArrayRef<int64_t>(part.strides).take_front(3));
  }
  for (const auto &part : parts) {
    ints.push_back(part.offset);
  }
}

static LogicalResult lowerAttentionGrad(train::AttentionGradOp op, ExecLowering &lowering) {
  Strided q = headOperand(lowering, op.getQ()), k = headOperand(lowering, op.getK()),
          v = headOperand(lowering, op.getV()), y = headOperand(lowering, op.getY()),
          dy = headOperand(lowering, op.getDy());
  SmallVector<int64_t> ints = attentionSizes(q, k, v);
  for (const Strided *x : {&q, &k, &v, &y}) {
    llvm::append_range(ints, outerStrides(*x));
  }
  SmallVector<Value> operands = {q.source, k.source, v.source};
  SmallVector<int64_t> shifts = {q.offset, k.offset, v.offset};
  int64_t flags = (op.getCausal() ? DSC_ATTENTION_CAUSAL : 0) |
                  appendMask(lowering, op.getMask(), ints, operands, shifts);
  operands.append({y.source, lowering.materialize(op.getLse()), dy.source});
  shifts.append({y.offset, 0, dy.offset});
  llvm::append_range(ints, outerStrides(dy));
  auto parts = planJoined(op, lowering);
  SmallVector<ExecLowering::Output> outputs;
  SmallVector<Type> types;
  if (parts.empty()) {
    outputs = planSeparate(op, lowering, ints);
    llvm::append_range(types, llvm::map_range(outputs, [](auto &output) { return output.type; }));
  } else {
    appendParts(parts, ints);
    types.push_back(parts.front().whole.getType());
    flags |= DSC_ATTENTION_JOINED;
  }
  ints.push_back(flags);
  ResultRange call = lowering.buildCall(op.getLoc(), "AttentionGrad", types, operands, ints,
                                        {op.getScale().convertToDouble()}, shifts, Cost::of(op));
  if (!parts.empty()) {
    lowering.set(parts.front().whole.getY(), call[0]);
    lowering.numJoined += 3;
    return success();
  }
  for (auto [result, output, value] : llvm::zip_equal(op->getResults(), outputs, call)) {
    lowering.setOutput(result, output, value);
  }
  return success();
}

void dsc::registerAttentionLowerings(LoweringRegistry &registry) {
  registry.add<train::AttentionOp>(lowerAttention);
  registry.add<train::AttentionGradOp>(lowerAttentionGrad);
  registry.addF32Only<train::AttentionOp>();
  registry.addF32Only<train::AttentionGradOp>();
}
