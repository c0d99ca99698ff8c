//===- LoopSteps.cpp - How many steps a counted while makes ---------------===//

#include "LoopSteps.h"

#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace dsc::onnx {

namespace {
/// What the condition needs of a step, and the carried values that this is made of.
class Counter {
public:
  Counter(const LoopBody &body, ConstantEvaluator &known)
      : body(body), block(Value(body.counter).getParentBlock()), known(known) {}
  bool collect();
  std::optional<int64_t> run(int64_t most);

private:
  bool add(Value value);
  bool addCarried(size_t index);
  std::optional<bool> makeStep(int64_t step);

  const LoopBody &body;
  Block *block;
  ConstantEvaluator &known;
  llvm::SetVector<Value> needed;
  llvm::SmallVector<Value> fixed;
  std::vector<Operation *> ops; // in their order
  llvm::DenseMap<size_t, HostTensor> state;
};
} // namespace

bool Counter::addCarried(size_t index) {
  const HostTensor *initial = known.lookup(body.initial[index]);
  if (!initial)
    return false;
  state[index] = *initial;
  needed.insert(body.next[index]);
  return true;
}

/// False where the value comes from data.
bool Counter::add(Value value) {
  if (known.lookup(value)) {
    fixed.push_back(value);
    return true;
  }
  if (Operation *op = value.getDefiningOp()) {
    if (op->getBlock() != block || op->getNumRegions() > 0)
      return false;
    needed.insert_range(op->getOperands());
    ops.push_back(op);
    return op->getNumOperands() > 0;
  }
  auto carried = llvm::find(body.carried, value);
  if (carried != body.carried.end())
    return addCarried(carried - body.carried.begin());
  return value == body.counter;
}

bool Counter::collect() {
  needed.insert(body.goesOn);
  for (size_t i = 0; i < needed.size(); ++i) // Grows meanwhile.
    if (!add(needed[i]))
      return false;
  llvm::sort(ops, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  ops.erase(llvm::unique(ops), ops.end());
  return true;
}

/// Whether another one follows; none where an op has no result for these operands.
std::optional<bool> Counter::makeStep(int64_t step) {
  ConstantEvaluator values;
  for (Value value : fixed)
    values.assume(value, *known.lookup(value));
  values.assume(body.counter,
                HostTensor::scalar(getElementTypeOrSelf(body.counter), static_cast<double>(step)));
  for (auto &[index, value] : state)
    values.assume(body.carried[index], value);
  for (Operation *op : ops)
    values.visit(op);
  for (auto &[index, value] : state) {
    const HostTensor *next = values.lookup(body.next[index]);
    if (!next)
      return std::nullopt;
    value = *next;
  }
  const HostTensor *goesOn = values.lookup(body.goesOn);
  return goesOn && goesOn->size() == 1 ? std::optional(goesOn->number(0) != 0) : std::nullopt;
}

std::optional<int64_t> Counter::run(int64_t most) {
  constexpr int64_t mostTried = int64_t{1} << 14;
  for (int64_t step = 0; step < std::min(most, mostTried); ++step) {
    std::optional<bool> goesOn = makeStep(step);
    if (!goesOn || !*goesOn)
      return goesOn ? std::optional(step + 1) : std::nullopt;
  }
  return most <= mostTried ? std::optional(most) : std::nullopt;
}

std::optional<int64_t> countSteps(const LoopBody &body, int64_t most, ConstantEvaluator &known) {
  Counter counter(body, known);
  return counter.collect() ? counter.run(most) : std::nullopt;
}

} // namespace dsc::onnx
