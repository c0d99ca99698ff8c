//===- ControlVjp.cpp - Derivatives of loops and branches -----------------===//
//
// The gradient of a scan is a scan in the other direction:
//
//   forward step            c' = f(w, c, x), y = g(w, c, x)
//   backward step           carried: dc, and dw as a sum
//                           reads x, c, dy (and dc' from the step behind it)
//
// Its body is a copy of the forward body followed by that body's backward ops.
// What of the copy is dear (products, inner loops) and still needed, the forward
// scan writes as one more output; the rest is computed again. What is computed of a dear
// value is written in its place where that is no larger (the gates of an LSTM rather
// than the product they are made of): a cut between the product and what needs it.
//
// A sum of products over the steps is one product over stacked operands: where dw is
// made of products or of sums over rows, the backward scan does not carry it, but
// puts out their operands, and dw is computed once behind it.
//
//===----------------------------------------------------------------------===//

#include "dialects/Train/TrainDialect.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace dsc::train;

static bool isFloat(Value value) { return isa<FloatType>(getElementTypeOrSelf(value.getType())); }

static Value zeroOf(OpBuilder &builder, Location loc, Type type) {
  return ConstantOp::create(builder, loc, cast<RankedTensorType>(type), 0.0);
}

/// Marks a copy with the number of its original, while the body is built.
static constexpr StringLiteral kCopyAttr = "train.copy_of";

static void eraseDead(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
    if (isOpTriviallyDead(&op)) {
      op.erase();
    }
  }
}

//===----------------------------------------------------------------------===//
// Sums over steps that are one product
//===----------------------------------------------------------------------===//

namespace {
/// A part of a step's gradient, and how the parts of all steps are summed at once.
struct SumTerm {
  unsigned numOperands;
  std::function<Value(OpBuilder &, Location, ArrayRef<Value> stacks)> build;
};
} // namespace

/// Dimensions of a slice as dimensions of the stack.
static SmallVector<int64_t> inStack(ArrayRef<int64_t> dims) {
  return llvm::map_to_vector(dims, [](int64_t dim) { return dim + 1; });
}

/// The same, and the steps.
static SmallVector<int64_t> withSteps(ArrayRef<int64_t> dims) {
  SmallVector<int64_t> all = {0};
  llvm::append_range(all, inStack(dims));
  return all;
}

static SumTerm productTerm(DotOp dot) {
  auto aBatch = inStack(dot.getABatch()), bBatch = inStack(dot.getBBatch());
  auto aContract = withSteps(dot.getAContract()), bContract = withSteps(dot.getBContract());
  return {2, [=](OpBuilder &b, Location loc, ArrayRef<Value> stacks) -> Value {
            return DotOp::create(b, loc, stacks[0], stacks[1], aBatch, bBatch, aContract,
                                 bContract);
          }};
}

static SumTerm reductionTerm(ReduceSumOp sum) {
  auto dims = withSteps(sum.getDims());
  return {1, [=](OpBuilder &b, Location loc, ArrayRef<Value> stacks) -> Value {
            return ReduceSumOp::create(b, loc, stacks[0], dims);
          }};
}

/// Whether the gradient is a sum of products and reductions; collects them.
static bool splitSum(Value grad, SmallVectorImpl<SumTerm> &terms,
                     SmallVectorImpl<Value> &operands) {
  Operation *op = grad.getDefiningOp();
  if (isa_and_nonnull<AddOp>(op)) {
    return splitSum(op->getOperand(0), terms, operands) &&
           splitSum(op->getOperand(1), terms, operands);
  }
  if (auto dot = dyn_cast_or_null<DotOp>(op)) {
    terms.push_back(productTerm(dot));
  } else if (auto sum = dyn_cast_or_null<ReduceSumOp>(op)) {
    terms.push_back(reductionTerm(sum));
  } else {
    return false;
  }
  llvm::append_range(operands, op->getOperands());
  return true;
}

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

namespace {
class ScanVjp {
public:
  ScanVjp(ScanOp op, Vjp &vjp)
      : op(op), vjp(vjp), count(static_cast<int64_t>(op.getCount())), builder(vjp.builder) {}

