//===- FusionGroup.cpp - Loop nests that share one kernel -----------------===//

#include "lib/Lowering/FusionGroup.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc;

/// Fewer independent rows than this are not worth a kernel whose threads share
/// rows only: mixing per-row work in would serialize the whole.
static constexpr int64_t kMinRows = 16;

static int64_t product(ArrayRef<int64_t> sizes) {
  int64_t result = 1;
  for (int64_t size : sizes) {
    result *= size;
  }
  return result;
}

FusionGroup::FusionGroup(linalg::GenericOp first) {
  nests.push_back(first);
  domain.sizes = first.getStaticLoopRanges();
  domain.hasReduction = first.getNumReductionLoops() > 0;
  if (domain.hasReduction) {
    domain.parallel = first.getNumParallelLoops();
  }
}

/// The domain of group and nest together, if there is one.
std::optional<FusionGroup::Domain> FusionGroup::joinDomains(linalg::GenericOp nest) const {
  SmallVector<int64_t> sizes = nest.getStaticLoopRanges();
  bool reduces = nest.getNumReductionLoops() > 0;
  Domain joined = domain;
  joined.hasReduction |= reduces;
  size_t common = std::min(sizes.size(), domain.sizes.size());
  if (ArrayRef(sizes).take_front(common) != ArrayRef(domain.sizes).take_front(common)) {
    return std::nullopt;
  }
  // What P must be for the nest, or for the group's members, if it matters.
  std::optional<unsigned> wanted;
  if (reduces) {
    wanted = nest.getNumParallelLoops();
    if (sizes.size() < domain.sizes.size()) {
      return std::nullopt; // it reduces inside P
    }
  }
  if (sizes.size() != domain.sizes.size()) {
    unsigned rows = static_cast<unsigned>(common);
    if (wanted && *wanted != rows) {
      return std::nullopt;
    }
    wanted = rows;
    if (sizes.size() > domain.sizes.size() && domain.parallel) {
      // The group's Q would have to be empty.
      if (*domain.parallel != rows) {
        return std::nullopt;
      }
    }
    if (!joined.hasReduction && product(ArrayRef(sizes).take_front(common)) < kMinRows) {
      return std::nullopt;
    }
  }
  if (wanted) {
    if (joined.parallel && *joined.parallel != *wanted) {
      return std::nullopt;
    }
    joined.parallel = wanted;
  }
  if (sizes.size() > joined.sizes.size()) {
    joined.sizes = sizes;
  }
  return joined;
}

/// Whether every value the nest reads from the group is read where it was made.
bool FusionGroup::readsInPlace(linalg::GenericOp nest) const {
  for (OpOperand *operand : nest.getDpsInputOperands()) {
    auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
    if (!producer || !contains(producer)) {
      continue;
    }
    AffineMap made = producer.getMatchingIndexingMap(producer.getDpsInitOperand(0));
    AffineMap read = nest.getMatchingIndexingMap(operand);
    if (made.getResults() != read.getResults()) {
      return false;
    }
  }
  return true;
}

/// The order of the group's dimensions under which the nest reads in place:
/// order[i] is the group's dimension that becomes dimension i.
std::optional<SmallVector<unsigned>> FusionGroup::findOrder(linalg::GenericOp nest) const {
  unsigned rank = static_cast<unsigned>(domain.sizes.size());
  if (nest.getNumLoops() != rank) {
    return std::nullopt;
  }
  for (OpOperand *operand : nest.getDpsInputOperands()) {
    auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
    if (!producer || !contains(producer) || producer.getNumLoops() != rank) {
      continue;
    }
    AffineMap made = producer.getMatchingIndexingMap(producer.getDpsInitOperand(0));
    AffineMap read = nest.getMatchingIndexingMap(operand);
    if (!made.isPermutation() || !read.isPermutation()) {
      return std::nullopt;
    }
    SmallVector<unsigned> order(rank);
    for (unsigned i = 0; i < rank; ++i) {
      order[read.getDimPosition(i)] = made.getDimPosition(i);
    }
    return order;
  }
  return std::nullopt;
}

static linalg::GenericOp reorder(linalg::GenericOp nest, ArrayRef<unsigned> order) {
  IRRewriter rewriter(nest);
  Attribute flops = nest->getAttr("exec.flops");
  auto reordered = linalg::interchangeGenericOp(rewriter, nest, order);
  if (failed(reordered)) {
    return nest;
  }
  if (flops) {
    (*reordered)->setAttr("exec.flops", flops);
  }
  return *reordered;
}

bool FusionGroup::tryAdd(linalg::GenericOp nest) {
  if (!readsInPlace(nest)) {
    // A reduction over the leading dimensions wants the others first; members
    // that are all elementwise can be turned around for it.
    bool turnable = !domain.parallel && llvm::all_of(nests, [&](linalg::GenericOp member) {
      return member.getNumLoops() == domain.sizes.size();
    });
    auto order = turnable ? findOrder(nest) : std::nullopt;
    if (!order || nest.getNumReductionLoops() == 0) {
      return false;
    }
    FusionGroup turned = *this;
    for (unsigned i = 0; i < order->size(); ++i) {
      turned.domain.sizes[i] = domain.sizes[(*order)[i]];
    }
    if (!turned.joinDomains(nest)) {
      return false;
    }
    // Reordering replaces the members; check the rest on the result.
    for (linalg::GenericOp &member : turned.nests) {
      member = reorder(member, *order);
    }
    *this = turned;
    if (!readsInPlace(nest)) {
      return false;
    }
  }
  auto joined = joinDomains(nest);
  if (!joined) {
    return false;
  }
  domain = *joined;
  nests.push_back(nest);
  return true;
}

bool FusionGroup::tryMerge(FusionGroup &other) {
  bool sameParallel =
      !domain.parallel || !other.domain.parallel || *domain.parallel == *other.domain.parallel;
  if (domain.sizes != other.domain.sizes || !sameParallel) {
    return false;
  }
  FusionGroup merged = *this;
  llvm::append_range(merged.nests, other.nests);
  for (linalg::GenericOp nest : merged.nests) {
    if (!merged.readsInPlace(nest)) {
      return false;
    }
  }
  if (!merged.domain.parallel) {
    merged.domain.parallel = other.domain.parallel;
  }
  merged.domain.hasReduction |= other.domain.hasReduction;
  llvm::sort(merged.nests,
             [](linalg::GenericOp a, linalg::GenericOp b) { return a->isBeforeInBlock(b); });
  *this = merged;
  return true;
}
