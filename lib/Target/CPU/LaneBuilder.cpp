//===- LaneBuilder.cpp - Values and memory of several lanes ---------------===//
//
// Contiguous accesses become vector loads and stores, others gathers and
// scatters, tails masked ones; nothing out of bounds is ever touched.
//
//===----------------------------------------------------------------------===//
#include "LaneBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace dsc::cpu {

Type memoryType(Type element) {
  if (element.isInteger(1))
    return IntegerType::get(element.getContext(), 8);
  return element.isBF16() ? IntegerType::get(element.getContext(), 16) : element;
}

static unsigned byteWidth(Type memory) { return memory.getIntOrFloatBitWidth() / 8; }

Value LaneBuilder::constantI64(int64_t value) {
  return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
}

Value LaneBuilder::add(Value lhs, Value rhs) {
  return b.createOrFold<arith::AddIOp>(lhs, rhs, arith::IntegerOverflowFlags::nsw);
}

Value LaneBuilder::scale(Value value, int64_t factor) {
  if (factor == 1)
    return value;
  return b.createOrFold<arith::MulIOp>(value, constantI64(factor),
                                       arith::IntegerOverflowFlags::nsw);
}

VectorType LaneBuilder::vectorOf(Type element) { return VectorType::get({lanes}, element); }

Value LaneBuilder::asVector(const Lanes &value, unsigned i) {
  if (!value.uniform)
    return value.values[i];
  return vector::BroadcastOp::create(b, vectorOf(value.values.front().getType()),
                                     value.values.front());
}

Lanes LaneBuilder::splat(const Lanes &value, unsigned copies) {
  if (!value.uniform)
    return value;
  return {false, SmallVector<Value, 4>(copies, asVector(value, 0))};
}

Value LaneBuilder::mask(unsigned active) {
  SmallVector<bool> bits(lanes, false);
  std::fill_n(bits.begin(), active, true);
  return arith::ConstantOp::create(b, b.getBoolVectorAttr(bits));
}

Value LaneBuilder::activeMask(const Position &at, unsigned copy) {
  return mask(at.hasTail(copy) ? at.tailLanes : lanes);
}

/// 0, stride, 2*stride, ... as i64.
Value LaneBuilder::iota(int64_t stride) {
  SmallVector<int64_t> steps;
  for (unsigned i = 0; i < lanes; ++i)
    steps.push_back(stride * i);
  return arith::ConstantOp::create(b, b.getI64VectorAttr(steps));
}

Lanes LaneBuilder::dimIndex(const Position &at, unsigned dim) {
  if (dim != at.vectorDim)
    return Lanes::scalar(b.createOrFold<arith::IndexCastOp>(b.getIndexType(), at.index[dim]));
  Lanes result{false, {}};
  for (unsigned i = 0; i < at.copies; ++i) {
    Value first = add(at.index[dim], constantI64(static_cast<int64_t>(i) * lanes));
    Value all = arith::AddIOp::create(b, asVector(Lanes::scalar(first), 0), iota(1),
                                      arith::IntegerOverflowFlags::nsw);
    result.values.push_back(arith::IndexCastOp::create(b, vectorOf(b.getIndexType()), all));
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value LaneBuilder::offsetOf(const Position &at, const LinearAccess &access) {
  Value offset = constantI64(access.offset);
  for (auto [stride, index] : llvm::zip_equal(access.strides, at.index))
    if (stride != 0)
      offset = add(offset, scale(index, stride));
  return offset;
}

Value LaneBuilder::address(Value base, Type memory, Value offset) {
  return LLVM::GEPOp::create(b, base.getType(), memory, base, ValueRange{offset});
}

Value LaneBuilder::addressOfCopy(const Position &at, Value base, Type memory,
                                 const LinearAccess &access, unsigned copy) {
  Value offset = offsetOf(at, access);
  if (at.vectorDim)
    offset = add(offset, constantI64(access.strides[*at.vectorDim] * copy * lanes));
  return address(base, memory, offset);
}

Value LaneBuilder::laneAddresses(const Position &at, Value base, Type memory,
                                 const LinearAccess &access, unsigned copy) {
  Value first = addressOfCopy(at, base, memory, access, copy);
  return LLVM::GEPOp::create(b, vectorOf(base.getType()), memory, first,
                             ValueRange{iota(access.strides[*at.vectorDim])});
}

/// `like`, a scalar or a vector, with elements of another type.
static Type withElements(Type like, Type element) {
  auto vector = dyn_cast<VectorType>(like);
  return vector ? vector.clone(element) : element;
}

/// The elements of a tensor of `element` from what was loaded.
Value LaneBuilder::fromMemory(Type element, Value value) {
  if (element.isBF16())
    return arith::BitcastOp::create(b, withElements(value.getType(), element), value);
  if (!element.isInteger(1))
    return value;
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(value.getType()));
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, value, zero);
}

Value LaneBuilder::toMemory(Value value) {
  Type element = getElementTypeOrSelf(value);
  Type type = withElements(value.getType(), memoryType(element));
  if (element.isBF16())
    return arith::BitcastOp::create(b, type, value);
  return element.isInteger(1) ? arith::ExtUIOp::create(b, type, value).getResult() : value;
}

