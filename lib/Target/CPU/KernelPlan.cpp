//===- KernelPlan.cpp - How a kernel's loops are run ----------------------===//
//
// Dims are ordered so that the innermost is the contiguous one, merged where
// all accesses allow, and the vector dim is the cheapest by a count of vector
// instructions.
//
//===----------------------------------------------------------------------===//
#include "KernelPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <numeric>

using namespace mlir;

namespace dsc::cpu {

/// Scratch memory of a kernel lies on the stack of its thread. Beyond a few caches'
/// worth, computing again is as fast.
static constexpr int64_t maxScratchBytes = int64_t{64} * 1024;

/// Above this many operations per element a value is kept, not recomputed.
static constexpr double maxRecomputeCost = 10;

int64_t KernelPlan::outerExtent() const {
  int64_t extent = 1;
  for (unsigned d = 0; d < numP(); ++d)
    if (d != vectorDim)
      extent *= domain().parallel[d];
  return extent;
}

LinearAccess KernelPlan::scratchAccess() const {
  LinearAccess access;
  access.strides.assign(domain().rank(), 0);
  int64_t stride = vectorInP() ? blockSize() : 1;
  for (unsigned d = domain().rank(); d-- > numP();) {
    access.strides[d] = stride;
    stride *= llvm::alignTo(domain().extent(d), d == vectorDim ? lanes : 1);
  }
  if (vectorInP())
    access.strides[*vectorDim] = 1;
  return access;
}

int64_t KernelPlan::scratchElements() const {
  LinearAccess access = scratchAccess();
  unsigned first = numP();
  if (first == domain().rank())
    return blockSize();
  return access.strides[first] *
         llvm::alignTo(domain().extent(first), first == vectorDim ? lanes : 1);
}

namespace {

/// Rough number of vector instructions of one operation.
double operationCost(Operation *op) {
  if (isa<arith::DivFOp, arith::RemFOp, arith::DivSIOp, arith::DivUIOp, arith::RemSIOp,
          arith::RemUIOp, math::SqrtOp, math::RsqrtOp>(op))
    return 4;
  if (isa<math::AbsFOp, math::CopySignOp, math::FmaOp, math::CeilOp, math::FloorOp, math::RoundOp,
          math::RoundEvenOp, math::TruncOp>(op))
    return 1;
  if (isa<math::MathDialect>(op->getDialect()))
    return 16;
  return op->getNumOperands() == 0 ? 0 : 1;
}

double bodyCost(linalg::GenericOp op) {
  double cost = 0;
  for (Operation &inner : op.getBody()->without_terminator())
    cost += operationCost(&inner);
  return cost;
}

/// Every access to memory: reads of operands by statements, stores of results.
template <typename Fn> void forEachAccess(KernelAnalysis &kernel, Fn fn) {
  for (Statement &statement : kernel.statements) {
    for (OpOperand &operand : statement.op->getOpOperands())
      if (isa<BlockArgument>(operand.get()) && statement.op.payloadUsesValueFromOperand(&operand))
        fn(statement.accesses[operand.getOperandNumber()], statement.overQ);
  }
  for (KernelResult &result : kernel.results)
    fn(result.access, result.overQ);
}

/// Rewrites domain and accesses of a kernel: orders, drops and merges dims.
class DimPlanner {
public:
  explicit DimPlanner(KernelPlan &plan) : plan(plan), kernel(plan.kernel) {}
  void run();

private:
  LinearAccess primaryAccess();
  SmallVector<unsigned> orderedDims(unsigned begin, unsigned end, const LinearAccess &primary);
  SmallVector<SmallVector<unsigned, 2>> mergedDims(ArrayRef<unsigned> dims);
  bool canMerge(unsigned outer, unsigned inner, int64_t innerExtent);
  void collectIndexedDims();
  void rewrite(ArrayRef<SmallVector<unsigned, 2>> groups, unsigned numP);

