//===- Step.cpp - Evaluation of variables and micro-batches ---------------===//

#include "dialects/Train/TrainDialect.h"
#include "dsc/Interpreter/Interpreter.h"

using namespace mlir;
using namespace dsc;

//===----------------------------------------------------------------------===//
// Variables and scalars
//===----------------------------------------------------------------------===//

static LogicalResult evalRead(train::ReadOp op, Evaluation &e) {
  const Tensor *value = e.program().interpreter.getVariable(op.getVariable());
  if (!value) {
    return op.emitError() << "variable @" << op.getVariable()
                          << " has no value: its weights must be given";
  }
  e.result(0) = *value;
  return success();
}

static LogicalResult evalWrite(train::WriteOp op, Evaluation &e) {
  if (!e.program().writes.try_emplace(op.getVariable(), e.operand(0)).second) {
    return op.emitError() << "C2: variable @" << op.getVariable() << " is written twice";
  }
  return success();
}

static LogicalResult evalScalar(train::ScalarOp op, Evaluation &e) {
  std::string name = op.getName().str();
  const Tensor *value = nullptr;
  if (op.getParameter()) {
    value = e.program().interpreter.getScalar(name + "." + op.getParameter()->str());
  }
  value = value ? value : e.program().interpreter.getScalar(name);
  if (!value || value->size() != 1 || e.result(0).size() != 1) {
    return op.emitError() << "the scalar '" << name << "' has no value: one must be given";
  }
  if (e.result(0).isFloat()) {
    e.result(0).floats[0] = value->number(0);
  } else {
    e.result(0).ints[0] =
        value->isFloat() ? static_cast<int64_t>(value->floats[0]) : value->ints[0];
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Micro-batches
//===----------------------------------------------------------------------===//

/// Rows of micro-batch `number` out of `count`.
static Tensor microbatchRows(const Tensor &batch, int64_t number, int64_t count) {
  Tensor rows(train::MicrobatchOp::getSliceType(batch.type, count));
  auto copy = [&](auto &to, const auto &from) {
    auto first = from.begin() + number * static_cast<int64_t>(to.size());
    std::copy(first, first + static_cast<int64_t>(to.size()), to.begin());
  };
  if (rows.isFloat()) {
    copy(rows.floats, batch.floats);
  } else {
    copy(rows.ints, batch.ints);
  }
  return rows;
}

static void addTo(Tensor &sum, const Tensor &part) {
  for (size_t i = 0; i < part.floats.size(); ++i) {
    sum.floats[i] += part.floats[i];
  }
  for (size_t i = 0; i < part.ints.size(); ++i) {
    sum.ints[i] = static_cast<int64_t>(static_cast<uint64_t>(sum.ints[i]) +
                                       static_cast<uint64_t>(part.ints[i]));
  }
}

/// Puts micro-batch `number` of `count` into the whole; scalars are averaged.
static void stackInto(Tensor &whole, const Tensor &part, int64_t number, int64_t count) {
  if (whole.rank() == 0) {
    whole.setNumber(0, whole.number(0) + part.number(0) / static_cast<double>(count));
    return;
  }
  std::copy(part.floats.begin(), part.floats.end(),
            whole.floats.begin() + number * static_cast<int64_t>(part.floats.size()));
  std::copy(part.ints.begin(), part.ints.end(),
            whole.ints.begin() + number * static_cast<int64_t>(part.ints.size()));
}

static LogicalResult evalMicrobatch(train::MicrobatchOp op, Evaluation &e) {
  auto count = static_cast<int64_t>(op.getCount());
  size_t nBatch = op.getBatch().size(), nSums = op.getSums().size();
  size_t nCarry = op.getCarry().size(), nStacks = op.getStacks().size();
  for (size_t i = 0; i < nCarry; ++i) {
    e.result(nSums + i) = e.operand(nBatch + i);
  }
  for (int64_t number = 0; number < count; ++number) {
    SmallVector<Tensor> arguments;
    arguments.push_back(Tensor(cast<RankedTensorType>(op.getIndex().getType())));
    arguments[0].ints[0] = number;
    for (size_t i = 0; i < nBatch; ++i) {
      arguments.push_back(microbatchRows(e.operand(i), number, count));
    }
    for (size_t i = 0; i < nCarry; ++i) {
      arguments.push_back(e.result(nSums + i));
    }
    auto yielded = e.program().run(*op.getBlock(), arguments);
    if (failed(yielded)) {
      return failure();
    }
    for (size_t i = 0; i < nSums; ++i) {
      addTo(e.result(i), (*yielded)[i]);
      e.program().interpreter.round(e.result(i)); // accumulators have their type's precision
    }
    for (size_t i = 0; i < nCarry; ++i) {
      e.result(nSums + i) = (*yielded)[nSums + i];
    }
    for (size_t i = 0; i < nStacks; ++i) {
      stackInto(e.result(nSums + nCarry + i), (*yielded)[nSums + nCarry + i], number, count);
    }
  }
  return success();
}

void dsc::registerStep(Registry &registry) {
  registry.add<train::ReadOp>(evalRead);
  registry.add<train::WriteOp>(evalWrite);
  registry.add<train::ScalarOp>(evalScalar);
  registry.add<train::MicrobatchOp>(evalMicrobatch);
}