  LogicalResult build();

private:
  void choose();
  void createBody();
  void cloneForward();
  Operation *originalOf(Operation *copy);
  ArrayRef<Value> cut(Value copy);
  bool isInvariantArgument(Value value);
  LogicalResult buildBackward();
  void save(Value copy, Value original);
  void saveWhatIsNeeded();
  void createForward();
  void createBackward();
  void setGradients(ScanOp backward, ArrayRef<Value> stacks);
  SmallVector<BlockArgument> dropExistingStacks();
  Value buildSum(ArrayRef<SumTerm> sumTerms, ArrayRef<Value> &stacks);

  ScanOp op;
  Vjp &vjp;
  int64_t count;
  OpBuilder &builder;

  // Operands (by number) and carried values and outputs (by position) that have a gradient.
  SmallVector<unsigned> invariants, carries, inputs, outputs;

  /// The body belongs to no op yet.
  OpBuilder atEnd() {
    OpBuilder inBody(op.getContext());
    inBody.setInsertionPointToEnd(body);
    return inBody;
  }

  Region region;
  Block *body = nullptr;
  IRMapping mapping;                       // forward body -> its copy
  SmallVector<BlockArgument> carryGrads;   // of `carries`, arriving
  SmallVector<BlockArgument> sums;         // of `invariants`; null where computed behind the scan
  SmallVector<SmallVector<SumTerm>> terms; // per invariant; empty where its sum is carried
  size_t numStacks = 0;                    // the terms' operands, last of what the body yields
  SmallVector<BlockArgument> outputGrads;
  SmallVector<BlockArgument> copiedCarry, copiedInputs;
  SmallVector<Operation *> originals;       // the forward body, in the order of its copies' marks
  DenseMap<Value, SmallVector<Value>> cuts; // of the copy
  SmallVector<Value> saved; // of the forward body; each one more input of the backward scan
  ScanOp forward;
};
} // namespace

/// All float carried values have a gradient: what arrives at one step's may
/// come from a later step's.
void ScanVjp::choose() {
  auto nInvariants = static_cast<unsigned>(op.getInvariants().size());
  auto nCarry = static_cast<unsigned>(op.getCarry().size());
  for (unsigned i = 0; i < op->getNumOperands(); ++i) {
    bool isCarry = i >= nInvariants && i < nInvariants + nCarry;
    if (!isFloat(op->getOperand(i)) || (!isCarry && !vjp.needs(i))) {
      continue;
    }
    (i < nInvariants ? invariants : isCarry ? carries : inputs).push_back(i);
  }
  for (unsigned i = 0; i < op.getOutputs().size(); ++i) {
    if (vjp.grads[nCarry + i]) {
      outputs.push_back(i);
    }
  }
}

/// Arguments: the forward's invariants; carried: gradients, then sums; inputs:
/// the forward's, the carried values before each step, gradients of outputs.
void ScanVjp::createBody() {
  body = &region.emplaceBlock();
  auto add = [&](Value like) { return body->addArgument(like.getType(), op.getLoc()); };
  for (BlockArgument argument : op.getInvariantArguments()) {
    mapping.map(argument, add(argument));
  }
  for (unsigned i : carries) {
    carryGrads.push_back(add(op->getOperand(i)));
  }
  for (unsigned i : invariants) {
    sums.push_back(add(op->getOperand(i)));
  }
  for (BlockArgument argument : op.getInputArguments()) {
    copiedInputs.push_back(add(argument));
    mapping.map(argument, copiedInputs.back());
  }
  for (unsigned i : outputs) {
    outputGrads.push_back(add(op.getYieldedOutputs()[i]));
  }
  for (BlockArgument argument : op.getCarryArguments()) {
    copiedCarry.push_back(add(argument));
    mapping.map(argument, copiedCarry.back());
  }
}

static bool isDear(Operation &op) {
  auto precision = dyn_cast<PrecisionOpInterface>(op);
  return op.getNumRegions() > 0 ||
         (precision && precision.getPrecision() == Precision::ComputesLow);
}

/// Copies are marked, since differentiating may take some apart.
void ScanVjp::cloneForward() {
  OpBuilder inBody = atEnd();
  for (Operation &inner : op.getBlock()->without_terminator()) {
    Operation *copy = inBody.clone(inner, mapping);
    copy->setAttr(kCopyAttr, inBody.getIndexAttr(static_cast<int64_t>(originals.size())));
    originals.push_back(&inner);
  }
}