  KernelPlan &plan;
  KernelAnalysis &kernel;
  llvm::SmallBitVector indexed;
};

void DimPlanner::run() {
  collectIndexedDims();
  LinearAccess primary = primaryAccess();
  unsigned numP = kernel.domain.parallel.size();
  auto groups = mergedDims(orderedDims(0, numP, primary));
  unsigned newNumP = groups.size();
  llvm::append_range(groups, mergedDims(orderedDims(numP, kernel.domain.rank(), primary)));
  rewrite(groups, newNumP);
}

void DimPlanner::collectIndexedDims() {
  indexed.resize(kernel.domain.rank());
  for (Statement &statement : kernel.statements)
    for (auto index : statement.op.getBody()->getOps<linalg::IndexOp>())
      indexed.set(index.getDim());
}

/// The access whose memory order the loops follow: the one that touches most,
/// stores before reads.
LinearAccess DimPlanner::primaryAccess() {
  LinearAccess best;
  int64_t bestTouched = 0;
  auto consider = [&](const LinearAccess &access, int64_t weight) {
    int64_t touched = weight;
    for (unsigned d = 0; d < kernel.domain.rank(); ++d)
      touched *= access.strides[d] != 0 ? kernel.domain.extent(d) : 1;
    if (touched > bestTouched) {
      best = access;
      bestTouched = touched;
    }
  };
  for (KernelResult &result : kernel.results)
    consider(result.access, 2);
  forEachAccess(kernel, [&](LinearAccess &access, bool) { consider(access, 1); });
  best.strides.resize(kernel.domain.rank(), 0);
  return best;
}

SmallVector<unsigned> DimPlanner::orderedDims(unsigned begin, unsigned end,
                                              const LinearAccess &primary) {
  SmallVector<unsigned> dims;
  for (unsigned d = begin; d < end; ++d)
    if (kernel.domain.extent(d) != 1)
      dims.push_back(d);
  // Dims the primary access does not move along stay outermost.
  auto key = [&](unsigned d) {
    int64_t stride = std::abs(primary.strides[d]);
    return stride == 0 ? std::numeric_limits<int64_t>::max() : stride;
  };
  llvm::sort(dims,
             [&](unsigned a, unsigned b) { return key(a) != key(b) ? key(a) > key(b) : a < b; });
  return dims;
}

bool DimPlanner::canMerge(unsigned outer, unsigned inner, int64_t innerExtent) {
  bool possible = !indexed.test(outer) && !indexed.test(inner);
  forEachAccess(kernel, [&](LinearAccess &access, bool) {
    possible &= access.strides[outer] == access.strides[inner] * innerExtent;
  });
  return possible;
}

SmallVector<SmallVector<unsigned, 2>> DimPlanner::mergedDims(ArrayRef<unsigned> dims) {
  SmallVector<SmallVector<unsigned, 2>> groups;
  int64_t extent = 1; // of the group being built, from the innermost dim outwards
  for (unsigned d : llvm::reverse(dims)) {
    if (groups.empty() || !canMerge(d, groups.back().back(), extent)) {
      groups.emplace_back();
      extent = 1;
    }
    // A group lists its innermost dim last; only that one's stride is used.
    groups.back().insert(groups.back().begin(), d);
    extent *= kernel.domain.extent(d);
  }
  std::reverse(groups.begin(), groups.end());
  return groups;
}

void DimPlanner::rewrite(ArrayRef<SmallVector<unsigned, 2>> groups, unsigned numP) {
  plan.dimOf.assign(kernel.domain.rank(), std::nullopt);
  KernelDomain domain;
  for (auto [i, group] : llvm::enumerate(groups)) {
    int64_t extent = 1;
    for (unsigned d : group) {
      extent *= kernel.domain.extent(d);
      plan.dimOf[d] = i;
    }
    (i < numP ? domain.parallel : domain.reduction).push_back(extent);
  }
  auto rewriteAccess = [&](LinearAccess &access) {
    SmallVector<int64_t> strides;
    for (const auto &group : groups)
      strides.push_back(access.strides[group.back()]);
    access.strides = std::move(strides);
  };
  for (Statement &statement : kernel.statements)
    llvm::for_each(statement.accesses, rewriteAccess);
  for (KernelResult &result : kernel.results)
    rewriteAccess(result.access);
  kernel.domain = std::move(domain);
}

//===----------------------------------------------------------------------===//
// Choice of the vector dim
//===----------------------------------------------------------------------===//

/// Counts the vector instructions of a plan.
class CostModel {
public:
  explicit CostModel(KernelPlan &plan) : plan(plan) {}

  double total() const {
    double cost = 0;
    for (const Statement &statement : plan.kernel.statements) {
      cost += iterations(statement.overQ) * bodyCost(statement.op);
      if (statement.reduces && plan.vectorInQ())
        cost += 16 * iterations(false);
    }
    forEachAccess(plan.kernel, [&](LinearAccess &access, bool overQ) {
      cost += iterations(overQ) * accessCost(access);
    });
    return cost;
  }

private:
  double iterations(bool overQ) const {
    double count = 1;
    unsigned end = overQ ? plan.domain().rank() : plan.numP();
    for (unsigned d = 0; d < end; ++d) {
      int64_t extent = plan.domain().extent(d);
      count *= d == plan.vectorDim ? llvm::divideCeil(extent, plan.lanes) : extent;
    }
    return count;
  }

