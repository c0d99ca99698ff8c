//===- Access.cpp - Where a value's elements are --------------------------===//

#include "lib/Lowering/ExecLowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc;

SmallVector<int64_t> dsc::denseStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t dim = shape.size(); dim-- > 1;) {
    strides[dim - 1] = strides[dim] * shape[dim];
  }
  return strides;
}

Strided dsc::denseOf(Value value) {
  ArrayRef<int64_t> shape = tensorType(value).getShape();
  return {nullptr, 0, SmallVector<int64_t>(shape), denseStrides(shape)};
}

//===----------------------------------------------------------------------===//
// Reshapes: groups of dimensions with equal products of sizes
//===----------------------------------------------------------------------===//

namespace {
/// Dimensions [from.first, from.second) of one shape hold the elements of
/// [to.first, to.second) of the other.
struct ReshapeGroup {
  std::pair<size_t, size_t> from, to;
};
} // namespace

/// Nothing where the shapes do not decompose (an empty tensor).
static std::optional<SmallVector<ReshapeGroup>> reshapeGroups(ArrayRef<int64_t> from,
                                                              ArrayRef<int64_t> to) {
  SmallVector<ReshapeGroup> groups;
  size_t i = 0, j = 0;
  while (i < from.size() || j < to.size()) {
    ReshapeGroup group{{i, i}, {j, j}};
    int64_t left = i < from.size() ? from[i++] : 1, right = j < to.size() ? to[j++] : 1;
    while (left != right) {
      if (left < right && i < from.size()) {
        left *= from[i++];
      } else if (right < left && j < to.size()) {
        right *= to[j++];
      } else {
        return std::nullopt;
      }
    }
    group.from.second = i;
    group.to.second = j;
    groups.push_back(group);
  }
  return groups;
}

/// Dimensions of `range` that are not 1.
static SmallVector<size_t> properDims(std::pair<size_t, size_t> range, ArrayRef<int64_t> shape) {
  SmallVector<size_t> dims;
  for (size_t dim = range.first; dim < range.second; ++dim) {
    if (shape[dim] != 1) {
      dims.push_back(dim);
    }
  }
  return dims;
}

/// Indices of x for indices `y` of reshape(x), if they are linear in them.
static std::optional<SmallVector<AffineExpr>>
reshapeIndices(train::ReshapeOp op, ArrayRef<AffineExpr> y, MLIRContext *context) {
  ArrayRef<int64_t> from = tensorType(op.getX()).getShape(), to = op.getType().getShape();
  auto groups = reshapeGroups(from, to);
  if (!groups) {
    return std::nullopt;
  }
  SmallVector<AffineExpr> indices(from.size(), getAffineConstantExpr(0, context));
  for (const ReshapeGroup &group : *groups) {
    SmallVector<size_t> fromDims = properDims(group.from, from), toDims = properDims(group.to, to);
    if (fromDims.size() > 1) {
      // Same sizes in the same order (unit dimensions apart) are linear, too.
      if (fromDims.size() != toDims.size() ||
          !llvm::all_of(llvm::zip(fromDims, toDims), [&](auto pair) {
            return from[std::get<0>(pair)] == to[std::get<1>(pair)];
          })) {
        return std::nullopt;
      }
      for (auto [fromDim, toDim] : llvm::zip_equal(fromDims, toDims)) {
        indices[fromDim] = y[toDim];
      }
      continue;
    }
    if (fromDims.empty()) {
      continue;
    }
    AffineExpr index = getAffineConstantExpr(0, context);
    for (size_t dim : toDims) {
      index = index * to[dim] + y[dim];
    }
    indices[fromDims.front()] = index;
  }
  return indices;
}

//===----------------------------------------------------------------------===//
// Operands of loop nests
//===----------------------------------------------------------------------===//

/// A transpose read in place must leave the innermost dimension where it is,
/// else every vector load would become a gather.
static bool keepsLastDim(ArrayRef<int64_t> permutation) {
  return permutation.empty() || permutation.back() == static_cast<int64_t>(permutation.size()) - 1;
}

/// Indices of x for indices `y` of transpose(x).
static SmallVector<AffineExpr> transposedIndices(ArrayRef<int64_t> permutation,
                                                 ArrayRef<AffineExpr> y) {
  SmallVector<AffineExpr> indices(y.size());
  for (auto [index, dim] : llvm::enumerate(permutation)) {
    indices[static_cast<size_t>(dim)] = y[index];
  }
  return indices;
}