/// What an op of the body is a copy of; null where it is none, or one taken apart.
Operation *ScanVjp::originalOf(Operation *copy) {
  auto mark = copy->getAttrOfType<IntegerAttr>(kCopyAttr);
  return mark ? originals[static_cast<size_t>(mark.getInt())] : nullptr;
}

/// An invariant is not worth a stack of copies.
bool ScanVjp::isInvariantArgument(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  return argument && argument.getArgNumber() < op.getInvariants().size();
}

LogicalResult ScanVjp::buildBackward() {
  OpBuilder inBody = atEnd();
  SmallVector<Value> ends, arriving, wrt;
  unsigned nInvariants = static_cast<unsigned>(op.getInvariants().size());
  for (auto [i, grad] : llvm::zip_equal(carries, carryGrads)) {
    ends.push_back(mapping.lookupOrDefault(op.getYieldedCarry()[i - nInvariants]));
    arriving.push_back(grad);
    wrt.push_back(copiedCarry[i - nInvariants]);
  }
  for (auto [i, grad] : llvm::zip_equal(outputs, outputGrads)) {
    ends.push_back(mapping.lookupOrDefault(op.getYieldedOutputs()[i]));
    arriving.push_back(grad);
  }
  for (unsigned i : invariants) {
    wrt.push_back(body->getArgument(i));
  }
  for (unsigned i : inputs) {
    wrt.push_back(copiedInputs[i - nInvariants - op.getCarry().size()]);
  }
  auto grads = vjp.differentiateBlock(inBody, ends, arriving, wrt);
  if (failed(grads)) {
    return failure();
  }
  SmallVector<Value> yielded(ArrayRef(*grads).take_front(carries.size())), operands;
  for (auto [index, sum] : llvm::enumerate(sums)) {
    Value grad = (*grads)[carries.size() + index];
    size_t numOperands = operands.size();
    SmallVector<SumTerm> &own = terms.emplace_back();
    bool isSplit = vjp.loops.stackSums && splitSum(grad, own, operands);
    if (isSplit && llvm::none_of(ArrayRef(operands).drop_front(numOperands),
                                 [&](Value v) { return isInvariantArgument(v); })) {
      body->eraseArgument(sum.getArgNumber());
      sum = nullptr;
      continue;
    }
    own.clear();
    operands.truncate(numOperands);
    yielded.push_back(inBody.createOrFold<AddOp>(op.getLoc(), sum.getType(), Value(sum), grad));
  }
  llvm::append_range(yielded, ArrayRef(*grads).drop_front(carries.size() + sums.size()));
  numStacks = operands.size();
  llvm::append_range(yielded, operands);
  BodyYieldOp::create(inBody, op.getLoc(), yielded);
  eraseDead(*body);
  return success();
}

/// The values with which the backward ops need neither `copy` nor what makes it: it alone,
/// or what is computed of it, as near to the backward ops as takes no more memory.
ArrayRef<Value> ScanVjp::cut(Value copy) {
  auto [it, isNew] = cuts.try_emplace(copy);
  if (!isNew) {
    return it->second;
  }
  llvm::SetVector<Value> behind;
  bool isNeeded = false;
  int64_t bytes = 0;
  for (Operation *user : copy.getUsers()) {
    Operation *original = originalOf(user);
    if (original && isDear(*original)) {
      continue; // has a cut of its own
    }
    isNeeded |= !original || user->getNumResults() != 1;
    if (!isNeeded) {
      behind.insert_range(cut(user->getResult(0)));
    }
  }
  for (Value value : behind) {
    bytes += getTensorBytes(value.getType());
  }
  bool isBetter = vjp.loops.cutScans && !isNeeded && bytes <= getTensorBytes(copy.getType());
  ArrayRef<Value> chosen = isBetter ? behind.getArrayRef() : ArrayRef<Value>(copy);
  return cuts[copy] = SmallVector<Value>(chosen);
}

/// The copy becomes an input of the backward scan, saved by the forward one.
void ScanVjp::save(Value copy, Value original) {
  if (copy.use_empty()) {
    return;
  }
  copy.replaceAllUsesWith(body->addArgument(copy.getType(), op.getLoc()));
  saved.push_back(original);
}

