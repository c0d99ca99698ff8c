//===- FoldPaddedSums.cpp - Sums of disjoint parts are concatenations -----===//

#include "dialects/Train/TrainDialect.h"
#include "dsc/Transforms/Passes.h"
#include "llvm/ADT/STLExtras.h"

namespace dsc {
#define GEN_PASS_DEF_FOLDPADDEDSUMSPASS
#include "dsc/Transforms/Passes.h.inc"
} // namespace dsc

using namespace mlir;
using namespace dsc;

namespace {
/// A tensor of zeros but for `part`, which begins at `begin` along `dim`.
struct Padded {
  train::PadOp pad;
  int64_t dim, begin, end;
};
} // namespace

/// Matches a pad by zeros along one dimension, read only by the sum.
static std::optional<Padded> matchPadded(Value value) {
  auto pad = value.getDefiningOp<train::PadOp>();
  if (!pad || !pad->hasOneUse() || !pad.getValue().isZero() ||
      llvm::any_of(pad.getInterior(), [](int64_t count) { return count != 0; })) {
    return std::nullopt;
  }
  std::optional<Padded> padded;
  for (auto [dim, low, high] : llvm::enumerate(pad.getLow(), pad.getHigh())) {
    if (low == 0 && high == 0) {
      continue;
    }
    if (padded) {
      return std::nullopt;
    }
    int64_t size = cast<RankedTensorType>(pad.getX().getType()).getShape()[dim];
    padded = Padded{pad, static_cast<int64_t>(dim), low, low + size};
  }
  return padded;
}

/// Adds the terms of a sum, through sums that nothing else reads; false where one is no part.
static bool collectParts(Value sum, SmallVectorImpl<Padded> &parts) {
  if (auto part = matchPadded(sum)) {
    parts.push_back(*part);
    return parts.front().dim == part->dim;
  }
  auto add = sum.getDefiningOp<train::AddOp>();
  return add && add->hasOneUse() && collectParts(add.getA(), parts) &&
         collectParts(add.getB(), parts);
}

/// The parts of which the sum consists, in their order; none where they do not adjoin.
static SmallVector<Padded> partsOf(train::AddOp sum) {
  SmallVector<Padded> parts;
  if (!collectParts(sum.getA(), parts) || !collectParts(sum.getB(), parts)) {
    return {};
  }
  llvm::sort(parts, [](const Padded &a, const Padded &b) { return a.begin < b.begin; });
  for (size_t i = 1; i < parts.size(); ++i) {
    if (parts[i - 1].end != parts[i].begin) {
      return {};
    }
  }
  return parts;
}

/// One part instead of several.
static Value concatenate(OpBuilder &builder, Location loc, ArrayRef<Padded> parts) {
  auto inputs = llvm::map_to_vector(parts, [](Padded part) -> Value { return part.pad.getX(); });
  Value all = train::ConcatOp::create(builder, loc, parts.front().dim, inputs);
  train::PadOp first = parts.front().pad, last = parts.back().pad;
  SmallVector<int64_t> low(first.getLow()), high(last.getHigh());
  auto isZero = [](int64_t count) { return count == 0; };
  if (llvm::all_of(low, isZero) && llvm::all_of(high, isZero)) {
    return all;
  }
  return train::PadOp::create(builder, loc, all, 0.0, low, high, first.getInterior());
}

/// The sum and what only it read: other sums and the pads.
static void eraseSum(train::AddOp sum) {
  Value terms[] = {sum.getA(), sum.getB()};
  sum.erase();
  for (Value term : terms) {
    Operation *op = term.getDefiningOp();
    if (auto inner = dyn_cast<train::AddOp>(op)) {
      eraseSum(inner);
    } else {
      op->erase();
    }
  }
}

/// Flattens concatenations of what was just concatenated.
static void flatten(train::ConcatOp concat) {
  SmallVector<Value> parts;
  SmallVector<Operation *> dead;
  for (Value input : concat.getInputs()) {
    auto inner = input.getDefiningOp<train::ConcatOp>();
    if (inner && inner.getDim() == concat.getDim() && inner->hasOneUse()) {
      llvm::append_range(parts, inner.getInputs());
      dead.push_back(inner);
    } else {
      parts.push_back(input);
    }
  }
  concat.getInputsMutable().assign(parts);
  for (Operation *inner : dead) {
    inner->erase();
  }
}

namespace {
struct FoldPaddedSumsPass : dsc::impl::FoldPaddedSumsPassBase<FoldPaddedSumsPass> {
  void runOnOperation() override {
    // In program order, so that a sum finds the parts that an earlier one made.
    getOperation()->walk([&](train::AddOp add) {
      SmallVector<Padded> parts = partsOf(add);
      if (parts.empty()) {
        return;
      }
      OpBuilder builder(add);
      add.replaceAllUsesWith(concatenate(builder, add.getLoc(), parts));
      eraseSum(add);
      ++numFolded;
    });
    getOperation()->walk([](train::ConcatOp concat) { flatten(concat); });
  }
};
} // namespace