/// The producer's indices for indices `y` of its result; nothing if the op must
/// be materialized. Returns the operand's value, too.
static std::optional<std::pair<Value, SmallVector<AffineExpr>>>
stepThrough(Operation *op, ArrayRef<AffineExpr> y, MLIRContext *context) {
  SmallVector<AffineExpr> indices;
  if (auto broadcast = dyn_cast<train::BroadcastOp>(op)) {
    for (auto [index, dim] : llvm::enumerate(broadcast.getDims())) {
      bool repeats = tensorType(broadcast.getX()).getDimSize(static_cast<unsigned>(index)) == 1;
      indices.push_back(repeats ? getAffineConstantExpr(0, context) : y[static_cast<size_t>(dim)]);
    }
    return std::pair(broadcast.getX(), indices);
  }
  if (auto transpose = dyn_cast<train::TransposeOp>(op)) {
    if (!keepsLastDim(transpose.getPermutation())) {
      return std::nullopt;
    }
    return std::pair(transpose.getX(), transposedIndices(transpose.getPermutation(), y));
  }
  if (auto slice = dyn_cast<train::SliceOp>(op)) {
    for (auto [index, start, stride] : llvm::zip_equal(y, slice.getStarts(), slice.getStrides())) {
      indices.push_back(index * stride + start);
    }
    return std::pair(slice.getX(), indices);
  }
  if (auto reshape = dyn_cast<train::ReshapeOp>(op)) {
    if (auto linear = reshapeIndices(reshape, y, context)) {
      return std::pair(reshape.getX(), *linear);
    }
  }
  return std::nullopt;
}

NestOperand ExecLowering::resolve(Value value, AffineMap map) {
  Type elementType = getElementTypeOrSelf(value);
  auto tensor = [&](Value source) {
    return NestOperand{NestOperand::Kind::Tensor, source, map, {}, {}, elementType};
  };
  if (Value known = lowered.lookup(value)) {
    return tensor(known);
  }
  auto view = transposed.find(value);
  if (view != transposed.end() && keepsLastDim(view->second.permutation)) {
    auto indices = transposedIndices(view->second.permutation, map.getResults());
    return resolve(view->second.other,
                   AffineMap::get(map.getNumDims(), 0, indices, map.getContext()));
  }
  Operation *op = value.getDefiningOp();
  if (auto constant = dyn_cast_or_null<train::ConstantOp>(op)) {
    if (auto splat = dyn_cast<SplatElementsAttr>(constant.getValue())) {
      return {NestOperand::Kind::Constant,      {}, {},
              splat.getSplatValue<TypedAttr>(), {}, elementType};
    }
    return tensor(materialize(value));
  }
  if (auto iota = dyn_cast_or_null<train::IotaOp>(op)) {
    return {NestOperand::Kind::Index,
            {},
            {},
            {},
            map.getResult(static_cast<unsigned>(iota.getDim())),
            elementType};
  }
  if (op) {
    if (auto step = stepThrough(op, map.getResults(), map.getContext())) {
      auto inner = AffineMap::get(map.getNumDims(), 0, step->second, map.getContext());
      return resolve(step->first, inner);
    }
  }
  return tensor(materialize(value));
}

//===----------------------------------------------------------------------===//
// Operands of library calls
//===----------------------------------------------------------------------===//

/// Strides of reshape(x) over x's buffer, if x's dimensions split or merge.
static std::optional<SmallVector<int64_t>> reshapeStrides(const Strided &x, ArrayRef<int64_t> to) {
  auto groups = reshapeGroups(x.shape, to);
  if (!groups) {
    return std::nullopt;
  }
  SmallVector<int64_t> strides(to.size(), 0);
  for (const ReshapeGroup &group : *groups) {
    SmallVector<size_t> dims = properDims(group.from, x.shape);
    if (dims.empty()) {
      continue;
    }
    for (size_t i = 0; i + 1 < dims.size(); ++i) {
      if (x.strides[dims[i]] != x.strides[dims[i + 1]] * x.shape[dims[i + 1]]) {
        return std::nullopt; // the dimensions do not merge
      }
    }
    int64_t stride = x.strides[dims.back()];
    for (size_t dim = group.to.second; dim-- > group.to.first;) {
      strides[dim] = stride;
      stride *= to[dim];
    }
  }
  return strides;
}

Strided ExecLowering::strided(Value value) {
  ArrayRef<int64_t> shape = tensorType(value).getShape();
  auto dense = [&](Value source) {
    return Strided{source, 0, SmallVector<int64_t>(shape), denseStrides(shape)};
  };
  if (Value known = lowered.lookup(value)) {
    return dense(known);
  }
  Operation *op = value.getDefiningOp();
  Strided result;
  result.shape.assign(shape.begin(), shape.end());
  auto permuted = [&](Value other, ArrayRef<int64_t> permutation) {
    Strided x = strided(other);
    result.source = x.source;
    result.offset = x.offset;
    for (int64_t dim : permutation) {
      result.strides.push_back(x.strides[static_cast<size_t>(dim)]);
    }
    return result;
  };
  auto view = transposed.find(value);
  if (view != transposed.end()) {
    return permuted(view->second.other, view->second.permutation);
  }
  if (auto transpose = dyn_cast_or_null<train::TransposeOp>(op)) {
    return permuted(transpose.getX(), transpose.getPermutation());
  }
  if (auto broadcast = dyn_cast_or_null<train::BroadcastOp>(op)) {
    Strided x = strided(broadcast.getX());
    result.source = x.source;
    result.offset = x.offset;
    result.strides.assign(shape.size(), 0);
    for (auto [index, dim] : llvm::enumerate(broadcast.getDims())) {
      result.strides[static_cast<size_t>(dim)] = x.shape[index] == 1 ? 0 : x.strides[index];
    }
    return result;
  }
  if (auto slice = dyn_cast_or_null<train::SliceOp>(op)) {
    Strided x = strided(slice.getX());
    result.source = x.source;
    result.offset = x.offset;
    for (auto [start, step, stride] :
         llvm::zip_equal(slice.getStarts(), slice.getStrides(), x.strides)) {
      result.offset += start * stride;
      result.strides.push_back(step * stride);
    }
    return result;
  }
  if (auto reshape = dyn_cast_or_null<train::ReshapeOp>(op)) {
    Strided x = strided(reshape.getX());
    if (auto strides = reshapeStrides(x, shape)) {
      return {x.source, x.offset, SmallVector<int64_t>(shape), *strides};
    }
  }
  return dense(materialize(value));
}