/// What stands for the results of dear ops, and carried values; once they are read, what only
/// dear ops needed is dead. The carried values' own arguments were placeholders.
void ScanVjp::saveWhatIsNeeded() {
  llvm::DenseSet<Value> chosen;
  for (Operation &copy : *body) {
    Operation *original = originalOf(&copy);
    if (original && isDear(*original)) {
      for (Value result : copy.getResults()) {
        chosen.insert_range(cut(result));
      }
    }
  }
  for (Operation &copy : *body) {
    for (OpResult result : copy.getResults()) {
      if (chosen.contains(result)) {
        save(result, originalOf(&copy)->getResult(result.getResultNumber()));
      }
    }
    copy.removeAttr(kCopyAttr);
  }
  eraseDead(*body);
  for (auto [argument, copy] : llvm::zip_equal(op.getCarryArguments(), copiedCarry)) {
    save(copy, argument);
  }
  for (BlockArgument copy : llvm::reverse(copiedCarry)) {
    body->eraseArgument(copy.getArgNumber());
  }
}

/// The forward scan, with what the backward one reads as further outputs.
void ScanVjp::createForward() {
  OpBuilder before(op);
  SmallVector<Type> types(op.getOutputs().getTypes());
  for (Value value : saved) {
    types.push_back(ScanOp::getStackType(value.getType(), count));
  }
  forward = ScanOp::create(before, op.getLoc(), count, op.getReverse(), op.getInvariants(),
                           op.getCarry(), op.getInputs(), types);
  IRMapping copies;
  op.getBody().cloneInto(&forward.getBody(), copies);
  for (Value value : saved) {
    Operation *end = forward.getBlock()->getTerminator();
    end->insertOperands(end->getNumOperands(), copies.lookup(value));
  }
  vjp.replacements.assign(forward->result_begin(), forward->result_begin() + op->getNumResults());
}

void ScanVjp::createBackward() {
  unsigned nInvariants = static_cast<unsigned>(op.getInvariants().size());
  SmallVector<Value> carry, inputStacks(op.getInputs());
  for (unsigned i : carries) {
    Value grad = vjp.grads[i - nInvariants];
    carry.push_back(grad ? grad : zeroOf(builder, op.getLoc(), op->getOperand(i).getType()));
  }
  for (auto [i, sum] : llvm::zip_equal(invariants, sums)) {
    if (sum) {
      carry.push_back(zeroOf(builder, op.getLoc(), op->getOperand(i).getType()));
    }
  }
  for (unsigned i : outputs) {
    inputStacks.push_back(vjp.grads[op.getCarry().size() + i]);
  }
  llvm::append_range(inputStacks, forward->getResults().drop_front(op->getNumResults()));
  auto types = llvm::map_to_vector(inputs, [&](unsigned i) { return op->getOperand(i).getType(); });
  SmallVector<BlockArgument> existing = dropExistingStacks();
  Operation *end = body->getTerminator();
  for (Value value : end->getOperands().drop_front(carry.size() + inputs.size())) {
    types.push_back(ScanOp::getStackType(value.getType(), count));
  }
  auto backward = ScanOp::create(builder, op.getLoc(), count, !op.getReverse(), op.getInvariants(),
                                 carry, inputStacks, types);
  backward.getBody().takeBody(region);
  ValueRange made = backward.getResults().drop_front(carry.size() + inputs.size());
  SmallVector<Value> stacks;
  for (BlockArgument argument : existing) {
    stacks.push_back(argument ? backward->getOperand(argument.getArgNumber()) : made.front());
    made = made.drop_front(argument ? 0 : 1);
  }
  setGradients(backward, stacks);
}

/// Per stack that a sum reads, the input that it is already; those are no longer
/// yielded.
SmallVector<BlockArgument> ScanVjp::dropExistingStacks() {
  Operation *end = body->getTerminator();
  auto first = static_cast<unsigned>(end->getNumOperands() - numStacks);
  // Behind the invariants and what is carried.
  auto firstInput = static_cast<unsigned>(
      op.getInvariants().size() + carries.size() +
      static_cast<size_t>(llvm::count_if(sums, [](BlockArgument sum) { return bool(sum); })));
  SmallVector<BlockArgument> existing;
  for (unsigned at = first; existing.size() < numStacks;) {
    auto argument = dyn_cast<BlockArgument>(end->getOperand(at));
    bool isInput = argument && argument.getArgNumber() >= firstInput;
    existing.push_back(isInput ? argument : BlockArgument());
    if (isInput) {
      end->eraseOperand(at);
    } else {
      ++at;
    }
  }
  return existing;
}

