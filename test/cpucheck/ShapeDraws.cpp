//===- ShapeDraws.cpp - A value as a shape op of another ------------------===//

#include "ShapeDraws.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::cpucheck;

/// Null where the op was taken back.
static Value firstResult(Operation *op) { return op ? op->getResult(0) : Value(); }

/// Larger operands would make the interpreter slow.
static constexpr int64_t kMostElements = 4096;

Value cpucheck::byTranspose(ProgramBuilder &program, RankedTensorType type, const Want &want) {
  Shape permutation = program.draw.permutation(type.getRank());
  Shape from(permutation.size());
  for (auto [i, dim] : llvm::enumerate(permutation)) {
    from[static_cast<size_t>(dim)] = type.getDimSize(static_cast<unsigned>(i));
  }
  Value x = program.operand(type.clone(from), want);
  return firstResult(program.make<train::TransposeOp>(x, ArrayRef<int64_t>(permutation)));
}

Value cpucheck::bySlice(ProgramBuilder &program, RankedTensorType type, const Want &want) {
  Shape from, starts, strides;
  for (int64_t size : type.getShape()) {
    bool isWhole = program.draw.chance(40);
    starts.push_back(isWhole ? 0 : program.draw.below(4));
    strides.push_back(isWhole ? 1 : program.draw.pick<int64_t>({1, 1, 1, 2, 3}));
    int64_t rest = isWhole ? 0 : program.draw.below(3);
    from.push_back(starts.back() + std::max<int64_t>(size - 1, 0) * strides.back() + 1 + rest);
  }
  if (countOf(from) > kMostElements) {
    return nullptr;
  }
  Value x = program.operand(type.clone(from), want);
  return firstResult(program.make<train::SliceOp>(type, x, starts, strides));
}

Value cpucheck::byBroadcast(ProgramBuilder &program, RankedTensorType type, const Want &want) {
  Shape dims = program.draw.subset(type.getRank()), from;
  for (int64_t dim : dims) {
    from.push_back(program.draw.chance(25) ? 1 : type.getDimSize(static_cast<unsigned>(dim)));
  }
  Value x = program.operand(type.clone(from), want);
  return firstResult(program.make<train::BroadcastOp>(type, x, dims));
}

/// Merges neighbours, splits a dimension, or inserts ones.
static Shape drawReshape(Draw &draw, ArrayRef<int64_t> shape) {
  Shape from;
  for (int64_t size : shape) {
    if (!from.empty() && draw.chance(35)) {
      from.back() *= size;
    } else if (size % 2 == 0 && draw.chance(30)) {
      from.append({size / 2, 2});
    } else {
      from.push_back(size);
    }
    if (draw.chance(15)) {
      from.push_back(1);
    }
  }
  return from;
}

Value cpucheck::byReshape(ProgramBuilder &program, RankedTensorType type, const Want &want) {
  Value x = program.operand(type.clone(drawReshape(program.draw, type.getShape())), want);
  return firstResult(program.make<train::ReshapeOp>(type, x));
}

Value cpucheck::byConcat(ProgramBuilder &program, RankedTensorType type, const Want &want) {
  if (type.getRank() == 0) {
    return nullptr;
  }
  auto dim = static_cast<unsigned>(program.draw.below(type.getRank()));
  int64_t left = type.getDimSize(dim);
  SmallVector<Value> parts;
  while (left > 0) {
    int64_t size = parts.size() == 2 ? left : program.draw.between(1, left);
    Shape from(type.getShape());
    from[dim] = size;
    parts.push_back(program.operand(type.clone(from), want));
    left -= size;
  }
  return firstResult(program.make<train::ConcatOp>(static_cast<int64_t>(dim), parts));
}

