//===- Cumulative.cpp - Sums and products of all elements up to each ------===//

#include "lib/Frontend/ONNX/NodeImport.h"
#include "lib/Frontend/ONNX/Registry.h"

#include <cstdlib>

using namespace mlir;

namespace dsc::onnx {

/// x moved by `count` along `axis` (backwards if negative), with `neutral` at the free
/// end.
static Value moved(NodeImport &n, Value x, int64_t axis, int64_t count, double neutral) {
  int64_t size = shapeOf(x)[axis], distance = std::abs(count);
  if (distance >= size)
    return n.like(x, neutral);
  Shape none(rankOf(x), 0), free(none);
  free[axis] = distance;
  Value kept = n.slice(x, axis, count > 0 ? 0 : distance, size - distance);
  return count > 0 ? n.make<train::PadOp>(kept, neutral, free, none, none)
                   : n.make<train::PadOp>(kept, neutral, none, free, none);
}

/// Of 1, 2, 4, ... elements: as many steps as the size has binary digits (Hillis and
/// Steele, Data Parallel Algorithms, 1986), none of which holds more than the result,
/// and derivatives of products that are right where elements are zero.
template <typename Combine, int neutral> static LogicalResult importCumulative(NodeImport &n) {
  Value x = n.input(0);
  auto axis = n.axisInput(1, rankOf(x));
  if (failed(axis))
    return failure();
  int64_t direction = n.integer("reverse", 0) ? -1 : 1;
  if (n.integer("exclusive", 0))
    x = moved(n, x, *axis, direction, neutral);
  for (int64_t step = 1; step < shapeOf(x)[*axis]; step *= 2)
    x = n.make<Combine>(x, moved(n, x, *axis, direction * step, neutral));
  return n.set(0, x);
}

void populateCumulative(Registry &registry) {
  registry.add("CumProd", 26, inputs(2), importCumulative<train::MulOp, 1>).placesBySize();
  registry.add("CumSum", 11, inputs(2), importCumulative<train::AddOp, 0>).placesBySize();
}

} // namespace dsc::onnx
