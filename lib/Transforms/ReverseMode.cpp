//===- ReverseMode.cpp - Gradients of a scalar inside one block -----------===//

#include "ReverseMode.h"

#include "Program.h"
#include "dsc/Analysis/Origins.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc;

static bool isFloat(Value value) { return isa<FloatType>(getElementTypeOrSelf(value.getType())); }

static Value splat(OpBuilder &builder, Location loc, Value like, double value) {
  return train::ConstantOp::create(builder, loc, cast<RankedTensorType>(like.getType()), value);
}

DenseSet<Value> dsc::findInfluences(Block &block, Value loss) {
  DenseSet<Value> influences = {loss};
  for (Operation &op : llvm::reverse(block.without_terminator())) {
    if (!isa<train::StopGradientOp>(op) &&
        llvm::any_of(op.getResults(), [&](Value v) { return influences.contains(v); })) {
      influences.insert_range(llvm::make_filter_range(op.getOperands(), isFloat));
    }
  }
  return influences;
}

//===----------------------------------------------------------------------===//
// Locations
//===----------------------------------------------------------------------===//

/// Marks what a rule has built, so that readers of generated code see a gradient.
static void markGradients(Operation *first, Operation *end) {
  for (Operation *op = first; op != end; op = op->getNextNode()) {
    op->walk([](Operation *inner) { inner->setLoc(gradientLoc(inner->getLoc())); });
  }
}

/// What is only seen in another shape by the value.
static Value lookThroughShapes(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<train::ReshapeOp, train::TransposeOp, train::BroadcastOp>(op)) {
      break;
    }
    value = op->getOperand(0);
  }
  return value;
}

/// Says whose gradient a value is: that of the first one it arrives at.
static void nameGradient(Value gradient, Value value) {
  if (auto result = dyn_cast<OpResult>(gradient)) {
    setGradientOf(result, lookThroughShapes(value).getLoc());
  }
}

FailureOr<SmallVector<Value>> ReverseMode::differentiate(Value loss, ValueRange wrt) {
  return differentiate(loss, splat(builder, loss.getLoc(), loss, 1.0), wrt);
}

FailureOr<SmallVector<Value>> ReverseMode::differentiate(ValueRange outputs, ArrayRef<Value> grads,
                                                         ValueRange wrt) {
  Block &block = *builder.getInsertionBlock();
  Operation *next = builder.getInsertionPoint() == block.begin()
                        ? nullptr
                        : &*std::prev(builder.getInsertionPoint());
  dependent.insert(wrt.begin(), wrt.end());
  for (Operation &op : llvm::make_range(block.begin(), builder.getInsertionPoint())) {
    markDependent(op);
  }
  for (auto [output, grad] : llvm::zip_equal(outputs, grads)) {
    if (grad) {
      accumulate(output, grad);
    }
  }
  while (next) {
    FailureOr<Operation *> previous = visit(next);
    if (failed(previous)) {
      return failure();
    }
    next = *previous;
  }
  return llvm::map_to_vector(wrt, [&](Value value) {
    Value gradient = gradients.lookup(value);
    return gradient ? gradient : splat(builder, value.getLoc(), value, 0.0);
  });
}

void ReverseMode::markDependent(Operation &op) {
  if (llvm::any_of(op.getOperands(), [&](Value v) { return dependent.contains(v); })) {
    dependent.insert_range(llvm::make_filter_range(op.getResults(), isFloat));
  }
}

void ReverseMode::accumulate(Value value, Value gradient) {
  if (!dependent.contains(value)) {
    return;
  }
  nameGradient(gradient, value);
  Value &sum = gradients[value];
  sum = sum ? builder.createOrFold<train::AddOp>(gradient.getLoc(), sum.getType(), sum, gradient)
            : gradient;
}

FailureOr<Operation *> ReverseMode::visit(Operation *op) {
  bool influences = llvm::any_of(op->getResults(), [&](Value v) { return gradients.contains(v); });
  if (!influences || succeeded(applyRule(op))) {
    return op->getPrevNode();
  }
  if (auto whole = dyn_cast<train::DecomposableOpInterface>(op)) {
    return decompose(whole);
  }
  return op->emitError() << "no derivative rule for " << describeOp(op)
                         << ", which stands between a parameter and the loss; freeze the "
                            "parameters before it, or choose another output for the loss";
}

/// Fails where the op has no rule or its rule does not cover the case. What a
/// declining rule has built is dead and goes with the other dead code.
LogicalResult ReverseMode::applyRule(Operation *op) {
  auto rule = dyn_cast<train::DifferentiableOpInterface>(op);
  if (!rule) {
    return failure();
  }
  auto resultGradients =
      llvm::map_to_vector(op->getResults(), [&](Value result) { return gradients.lookup(result); });
  auto needed = llvm::map_to_vector(op->getOperands(),
                                    [&](Value operand) { return dependent.contains(operand); });
  train::Vjp vjp(builder, op, resultGradients, needed);
  vjp.differentiateBlock = [&](OpBuilder &atEnd, ValueRange outputs, ArrayRef<Value> grads,
                               ValueRange wrt) {
    return ReverseMode(atEnd, run).differentiate(outputs, grads, wrt);
  };
  vjp.loops = run.loops;
  Block::iterator point = builder.getInsertionPoint();
  Operation *before = point == builder.getBlock()->begin() ? nullptr : &*std::prev(point);
  if (failed(rule.buildVjp(vjp))) {
    return failure();
  }
  markGradients(before ? before->getNextNode() : &builder.getBlock()->front(),
                point == builder.getBlock()->end() ? nullptr : &*point);
  ++run.differentiated;
  for (auto [index, value] : llvm::enumerate(vjp.replacements)) {
    replace(op->getResult(static_cast<unsigned>(index)), value);
  }
  for (auto [operand, gradient] : llvm::zip_equal(op->getOperands(), vjp.operandGrads)) {
    if (gradient) {
      assert(gradient.getType() == operand.getType() && "a gradient has its value's type");
      accumulate(operand, gradient);
    }
  }
  return success();
}

/// A gradient may be a forward value itself (that of a product with a constant
/// 1), so replacing a value covers the gradients.
void ReverseMode::replace(Value before, Value after) {
  before.replaceAllUsesWith(after);
  for (auto &[value, gradient] : gradients) {
    if (gradient == before) {
      gradient = after;
    }
  }
}

/// Puts the parts in the op's place; gradients that have arrived at its results
/// move on to the values that replace them.
Operation *ReverseMode::decompose(train::DecomposableOpInterface op) {
  Operation *before = op->getPrevNode();
  OpBuilder inPlace(op);
  SmallVector<Value> parts = op.decompose(inPlace);
  for (Operation *part = before ? before->getNextNode() : &op->getBlock()->front();
       part != op.getOperation(); part = part->getNextNode()) {
    markDependent(*part);
  }
  for (auto [result, part] : llvm::zip_equal(op->getResults(), parts)) {
    if (Value gradient = gradients.lookup(result)) {
      gradients.erase(result);
      accumulate(part, gradient);
    }
    dependent.erase(result);
    replace(result, part);
  }
  Operation *last = op->getPrevNode();
  op->erase();
  ++run.decomposed;
  return last;
}
