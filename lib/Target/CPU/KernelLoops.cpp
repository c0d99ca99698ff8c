//===- KernelLoops.cpp - The loops of a planned kernel -------------------===//
//
// Loops over P divide the work into parts and blocks; loops over Q run stage by
// stage inside a row, carrying the accumulators of reductions.
//
//===----------------------------------------------------------------------===//
#include "KernelEmitter.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace dsc::cpu {

//===----------------------------------------------------------------------===//
// Loops over P
//===----------------------------------------------------------------------===//

void KernelEmitter::emit() {
  Block &entry = code.front();
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  unsigned numBuffers = kernel.body->getNumArguments() + kernel.results.size();
  for (unsigned i = 0; i < numBuffers; ++i) {
    Value slot = LLVM::GEPOp::create(b, pointer, pointer, entry.getArgument(2),
                                     ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
    buffers.push_back(LLVM::LoadOp::create(b, pointer, slot));
  }
  if (plan.scratchBytes > 0)
    scratch =
        LLVM::AllocaOp::create(b, pointer, b.getI8Type(), lanes.constantI64(plan.scratchBytes), 64);
  at.index.assign(plan.domain().rank(), Value());
  scopes.emplace_back();
  hoistLoads();
  auto loop =
      scf::ForOp::create(b, entry.getArgument(0), entry.getArgument(1), lanes.constantI64(1));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    emitPart(loop.getInductionVar());
  }
  func::ReturnOp::create(b);
}

/// Delinearizes a number of the product of `dims`.
void KernelEmitter::setIndices(Value linear, ArrayRef<unsigned> dims) {
  for (unsigned i = dims.size(); i-- > 1;) {
    Value extent = lanes.constantI64(plan.domain().extent(dims[i]));
    at.index[dims[i]] = arith::RemUIOp::create(b, linear, extent);
    linear = arith::DivUIOp::create(b, linear, extent);
  }
  if (!dims.empty())
    at.index[dims.front()] = linear;
}

void KernelEmitter::emitPart(Value part) {
  SmallVector<unsigned> outer;
  for (unsigned d = 0; d < plan.numP(); ++d)
    if (d != plan.vectorDim)
      outer.push_back(d);

  Value block;
  if (plan.partsAreBlocks && !outer.empty()) {
    Value numBlocks = lanes.constantI64(plan.numBlocks());
    block = arith::RemUIOp::create(b, part, numBlocks);
    part = arith::DivUIOp::create(b, part, numBlocks);
  } else if (plan.partsAreBlocks) {
    block = part;
  }
  setIndices(part, outer);

  scopes.emplace_back();
  hoistLoads();
  if (!plan.vectorInP())
    emitRow();
  else if (block)
    emitNumberedBlock(block);
  else
    emitBlocks();
  scopes.pop_back();
}

/// One block of the vector dim: all are whole but perhaps the last.
void KernelEmitter::emitNumberedBlock(Value block) {
  int64_t whole = plan.vectorExtent() / plan.blockSize();
  bool hasRest = plan.vectorExtent() % plan.blockSize() != 0;
  Value first = lanes.scale(block, plan.blockSize());
  if (!hasRest)
    return emitBlock(first, plan.copies, 0);
  if (whole == 0)
    return emitRest();
  Value isWhole =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, block, lanes.constantI64(whole));
  auto branch = scf::IfOp::create(b, isWhole, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  emitBlock(first, plan.copies, 0);
  b.setInsertionPointToStart(branch.elseBlock());
  emitRest();
}

/// The whole extent of the vector dim, when it is not divided among parts.
void KernelEmitter::emitBlocks() {
  int64_t whole = plan.vectorExtent() / plan.blockSize() * plan.blockSize();
  if (whole > 0) {
    auto loop = scf::ForOp::create(b, lanes.constantI64(0), lanes.constantI64(whole),
                                   lanes.constantI64(plan.blockSize()));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    emitBlock(loop.getInductionVar(), plan.copies, 0);
  }
  if (plan.vectorExtent() > whole)
    emitRest();
}