  double accessCost(const LinearAccess &access) const {
    int64_t stride = plan.vectorDim ? access.strides[*plan.vectorDim] : 0;
    if (stride == 0)
      return 0.5;
    return stride == 1 ? 1 : 0.75 * plan.lanes;
  }

  KernelPlan &plan;
};

unsigned chooseLanes(const KernelAnalysis &kernel, const CpuTarget &target) {
  bool wide = false;
  for (const Statement &statement : kernel.statements) {
    statement.op->walk([&](Operation *op) {
      for (Value value : op->getOperands())
        wide |= value.getType().isF64();
    });
  }
  return target.vectorBits / (wide ? 64 : 32);
}

void chooseVectorDim(KernelPlan &plan, const CpuTarget &target) {
  SmallVector<std::optional<unsigned>> candidates = {std::nullopt};
  if (plan.numP() > 0)
    candidates.push_back(plan.numP() - 1);
  bool separable = llvm::all_of(plan.kernel.statements,
                                [](const Statement &s) { return !s.reduces || s.separable; });
  if (!plan.domain().reduction.empty() && separable)
    candidates.push_back(plan.domain().rank() - 1);

  unsigned lanes = chooseLanes(plan.kernel, target);
  auto tryDim = [&](std::optional<unsigned> dim) {
    plan.vectorDim = dim;
    plan.lanes = dim ? lanes : 1;
    plan.cost = CostModel(plan).total();
  };
  std::optional<unsigned> best;
  double bestCost = std::numeric_limits<double>::max();
  for (std::optional<unsigned> dim : candidates) {
    tryDim(dim);
    if (plan.cost < bestCost) {
      best = dim;
      bestCost = plan.cost;
    }
  }
  tryDim(best);
}

/// Enough copies to hide latency, few enough to stay in registers.
void chooseCopies(KernelPlan &plan) {
  if (!plan.vectorDim)
    return;
  double operations = 0;
  for (const Statement &statement : plan.kernel.statements)
    operations += bodyCost(statement.op);
  plan.copies = operations <= 24 ? 4 : operations <= 64 ? 2 : 1;
  int64_t vectors = llvm::divideCeil(plan.vectorExtent(), plan.lanes);
  while (plan.copies > 1 && plan.copies > vectors)
    plan.copies /= 2;
  if (!plan.vectorInP())
    return;
  bool hasLoops = plan.kernel.numStages > 0;
  // Narrower blocks where few parts would starve the threads.
  while (hasLoops && plan.copies > 1 && plan.outerExtent() * plan.numBlocks() < 16)
    plan.copies /= 2;
  plan.partsAreBlocks = hasLoops || plan.outerExtent() < 128;
}

//===----------------------------------------------------------------------===//
// Scratch
//===----------------------------------------------------------------------===//

/// Cost of computing one element of `statement` again, from memory.
double recomputeCost(const KernelAnalysis &kernel, const Statement &statement) {
  double cost = bodyCost(statement.op);
  for (Value operand : statement.op->getOperands()) {
    if (cost > maxRecomputeCost)
      break; // enough to know; also bounds the walk where values are shared
    const Statement *source = kernel.producer(operand);
    if (source && source->overQ && !source->reduces && !isStored(kernel, *source))
      cost += recomputeCost(kernel, *source);
    else if (isa<BlockArgument>(operand))
      cost += 1;
  }
  return cost;
}

int64_t elementBytes(Value value) {
  unsigned bits = cast<ShapedType>(value.getType()).getElementTypeBitWidth();
  return llvm::divideCeil(bits, 8u);
}

void planScratch(KernelPlan &plan) {
  plan.needs = findNeeds(plan.kernel, [&](const Statement &statement) {
    if (recomputeCost(plan.kernel, statement) <= maxRecomputeCost)
      return false;
    int64_t bytes = 0;
    for (Value value : statement.op->getResults())
      bytes += llvm::alignTo(plan.scratchElements() * elementBytes(value), 64);
    if (plan.scratchBytes + bytes > maxScratchBytes)
      return false;
    plan.scratchOffset[statement.op] = plan.scratchBytes;
    plan.scratchBytes += bytes;
    return true;
  });
}

} // namespace

KernelPlan planKernel(KernelAnalysis kernel, const CpuTarget &target) {
  KernelPlan plan;
  plan.kernel = std::move(kernel);
  DimPlanner(plan).run();
  chooseVectorDim(plan, target);
  chooseCopies(plan);
  planScratch(plan);
  return plan;
}

} // namespace dsc::cpu