Value LaneBuilder::gatherVector(const Position &at, Value addresses, Type memory, unsigned copy) {
  VectorType type = vectorOf(memory);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
  return LLVM::masked_gather::create(b, type, addresses, activeMask(at, copy), ValueRange{zero},
                                     byteWidth(memory));
}

Value LaneBuilder::loadVector(const Position &at, Value base, Type memory,
                              const LinearAccess &access, unsigned copy) {
  VectorType type = vectorOf(memory);
  if (access.strides[*at.vectorDim] != 1)
    return gatherVector(at, laneAddresses(at, base, memory, access, copy), memory, copy);
  Value pointer = addressOfCopy(at, base, memory, access, copy);
  if (!at.hasTail(copy))
    return LLVM::LoadOp::create(b, type, pointer, byteWidth(memory));
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
  return LLVM::MaskedLoadOp::create(b, type, pointer, activeMask(at, copy), zero,
                                    b.getI32IntegerAttr(byteWidth(memory)));
}

Lanes LaneBuilder::load(const Position &at, Value base, Type element, const LinearAccess &access) {
  Type memory = memoryType(element);
  if (!at.vectorDim || access.strides[*at.vectorDim] == 0) {
    Value pointer = address(base, memory, offsetOf(at, access));
    return Lanes::scalar(
        fromMemory(element, LLVM::LoadOp::create(b, memory, pointer, byteWidth(memory))));
  }
  Lanes result{false, {}};
  for (unsigned i = 0; i < at.copies; ++i)
    result.values.push_back(fromMemory(element, loadVector(at, base, memory, access, i)));
  return result;
}

void LaneBuilder::store(const Position &at, Value base, Type element, const LinearAccess &access,
                        const Lanes &value) {
  Type memory = memoryType(element);
  unsigned alignment = byteWidth(memory);
  if (!at.vectorDim) {
    Value pointer = address(base, memory, offsetOf(at, access));
    LLVM::StoreOp::create(b, toMemory(value.values.front()), pointer, alignment);
    return;
  }
  bool contiguous = access.strides[*at.vectorDim] == 1;
  for (unsigned i = 0; i < at.copies; ++i) {
    Value stored = toMemory(asVector(value, i));
    if (!contiguous) {
      Value addresses = laneAddresses(at, base, memory, access, i);
      LLVM::masked_scatter::create(b, stored, addresses, activeMask(at, i), alignment);
      continue;
    }
    Value pointer = addressOfCopy(at, base, memory, access, i);
    if (at.hasTail(i))
      LLVM::MaskedStoreOp::create(b, stored, pointer, activeMask(at, i), alignment);
    else
      LLVM::StoreOp::create(b, stored, pointer, alignment);
  }
}

Lanes LaneBuilder::gather(const Position &at, Value base, Type element, const Lanes &offsets) {
  Type memory = memoryType(element);
  if (offsets.uniform) {
    Value offset = arith::IndexCastOp::create(b, b.getI64Type(), offsets.values.front());
    Value pointer = address(base, memory, offset);
    return Lanes::scalar(
        fromMemory(element, LLVM::LoadOp::create(b, memory, pointer, byteWidth(memory))));
  }
  Lanes result{false, {}};
  for (unsigned i = 0; i < at.copies; ++i) {
    Value offset = arith::IndexCastOp::create(b, vectorOf(b.getI64Type()), offsets.values[i]);
    Value addresses =
        LLVM::GEPOp::create(b, vectorOf(base.getType()), memory, base, ValueRange{offset});
    result.values.push_back(fromMemory(element, gatherVector(at, addresses, memory, i)));
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

Value LaneBuilder::combine(Operation *combiner, Value lhs, Value rhs) {
  OperationState state(b.getLoc(), combiner->getName(), {lhs, rhs}, {lhs.getType()},
                       combiner->getAttrs());
  return b.create(state)->getResult(0);
}

/// Copies are combined pairwise, then halves of the vector, so that rounding
/// errors stay small and the order is fixed.
Value LaneBuilder::reduce(ArrayRef<Value> copies, Operation *combiner) {
  SmallVector<Value> values(copies);
  while (values.size() > 1) {
    SmallVector<Value> next;
    for (size_t i = 0; i + 1 < values.size(); i += 2)
      next.push_back(combine(combiner, values[i], values[i + 1]));
    if (values.size() % 2 != 0)
      next.push_back(values.back());
    values = std::move(next);
  }
  Value value = values.front();
  for (int64_t width = lanes / 2; width >= 1; width /= 2) {
    Value low = vector::ExtractStridedSliceOp::create(b, value, ArrayRef<int64_t>{0}, {width}, {1});
    Value high =
        vector::ExtractStridedSliceOp::create(b, value, ArrayRef<int64_t>{width}, {width}, {1});
    value = combine(combiner, low, high);
  }
  return vector::ExtractOp::create(b, value, ArrayRef<int64_t>{0});
}

} // namespace dsc::cpu