Value cpucheck::byPad(ProgramBuilder &program, RankedTensorType type, const Want &want) {
  Shape from, low, high, interior;
  for (int64_t size : type.getShape()) {
    low.push_back(program.draw.below(std::min<int64_t>(size, 3)));
    high.push_back(program.draw.below(std::min<int64_t>(size - low.back(), 3)));
    int64_t left = size - low.back() - high.back();
    bool hasGaps = left % 2 == 1 && left > 1 && program.draw.chance(30);
    interior.push_back(hasGaps ? 1 : 0);
    from.push_back(hasGaps ? (left + 1) / 2 : left);
  }
  Value x = program.operand(type.clone(from), want);
  double value = isa<FloatType>(type.getElementType()) ? (want.low + want.high) / 2 : 0.0;
  return firstResult(program.make<train::PadOp>(x, value, low, high, interior));
}

Value cpucheck::deriveByShapeOp(ProgramBuilder &program, RankedTensorType type, const Want &want) {
  if (type.getNumElements() > kMostElements) {
    return nullptr;
  }
  using By = Value (*)(ProgramBuilder &, RankedTensorType, const Want &);
  return program.draw.pick<By>({byTranspose, byTranspose, bySlice, byBroadcast, byReshape, byConcat,
                                byPad})(program, type, want);
}

//===----------------------------------------------------------------------===//
// Earlier values
//===----------------------------------------------------------------------===//

/// permutation[i] is the dimension of `from` that becomes dimension i of `to`.
static std::optional<Shape> permutationTo(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  Shape permutation;
  for (int64_t size : to) {
    int64_t dim = static_cast<int64_t>(from.size()) - 1;
    while (dim >= 0 &&
           (from[static_cast<size_t>(dim)] != size || llvm::is_contained(permutation, dim))) {
      --dim;
    }
    if (dim < 0) {
      return std::nullopt;
    }
    permutation.push_back(dim);
  }
  return from.size() == to.size() ? std::optional(permutation) : std::nullopt;
}

/// The result dimension of each dimension of `from`, ascending.
static std::optional<Shape> broadcastTo(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  Shape dims;
  size_t next = 0;
  for (int64_t size : from) {
    while (next < to.size() && to[next] != size && size != 1) {
      ++next;
    }
    if (next == to.size()) {
      return std::nullopt;
    }
    dims.push_back(static_cast<int64_t>(next++));
  }
  return dims;
}

static bool isPartOf(ArrayRef<int64_t> part, ArrayRef<int64_t> whole) {
  return part.size() == whole.size() && llvm::all_of(llvm::zip(part, whole), [](auto pair) {
           return std::get<0>(pair) <= std::get<1>(pair);
         });
}

bool cpucheck::canAdapt(Value value, RankedTensorType type) {
  auto from = cast<RankedTensorType>(value.getType());
  return from.getElementType() == type.getElementType() &&
         (from.getNumElements() == type.getNumElements() ||
          isPartOf(type.getShape(), from.getShape()) ||
          broadcastTo(from.getShape(), type.getShape()));
}

Value cpucheck::adapt(ProgramBuilder &program, Value value, RankedTensorType type) {
  ArrayRef<int64_t> from = cast<RankedTensorType>(value.getType()).getShape();
  ArrayRef<int64_t> to = type.getShape();
  auto permutation = permutationTo(from, to);
  if (permutation && program.draw.chance(70)) {
    return firstResult(program.make<train::TransposeOp>(value, ArrayRef<int64_t>(*permutation)));
  }
  if (countOf(from) == countOf(to)) {
    return firstResult(program.make<train::ReshapeOp>(type, value));
  }
  if (auto dims = broadcastTo(from, to)) {
    return firstResult(program.make<train::BroadcastOp>(type, value, *dims));
  }
  Shape starts, strides;
  for (auto [size, whole] : llvm::zip_equal(to, from)) {
    strides.push_back(size > 1 ? program.draw.between(1, (whole - 1) / (size - 1)) : 1);
    starts.push_back(program.draw.below(whole - (size - 1) * strides.back()));
  }
  return firstResult(program.make<train::SliceOp>(type, value, starts, strides));
}