/// What whole blocks leave of the vector dim.
void KernelEmitter::emitRest() {
  int64_t rest = plan.vectorExtent() % plan.blockSize();
  emitBlock(lanes.constantI64(plan.vectorExtent() - rest), llvm::divideCeil(rest, plan.lanes),
            rest % plan.lanes);
}

void KernelEmitter::emitBlock(Value first, unsigned copies, unsigned tailLanes) {
  Position outside = at;
  at.vectorDim = plan.vectorDim;
  at.index[*plan.vectorDim] = first;
  at.copies = copies;
  at.tailLanes = tailLanes;
  scopes.emplace_back();
  emitRow();
  scopes.pop_back();
  at = outside;
}

/// Everything for one row (or one block of rows, a row per lane).
void KernelEmitter::emitRow() {
  hoistLoads();
  for (stage = 0; stage <= kernel.numStages; ++stage) {
    for (const Statement &statement : kernel.statements)
      if (!statement.overQ && statement.stage == stage)
        evaluate(statement);
    if (stage < kernel.numStages)
      emitStage();
  }
  for (unsigned i = 0; i < kernel.results.size(); ++i)
    if (!kernel.results[i].overQ)
      storeResult(i);
}

//===----------------------------------------------------------------------===//
// Loops over Q
//===----------------------------------------------------------------------===//

void KernelEmitter::emitStage() {
  bool hasWork = llvm::any_of(kernel.statements,
                              [&](const Statement &s) { return s.overQ && s.stage == stage; });
  hasWork |= llvm::any_of(kernel.results,
                          [&](const KernelResult &r) { return r.overQ && r.stage == stage; });
  if (!hasWork)
    return;
  SmallVector<Accumulators> accumulators = startAccumulators();
  emitLoop(plan.numP(), accumulators);
  finishAccumulators(accumulators);
}

static SmallVector<Operation *> findCombiners(const Statement &statement) {
  linalg::GenericOp op = statement.op;
  SmallVector<Operation *> all;
  for (unsigned i = 0; i < op.getNumDpsInits(); ++i) {
    SmallVector<Operation *> combiners;
    matchReduction(SmallVector<BlockArgument>(op.getRegionOutputArgs()), i, combiners);
    all.push_back(combiners.front());
  }
  return all;
}

/// Lanes along Q start from the neutral element, as each lane sees a part only;
/// otherwise each lane is a whole reduction and starts from the initial value.
SmallVector<Accumulators> KernelEmitter::startAccumulators() {
  SmallVector<Accumulators> result;
  for (const Statement &statement : kernel.statements) {
    if (!statement.reduces || statement.stage != stage)
      continue;
    Accumulators accumulators{&statement, {}};
    linalg::GenericOp op = statement.op;
    for (unsigned i = 0; i < op.getNumDpsInits(); ++i) {
      if (plan.vectorInQ()) {
        Lanes neutral = constantLanes(*arith::getNeutralElement(findCombiners(statement)[i]));
        accumulators.outputs.push_back(lanes.splat(neutral, plan.copies));
        continue;
      }
      Lanes init = operandLanes(statement, op.getNumDpsInputs() + i);
      accumulators.outputs.push_back(at.vectorDim ? lanes.splat(init, at.copies) : init);
    }
    result.push_back(std::move(accumulators));
  }
  return result;
}

void KernelEmitter::finishAccumulators(ArrayRef<Accumulators> all) {
  for (const Accumulators &accumulators : all) {
    linalg::GenericOp op = accumulators.statement->op;
    for (auto [i, output] : llvm::enumerate(accumulators.outputs)) {
      Lanes result = output;
      if (plan.vectorInQ()) {
        Operation *combiner = findCombiners(*accumulators.statement)[i];
        Lanes init = operandLanes(*accumulators.statement, op.getNumDpsInputs() + i);
        Value sum = lanes.reduce(output.values, combiner);
        result = Lanes::scalar(lanes.combine(combiner, init.values.front(), sum));
      }
      scopes.back().values[op->getResult(i)] = result;
    }
  }
}