ExecLowering::Output ExecLowering::planOutput(Value result, bool sharing) {
  auto type = tensorType(result);
  Output plain{result, type, denseStrides(type.getShape())};
  train::TransposeOp transpose;
  for (Operation *user : result.getUsers()) {
    auto next = dyn_cast<train::TransposeOp>(user);
    if ((next && transpose) || (!next && !sharing)) {
      return plain;
    }
    transpose = next ? next : transpose;
  }
  if (!transpose) {
    return plain;
  }
  SmallVector<int64_t> outer = denseStrides(transpose.getType().getShape());
  SmallVector<int64_t> strides(outer.size());
  for (auto [index, dim] : llvm::enumerate(transpose.getPermutation())) {
    strides[static_cast<size_t>(dim)] = outer[index];
  }
  return {transpose.getResult(), transpose.getType(), strides};
}

void ExecLowering::setOutput(Value result, const Output &output, Value execValue) {
  set(output.value, execValue);
  if (output.value == result) {
    return;
  }
  auto transpose = cast<train::TransposeOp>(output.value.getDefiningOp());
  SmallVector<int64_t> inverse(transpose.getPermutation().size());
  for (auto [index, dim] : llvm::enumerate(transpose.getPermutation())) {
    inverse[static_cast<size_t>(dim)] = static_cast<int64_t>(index);
  }
  setTransposed(result, output.value, inverse);
}

/// Where `part` of the concatenation begins in its dense result.
static int64_t partOffset(train::ConcatOp whole, OpOperand &part) {
  unsigned dim = static_cast<unsigned>(whole.getDim());
  int64_t before = 0;
  for (Value other : whole.getInputs().take_front(part.getOperandNumber())) {
    before += tensorType(other).getDimSize(dim);
  }
  return before * denseStrides(whole.getType().getShape())[dim];
}

/// Strides of `op`'s operand, given those of its result; nothing where a reshape
/// cannot be expressed.
static std::optional<SmallVector<int64_t>> operandStrides(Operation *op,
                                                          ArrayRef<int64_t> strides) {
  if (auto reshape = dyn_cast<train::ReshapeOp>(op)) {
    ArrayRef<int64_t> shape = reshape.getType().getShape();
    Strided y{nullptr, 0, SmallVector<int64_t>(shape), SmallVector<int64_t>(strides)};
    return reshapeStrides(y, tensorType(reshape.getX()).getShape());
  }
  auto transpose = cast<train::TransposeOp>(op);
  SmallVector<int64_t> result(strides.size());
  for (auto [index, dim] : llvm::enumerate(transpose.getPermutation())) {
    result[static_cast<size_t>(dim)] = strides[index];
  }
  return result;
}

std::optional<ExecLowering::Part> ExecLowering::planPart(Value result) const {
  SmallVector<Operation *> chain;
  Value value = result;
  while (value.hasOneUse() && isa<train::ReshapeOp, train::TransposeOp>(*value.user_begin())) {
    chain.push_back(*value.user_begin());
    value = chain.back()->getResult(0);
  }
  auto whole = value.hasOneUse() ? dyn_cast<train::ConcatOp>(*value.user_begin()) : nullptr;
  if (!joinParts || !whole || whole->getBlock() != result.getParentBlock()) {
    return std::nullopt;
  }
  Part part{whole, partOffset(whole, *value.use_begin()), denseStrides(whole.getType().getShape())};
  for (Operation *op : llvm::reverse(chain)) {
    auto strides = operandStrides(op, part.strides);
    if (!strides) {
      return std::nullopt;
    }
    part.strides = *strides;
  }
  return part;
}

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

int64_t dsc::dscTypeOf(Type type) {
  // The order of DscType in runtime/abi/Abi.h.
  if (type.isF32()) {
    return 0;
  }
  if (type.isF64()) {
    return 1;
  }
  if (type.isF16()) {
    return 2;
  }
  if (type.isBF16()) {
    return 3;
  }
  if (type.isUnsignedInteger(8)) {
    return 9;
  }
  switch (type.getIntOrFloatBitWidth()) {
  case 1:
    return 4;
  case 8:
    return 5;
  case 16:
    return 6;
  case 32:
    return 7;
  default:
    return 8;
  }
}

int64_t dsc::elementBytes(Type type) {
  return std::max<int64_t>(1, static_cast<int64_t>(type.getIntOrFloatBitWidth()) / 8);
}