Value ScanVjp::buildSum(ArrayRef<SumTerm> sumTerms, ArrayRef<Value> &stacks) {
  Value sum;
  for (const SumTerm &term : sumTerms) {
    Value part = term.build(builder, op.getLoc(), stacks.take_front(term.numOperands));
    stacks = stacks.drop_front(term.numOperands);
    sum = sum ? AddOp::create(builder, op.getLoc(), sum.getType(), sum, part) : part;
  }
  return sum;
}

/// Results: gradients of carried values and carried sums, then of inputs, in the
/// order of the body's yield. The other sums are made of stacks.
void ScanVjp::setGradients(ScanOp backward, ArrayRef<Value> stacks) {
  ValueRange results = backward->getResults();
  for (unsigned i : carries) {
    vjp.set(i, results.front());
    results = results.drop_front();
  }
  for (auto [i, sum, sumTerms] : llvm::zip_equal(invariants, sums, terms)) {
    vjp.set(i, sum ? results.front() : buildSum(sumTerms, stacks));
    results = results.drop_front(sum ? 1 : 0);
  }
  for (auto [i, grad] : llvm::zip(inputs, results)) {
    vjp.set(i, grad);
  }
}

LogicalResult ScanVjp::build() {
  choose();
  createBody();
  cloneForward();
  if (failed(buildBackward())) {
    return failure();
  }
  saveWhatIsNeeded();
  createForward();
  createBackward();
  return success();
}

LogicalResult ScanOp::buildVjp(Vjp &vjp) {
  return vjp.differentiateBlock ? ScanVjp(*this, vjp).build() : failure();
}

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

namespace {
/// The gradient of a branch is a branch: each region computes its own forward
/// again and then its gradients.
class IfVjp {
public:
  IfVjp(IfOp op, Vjp &vjp) : op(op), vjp(vjp) {}
  LogicalResult build();

private:
  LogicalResult fill(Region &from, Region &to);

  IfOp op;
  Vjp &vjp;
  SmallVector<unsigned> wrt, influencing; // operands (without the condition), results
};
} // namespace

LogicalResult IfVjp::fill(Region &from, Region &to) {
  IRMapping mapping;
  from.cloneInto(&to, mapping);
  Block &block = to.front();
  Operation *yield = block.getTerminator();
  SmallVector<Value> ends, arriving;
  for (unsigned i : influencing) {
    ends.push_back(yield->getOperand(i));
    arriving.push_back(block.addArgument(op->getResult(i).getType(), op.getLoc()));
  }
  auto arguments =
      llvm::map_to_vector(wrt, [&](unsigned i) -> Value { return block.getArgument(i); });
  yield->erase();
  OpBuilder inBody = OpBuilder::atBlockEnd(&block);
  auto grads = vjp.differentiateBlock(inBody, ends, arriving, arguments);
  if (failed(grads)) {
    return failure();
  }
  BodyYieldOp::create(inBody, op.getLoc(), *grads);
  eraseDead(block);
  return success();
}

LogicalResult IfVjp::build() {
  for (unsigned i = 0; i < op.getOperands_().size(); ++i) {
    if (isFloat(op.getOperands_()[i]) && vjp.needs(i + 1)) {
      wrt.push_back(i);
    }
  }
  SmallVector<Value> operands(op.getOperands_());
  for (unsigned i = 0; i < op->getNumResults(); ++i) {
    if (vjp.grads[i]) {
      influencing.push_back(i);
      operands.push_back(vjp.grads[i]);
    }
  }
  auto types = llvm::map_to_vector(wrt, [&](unsigned i) { return op.getOperands_()[i].getType(); });
  auto backward = IfOp::create(vjp.builder, op.getLoc(), types, op.getCondition(), operands);
  if (failed(fill(op.getThenBody(), backward.getThenBody())) ||
      failed(fill(op.getElseBody(), backward.getElseBody()))) {
    backward.erase();
    return failure();
  }
  for (auto [i, grad] : llvm::zip_equal(wrt, backward.getResults())) {
    vjp.set(i + 1, grad);
  }
  return success();
}

LogicalResult IfOp::buildVjp(Vjp &vjp) {
  return vjp.differentiateBlock ? IfVjp(*this, vjp).build() : failure();
}
