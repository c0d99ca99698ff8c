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

/// The sum of two parts of which `second` follows `first`: one part.
static Value concatenate(OpBuilder &builder, Location loc, Padded first, Padded second) {
  Value both = train::ConcatOp::create(builder, loc, first.dim,
                                       ValueRange{first.pad.getX(), second.pad.getX()});
  SmallVector<int64_t> low(first.pad.getLow()), high(second.pad.getHigh());
  auto isZero = [](int64_t count) { return count == 0; };
  if (llvm::all_of(low, isZero) && llvm::all_of(high, isZero)) {
    return both;
  }
  return train::PadOp::create(builder, loc, both, 0.0, low, high, first.pad.getInterior());
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
      auto a = matchPadded(add.getA()), b = matchPadded(add.getB());
      if (!a || !b || a->dim != b->dim || (a->end != b->begin && b->end != a->begin)) {
        return;
      }
      OpBuilder builder(add);
      bool aFirst = a->end == b->begin;
      add.replaceAllUsesWith(
          concatenate(builder, add.getLoc(), aFirst ? *a : *b, aFirst ? *b : *a));
      add.erase();
      a->pad.erase();
      b->pad.erase();
      ++numFolded;
    });
    getOperation()->walk([](train::ConcatOp concat) { flatten(concat); });
  }
};
} // namespace
