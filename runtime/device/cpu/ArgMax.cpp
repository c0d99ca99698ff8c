//===- ArgMax.cpp - The position of the greatest element along an axis ----===//
#include "abi/CpuRoutines.h"
#include "device/cpu/Operands.h"
#include "device/cpu/Parallel.h"

#include <algorithm>

using namespace dsc;

namespace {

struct ArgMaxShape {
  int64_t outer, axis, inner;
  const int64_t *strides;
  int64_t flags;
};

/// Whether `value` takes the place of `best`: greater (or less), or the first NaN. `value != value`
/// is written out because it serves integers as well.
template <typename T> bool wins(T value, T best, int64_t flags) {
  if (best != best)
    return false;
  if (value != value)
    return true;
  if (value == best)
    return flags & DSC_ARGMAX_LAST;
  return (flags & DSC_ARGMAX_MIN) ? value < best : value > best;
}

/// The plain case, first of the greatest, in two fast passes instead of one with branches.
template <typename T> int64_t firstGreatest(const T *values, int64_t count) {
  constexpr int64_t lanes = 16;
  int64_t i = 0;
  T best = values[0];
  bool unordered = false;
  if (count >= lanes) {
    T bests[lanes];
    std::copy(values, values + lanes, bests);
    for (; i + lanes <= count; i += lanes) {
      for (int64_t lane = 0; lane < lanes; ++lane) {
        T value = values[i + lane];
        bests[lane] = value > bests[lane] ? value : bests[lane];
        unordered |= value != value;
      }
    }
    best = *std::max_element(bests, bests + lanes);
  }
  for (; i < count; ++i) {
    best = values[i] > best ? values[i] : best;
    unordered |= values[i] != values[i];
  }
  if (unordered)
    return std::find_if(values, values + count, [](T value) { return value != value; }) - values;
  return std::find(values, values + count, best) - values;
}

template <typename T>
int64_t winner(const T *values, int64_t count, int64_t stride, int64_t flags) {
  if (stride == 1 && flags == 0)
    return firstGreatest(values, count);
  int64_t best = 0;
  for (int64_t i = 1; i < count; ++i)
    if (wins(values[i * stride], values[best * stride], flags))
      best = i;
  return best;
}

template <typename T> void argMax(const ArgMaxShape &shape, const void *input, int64_t *out) {
  int64_t grain = std::max<int64_t>(1, (1 << 13) / shape.axis);
  parallelFor(shape.outer * shape.inner, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      out[i] = winner(static_cast<const T *>(input) + i / shape.inner * shape.strides[0] +
                          i % shape.inner * shape.strides[2],
                      shape.axis, shape.strides[1], shape.flags);
    }
  });
}

} // namespace

int32_t dscCpuArgMax(const DscCall *call, void *const *buffers) {
  Operands operands(call);
  int64_t type = operands.type(1u << DSC_F32 | 1u << DSC_F64 | 1u << DSC_I32 | 1u << DSC_I64);
  ArgMaxShape shape;
  shape.outer = operands.size();
  shape.axis = operands.size();
  shape.inner = operands.size();
  shape.strides = operands.take(3);
  shape.flags = operands.next();
  if (!operands.ok())
    return 1;
  if (shape.axis < 1) {
    dscSetError("%s: the axis has no elements", call->name);
    return 1;
  }
  auto *out = static_cast<int64_t *>(buffers[1]);
  switch (type) {
  case DSC_F32:
    argMax<float>(shape, buffers[0], out);
    break;
  case DSC_F64:
    argMax<double>(shape, buffers[0], out);
    break;
  case DSC_I32:
    argMax<int32_t>(shape, buffers[0], out);
    break;
  default:
    argMax<int64_t>(shape, buffers[0], out);
  }
  return 0;
}