/// A loop whose accumulators are carried from iteration to iteration.
template <typename Fn>
void KernelEmitter::emitFor(int64_t extent, int64_t step, SmallVector<Accumulators> &accumulators,
                            Fn body) {
  SmallVector<Value> carried;
  auto forEach = [&](auto fn) {
    for (Accumulators &one : accumulators) {
      for (Lanes &output : one.outputs)
        for (Value &value : output.values)
          fn(value);
    }
  };
  forEach([&](Value &value) { carried.push_back(value); });
  auto loop = scf::ForOp::create(b, lanes.constantI64(0), lanes.constantI64(extent),
                                 lanes.constantI64(step), carried);
  unsigned next = 0;
  forEach([&](Value &value) { value = loop.getRegionIterArg(next++); });
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar());
    carried.clear();
    forEach([&](Value &value) { carried.push_back(value); });
    if (!carried.empty())
      scf::YieldOp::create(b, carried);
  }
  next = 0;
  forEach([&](Value &value) { value = loop.getResult(next++); });
}

void KernelEmitter::emitLoop(unsigned dim, SmallVector<Accumulators> &accumulators) {
  if (dim == plan.domain().rank())
    return emitIteration(accumulators);
  if (dim == plan.vectorDim)
    return emitVectorLoop(accumulators);
  Position outside = at;
  emitFor(plan.domain().extent(dim), 1, accumulators, [&](Value index) {
    at.index[dim] = index;
    emitLoop(dim + 1, accumulators);
  });
  at = outside;
}

/// The innermost loop of Q by vectors: whole blocks in a loop, the rest behind it.
void KernelEmitter::emitVectorLoop(SmallVector<Accumulators> &accumulators) {
  Position outside = at;
  unsigned dim = *plan.vectorDim;
  at.vectorDim = dim;
  int64_t whole = plan.vectorExtent() / plan.blockSize() * plan.blockSize();
  int64_t rest = plan.vectorExtent() - whole;
  if (whole > 0) {
    emitFor(whole, plan.blockSize(), accumulators, [&](Value index) {
      at.index[dim] = index;
      at.copies = plan.copies;
      emitIteration(accumulators);
    });
  }
  if (rest > 0) {
    at.index[dim] = lanes.constantI64(whole);
    at.copies = llvm::divideCeil(rest, plan.lanes);
    at.tailLanes = rest % plan.lanes;
    emitIteration(accumulators);
  }
  at = outside;
}

void KernelEmitter::emitIteration(SmallVector<Accumulators> &accumulators) {
  scopes.emplace_back();
  for (const Statement &statement : kernel.statements) {
    if (plan.scratchOffset.contains(statement.op) &&
        *plan.needs.lookup(statement.op).begin() == stage)
      storeScratch(statement);
  }
  for (Accumulators &one : accumulators)
    accumulate(one);
  // Computed first, stored last: a result may lie where an operand was.
  for (const KernelResult &result : kernel.results)
    if (result.overQ && result.stage == stage && kernel.producer(result.value))
      computedLanes(result.value);
  for (auto [i, result] : llvm::enumerate(kernel.results))
    if (result.overQ && result.stage == stage)
      storeResult(i);
  scopes.pop_back();
}

void KernelEmitter::accumulate(Accumulators &accumulators) {
  SmallVector<Lanes> before = accumulators.outputs;
  SmallVector<Lanes> after = evaluate(*accumulators.statement, before);
  for (auto [output, old, now] : llvm::zip_equal(accumulators.outputs, before, after)) {
    if (output.uniform) {
      output = now;
      continue;
    }
    for (unsigned i = 0; i < at.copies; ++i) {
      Value value = lanes.asVector(now, i);
      // Lanes past the end of Q must not contribute.
      if (plan.vectorInQ() && at.hasTail(i))
        value = arith::SelectOp::create(b, lanes.mask(at.tailLanes), value, old.values[i]);
      output.values[i] = value;
    }
  }
}

} // namespace dsc::cpu
