//===- Control.cpp - Evaluation of loops and branches ---------------------===//

#include "dialects/Train/TrainDialect.h"
#include "dsc/Interpreter/Interpreter.h"

using namespace mlir;
using namespace dsc;

/// Rows t of a stack, without dimension 0.
static Tensor sliceOf(const Tensor &stack, int64_t t) {
  Tensor slice(train::ScanOp::getSliceType(stack.type));
  auto copy = [&](auto &to, const auto &from) {
    auto first = from.begin() + t * static_cast<int64_t>(to.size());
    std::copy(first, first + static_cast<int64_t>(to.size()), to.begin());
  };
  copy(slice.floats, stack.floats);
  copy(slice.ints, stack.ints);
  return slice;
}

static void putSlice(Tensor &stack, const Tensor &slice, int64_t t) {
  auto copy = [&](auto &to, const auto &from) {
    std::copy(from.begin(), from.end(), to.begin() + t * static_cast<int64_t>(from.size()));
  };
  copy(stack.floats, slice.floats);
  copy(stack.ints, slice.ints);
}

static LogicalResult evalScan(train::ScanOp op, Evaluation &e) {
  auto count = static_cast<int64_t>(op.getCount());
  size_t nInvariants = op.getInvariants().size(), nCarry = op.getCarry().size();
  for (size_t i = 0; i < nCarry; ++i) {
    e.result(i) = e.operand(nInvariants + i);
  }
  for (int64_t step = 0; step < count; ++step) {
    int64_t t = op.getReverse() ? count - 1 - step : step;
    SmallVector<Tensor> arguments;
    for (size_t i = 0; i < e.numOperands(); ++i) {
      bool isInvariant = i < nInvariants, isCarry = !isInvariant && i < nInvariants + nCarry;
      arguments.push_back(isInvariant ? e.operand(i)
                          : isCarry   ? e.result(i - nInvariants)
                                      : sliceOf(e.operand(i), t));
    }
    auto yielded = e.program().run(*op.getBlock(), arguments);
    if (failed(yielded)) {
      return failure();
    }
    for (size_t i = 0; i < yielded->size(); ++i) {
      if (i < nCarry) {
        e.result(i) = (*yielded)[i];
      } else {
        putSlice(e.result(i), (*yielded)[i], t);
      }
    }
  }
  return success();
}

/// The region taken, and no other.
static LogicalResult evalIf(train::IfOp op, Evaluation &e) {
  Region &taken = e.operand(0).ints[0] ? op.getThenBody() : op.getElseBody();
  SmallVector<Tensor> arguments;
  for (size_t i = 1; i < e.numOperands(); ++i) {
    arguments.push_back(e.operand(i));
  }
  auto yielded = e.program().run(taken.front(), arguments);
  if (failed(yielded)) {
    return failure();
  }
  for (size_t i = 0; i < yielded->size(); ++i) {
    e.result(i) = (*yielded)[i];
  }
  return success();
}

void dsc::registerControl(Registry &registry) {
  registry.add<train::ScanOp>(evalScan);
  registry.add<train::IfOp>(evalIf);
}
