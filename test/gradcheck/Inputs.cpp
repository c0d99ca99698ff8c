//===- Inputs.cpp - Values that derivatives are checked at ----------------===//

#include "Inputs.h"

#include "mlir/IR/BuiltinTypes.h"

#include <algorithm>
#include <numeric>
#include <random>

using namespace mlir;
using namespace dsc;

Tensor gradcheck::makeGrid(RankedTensorType type, double low, double high, uint64_t seed) {
  Tensor tensor(type);
  size_t count = tensor.floats.size();
  // An even number of cells keeps the middle between two of them.
  double cells = static_cast<double>(count + count % 2);
  std::mt19937_64 generator(seed);
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), generator);
  for (size_t i = 0; i < count; ++i) {
    tensor.floats[i] = low + (high - low) * (static_cast<double>(order[i]) + 0.5) / cells;
  }
  return tensor;
}

static double floatAttr(FunctionOpInterface function, unsigned index, StringRef name,
                        double otherwise) {
  auto attr = function.getArgAttrOfType<FloatAttr>(index, name);
  return attr ? attr.getValueAsDouble() : otherwise;
}

Tensor gradcheck::makeInput(FunctionOpInterface function, unsigned index, uint64_t seed) {
  auto type = cast<RankedTensorType>(function.getArgumentTypes()[index]);
  if (isa<FloatType>(type.getElementType())) {
    return makeGrid(type, floatAttr(function, index, "check.low", -1.0),
                    floatAttr(function, index, "check.high", 1.0), seed);
  }
  auto bound = function.getArgAttrOfType<IntegerAttr>(index, "check.bound");
  std::mt19937_64 generator(seed);
  Tensor tensor(type);
  for (int64_t &value : tensor.ints) {
    value = static_cast<int64_t>(generator() % static_cast<uint64_t>(bound ? bound.getInt() : 2));
  }
  return tensor;
}
