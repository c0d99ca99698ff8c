//===- Rebatch.cpp - Another batch for a model exported with one ----------===//

#include "Rebatch.h"

namespace dsc::onnx {

namespace {
/// Where a shape holds the batch: a dimension whose outer part it is.
struct BatchPlace {
  int64_t stride; // elements from one sample to the next
  int64_t inner;  // elements from one of the dimension to the next
  int64_t oldSize, newSize;
};
} // namespace

/// The one dimension that changed.
static std::optional<BatchPlace> findBatch(llvm::ArrayRef<int64_t> before,
                                           llvm::ArrayRef<int64_t> now, int64_t oldBatch) {
  if (before.size() != now.size())
    return std::nullopt;
  std::optional<BatchPlace> place;
  int64_t inner = 1;
  for (size_t d = before.size(); d-- > 0; inner *= before[d]) {
    if (before[d] == now[d])
      continue;
    if (place || before[d] % oldBatch != 0)
      return std::nullopt;
    place = BatchPlace{inner * (before[d] / oldBatch), inner, before[d], now[d]};
  }
  return place;
}

/// For a batch that is not the outer part of a dimension: a target dimension that the
/// changed one became part of, or, where that is split up, the one part of its size.
static std::optional<size_t> findInner(const BatchPlace &place, llvm::ArrayRef<int64_t> target,
                                       int64_t oldBatch) {
  int64_t low = place.inner, high = place.inner * place.oldSize;
  llvm::SmallVector<size_t> around, parts;
  int64_t inner = 1;
  for (size_t d = target.size(); d-- > 0; inner *= target[d]) {
    int64_t outer = inner * target[d];
    if (target[d] != 1 && inner <= low && outer >= high)
      around.push_back(d);
    else if (target[d] == oldBatch && inner >= low && outer <= high)
      parts.push_back(d);
  }
  if (around.size() == 1)
    return around.front();
  return parts.size() == 1 ? std::optional(parts.front()) : std::nullopt;
}

std::optional<Shape> rebatchReshape(llvm::ArrayRef<int64_t> before, llvm::ArrayRef<int64_t> now,
                                    llvm::ArrayRef<int64_t> target, int64_t oldBatch) {
  std::optional<BatchPlace> place = findBatch(before, now, oldBatch);
  if (!place)
    return std::nullopt;
  // Dimensions of size 1 make several candidates; a dimension that is the batch and
  // nothing else is the likeliest, then the outermost.
  std::optional<size_t> best;
  int64_t inner = 1;
  for (size_t d = target.size(); d-- > 0; inner *= target[d]) {
    if (target[d] % oldBatch != 0 || inner * (target[d] / oldBatch) != place->stride)
      continue;
    if (!best || target[d] == oldBatch)
      best = d;
  }
  if (!best && oldBatch > 1)
    best = findInner(*place, target, oldBatch);
  if (!best || target[*best] % oldBatch != 0)
    return std::nullopt;
  Shape shape(target);
  int64_t newBatch = place->newSize / (place->oldSize / oldBatch);
  shape[*best] = target[*best] / oldBatch * newBatch;
  return shape;
}

Shape rebatchExpand(llvm::ArrayRef<int64_t> before, llvm::ArrayRef<int64_t> now,
                    llvm::ArrayRef<int64_t> target) {
  Shape shape(target);
  for (size_t i = 1; i <= std::min(now.size(), shape.size()); ++i) {
    int64_t &size = shape[shape.size() - i];
    if (before[before.size() - i] != now[now.size() - i] && size == before[before.size() - i])
      size = now[now.size() - i];
  }
  return shape;
}

Shape rebatchRepetition(llvm::ArrayRef<int64_t> x, llvm::ArrayRef<int64_t> target, int64_t oldBatch,
                        int64_t newBatch) {
  Shape shape(target);
  bool repeats = x.size() < target.size() || (x.size() == target.size() && x.front() == 1);
  if (target.size() > 1 && target.front() == oldBatch && repeats)
    shape.front() = newBatch;
  return shape;
}

} // namespace dsc::onnx
