//===- Resize.cpp - Interpolation along axes ------------------------------===//
//
// Resizing is linear and separable: along each axis, a result element is a weighted
// sum of input elements, and the weights are numbers known at import. Few of them
// become takes (free where they are slices or repetitions), many a matrix product.
// So the derivatives are those of take and dot.
//
//===----------------------------------------------------------------------===//

#include "Indices.h"
#include "Products.h"

#include <cmath>

using namespace mlir;

namespace dsc::onnx {

namespace {

/// How one axis is resized.
struct AxisPlan {
  int64_t axis;
  int64_t inputSize, outputSize;
  double scale;
  double roiStart = 0, roiEnd = 1;
};

/// What the node says for all axes.
struct Method {
  std::string mode, coordinates, nearest, policy;
  double cubic = -0.75, extrapolation = 0;
  bool excludeOutside = false, antialias = false;
};

/// The weighted input elements of each result element along an axis.
struct Taps {
  std::vector<std::vector<std::pair<int64_t, double>>> rows;
  std::vector<bool> isOutside; // replaced by the extrapolation value
};

} // namespace

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// Where result element i lies among the input's elements; null if the transformation
/// is not known.
static std::optional<double> originalPlace(const Method &method, const AxisPlan &plan, int64_t i) {
  auto x = static_cast<double>(i);
  auto in = static_cast<double>(plan.inputSize), out = static_cast<double>(plan.outputSize);
  llvm::StringRef name = method.coordinates;
  if (name == "half_pixel")
    return (x + 0.5) / plan.scale - 0.5;
  if (name == "half_pixel_symmetric") {
    double adjustment = out / (plan.scale * in);
    return in / 2 * (1 - adjustment) + (x + 0.5) / plan.scale - 0.5;
  }
  if (name == "pytorch_half_pixel")
    return plan.outputSize == 1 ? 0 : (x + 0.5) / plan.scale - 0.5;
  if (name == "align_corners")
    return plan.outputSize == 1 ? 0 : x * (in - 1) / (plan.scale * in - 1);
  if (name == "asymmetric")
    return x / plan.scale;
  if (name == "tf_half_pixel_for_nn")
    return (x + 0.5) / plan.scale;
  if (name != "tf_crop_and_resize")
    return std::nullopt;
  if (plan.outputSize == 1)
    return (plan.roiStart + plan.roiEnd) * (in - 1) / 2;
  return plan.roiStart * (in - 1) + x * (plan.roiEnd - plan.roiStart) * (in - 1) / (out - 1);
}

static double nearestPlace(llvm::StringRef mode, double x) {
  if (mode == "round_prefer_ceil")
    return std::floor(x + 0.5);
  if (mode == "floor")
    return std::floor(x);
  if (mode == "ceil")
    return std::ceil(x);
  return std::ceil(x - 0.5);
}

static double cubicWeight(double distance, double a) {
  double t = std::fabs(distance);
  if (t <= 1)
    return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}

/// Weights of the neighbors of x, wider by 1 / scale where shrinking is to be smooth.
static std::vector<std::pair<int64_t, double>> smoothTaps(const Method &method,
                                                          const AxisPlan &plan, double x) {
  bool isCubic = method.mode == "cubic";
  double stretch = method.antialias ? std::min(plan.scale, 1.0) : 1.0;
  double radius = (isCubic ? 2 : 1) / stretch;
  auto first = static_cast<int64_t>(std::floor(x - radius)) + 1;
  auto last = static_cast<int64_t>(std::ceil(x + radius)) - 1;
  std::vector<std::pair<int64_t, double>> taps;
  double total = 0;
  for (int64_t i = first; i <= last; ++i) {
    double distance = (static_cast<double>(i) - x) * stretch;
    double weight =
        isCubic ? cubicWeight(distance, method.cubic) : std::max(0.0, 1 - std::fabs(distance));
    bool isOutside = i < 0 || i >= plan.inputSize;
    if (weight == 0 || (isOutside && method.excludeOutside))
      continue;
    taps.emplace_back(std::clamp<int64_t>(i, 0, plan.inputSize - 1), weight);
    total += weight;
  }
  if (method.antialias || method.excludeOutside)
    for (auto &tap : taps)
      tap.second /= total;
  return taps;
}

/// Null if the method is not known.
static std::optional<Taps> makeTaps(const Method &method, const AxisPlan &plan) {
  Taps taps;
  auto last = static_cast<double>(plan.inputSize - 1);
  for (int64_t i = 0; i < plan.outputSize; ++i) {
    std::optional<double> x = originalPlace(method, plan, i);
    if (!x)
      return std::nullopt;
    bool isCrop = method.coordinates == "tf_crop_and_resize";
    taps.isOutside.push_back(isCrop && (*x < 0 || *x > last));
    if (method.mode == "nearest") {
      double place = std::clamp(nearestPlace(method.nearest, *x), 0.0, last);
      taps.rows.push_back({{static_cast<int64_t>(place), 1.0}});
    } else {
      taps.rows.push_back(smoothTaps(method, plan, *x));
    }
  }
  return taps;
}

//===----------------------------------------------------------------------===//
// Application
//===----------------------------------------------------------------------===//

/// Each element `factor` times.
static Value repeat(NodeImport &n, Value x, int64_t axis, int64_t factor) {
  Shape wide(shapeOf(x)), result(shapeOf(x)), dims;
  wide.insert(wide.begin() + axis + 1, factor);
  result[axis] *= factor;
  for (int64_t d = 0; d < rankOf(x); ++d)
    dims.push_back(d <= axis ? d : d + 1);
  return n.reshape(n.broadcastAlong(x, dims, wide), result);
}

/// One input element per result element.
static Value choose(NodeImport &n, Value x, int64_t axis, const Shape &indices) {
  auto out = static_cast<int64_t>(indices.size());
  int64_t factor = shapeOf(x)[axis] > 0 ? out / shapeOf(x)[axis] : 0;
  bool isRepetition = factor * shapeOf(x)[axis] == out;
  for (int64_t i = 0; i < out && isRepetition; ++i)
    isRepetition = indices[i] == i / factor;
  return isRepetition ? repeat(n, x, axis, factor) : pick(n, x, axis, indices);
}

static Value constantVector(NodeImport &n, Type element, const std::vector<double> &values,
                            llvm::ArrayRef<int64_t> shape) {
  HostTensor host(RankedTensorType::get(shape, element));
  for (size_t i = 0; i < values.size(); ++i)
    host.floats[i] = values[i];
  return n.make<train::ConstantOp>(encode(host));
}

/// The sum over taps of (element times weight).
static Value sumOfTaps(NodeImport &n, Value x, int64_t axis, const Taps &taps, size_t most) {
  auto out = static_cast<int64_t>(taps.rows.size());
  Value sum;
  for (size_t t = 0; t < most; ++t) {
    Shape indices;
    std::vector<double> weights;
    for (const auto &row : taps.rows) {
      // Rows with fewer taps repeat one without weight.
      indices.push_back(t < row.size() ? row[t].first : row.empty() ? 0 : row.back().first);
      weights.push_back(t < row.size() ? row[t].second : 0);
    }
    Value elements = choose(n, x, axis, indices);
    if (!llvm::all_of(weights, [](double weight) { return weight == 1; })) {
      Value factor = constantVector(n, elementOf(x), weights, {out});
      elements =
          n.make<train::MulOp>(elements, n.broadcastAlong(factor, {axis}, shapeOf(elements)));
    }
    sum = sum ? n.make<train::AddOp>(sum, elements) : elements;
  }
  return sum;
}

static Value productWithTaps(NodeImport &n, Value x, int64_t axis, const Taps &taps) {
  auto out = static_cast<int64_t>(taps.rows.size());
  int64_t in = shapeOf(x)[axis];
  std::vector<double> weights(static_cast<size_t>(out * in));
  for (int64_t i = 0; i < out; ++i)
    for (auto [from, weight] : taps.rows[static_cast<size_t>(i)])
      weights[static_cast<size_t>(i * in + from)] += weight;
  Value matrix = constantVector(n, elementOf(x), weights, {out, in});
  return applyMatrix(n, matrix, x, axis);
}

static Value resizeAxis(NodeImport &n, Value x, const AxisPlan &plan, const Method &method,
                        const Taps &taps) {
  constexpr size_t mostTakes = 4;
  size_t most = 1;
  for (const auto &row : taps.rows)
    most = std::max(most, row.size());
  Value y = most <= mostTakes ? sumOfTaps(n, x, plan.axis, taps, most)
                              : productWithTaps(n, x, plan.axis, taps);
  if (!llvm::is_contained(taps.isOutside, true))
    return y;
  HostTensor outside(RankedTensorType::get({plan.outputSize}, n.b.getI1Type()));
  for (int64_t i = 0; i < plan.outputSize; ++i)
    outside.ints[i] = taps.isOutside[static_cast<size_t>(i)];
  Value mask =
      n.broadcastAlong(n.make<train::ConstantOp>(encode(outside)), {plan.axis}, shapeOf(y));
  return n.select(mask, n.like(y, method.extrapolation), y);
}

//===----------------------------------------------------------------------===//
// The node
//===----------------------------------------------------------------------===//

static bool isGiven(NodeImport &n, unsigned i) {
  return n.has(i) && tensorType(n.input(i)).getNumElements() > 0;
}

/// With an aspect ratio to keep, all axes get the least (or greatest) of their scales.
static void keepAspectRatio(llvm::StringRef policy, std::vector<AxisPlan> &plans) {
  if (policy == "stretch" || plans.empty())
    return;
  auto less = [](const AxisPlan &a, const AxisPlan &b) { return a.scale < b.scale; };
  auto chosen = policy == "not_larger" ? std::min_element(plans.begin(), plans.end(), less)
                                       : std::max_element(plans.begin(), plans.end(), less);
  double scale = chosen->scale;
  for (AxisPlan &plan : plans) {
    plan.scale = scale;
    plan.outputSize =
        static_cast<int64_t>(std::floor(scale * static_cast<double>(plan.inputSize) + 0.5));
  }
}

static LogicalResult readScales(NodeImport &n, llvm::ArrayRef<double> scales,
                                std::vector<AxisPlan> &plans) {
  if (scales.size() != plans.size())
    return n.fail("its scales need one number per axis");
  for (auto [plan, scale] : llvm::zip(plans, scales)) {
    plan.scale = scale;
    double size = std::floor(static_cast<double>(plan.inputSize) * scale);
    if (!(scale > 0) || !(size >= 1 && size < 0x1p31))
      return n.fail("its scales leave nothing of the input, or far too much");
    plan.outputSize = static_cast<int64_t>(size);
  }
  return success();
}

static LogicalResult readSizes(NodeImport &n, llvm::StringRef policy,
                               std::vector<AxisPlan> &plans) {
  auto sizes = n.integers(3, "sizes");
  if (failed(sizes))
    return failure();
  if (sizes->size() != plans.size())
    return n.fail("its sizes need one number per axis");
  for (auto [plan, size] : llvm::zip(plans, *sizes)) {
    if (size < 1 || size > (int64_t{1} << 31))
      return n.fail("its sizes are no sizes");
    plan.outputSize = size;
    plan.scale = static_cast<double>(size) / static_cast<double>(plan.inputSize);
  }
  keepAspectRatio(policy, plans);
  return success();
}

static LogicalResult readRoi(NodeImport &n, std::vector<AxisPlan> &plans) {
  auto roi = n.constant(1, "roi");
  if (failed(roi))
    return failure();
  if (roi->floats.size() != 2 * plans.size())
    return n.fail("its roi needs two numbers per axis");
  for (size_t i = 0; i < plans.size(); ++i) {
    plans[i].roiStart = roi->floats[i];
    plans[i].roiEnd = roi->floats[i + plans.size()];
  }
  return success();
}

static LogicalResult apply(NodeImport &n, const Method &method,
                           const std::vector<AxisPlan> &plans) {
  Value x = n.input(0);
  Type own = elementOf(x);
  if (method.mode != "nearest" && !isFloat(x))
    return n.fail("expected a float input in mode " + method.mode);
  for (const AxisPlan &plan : plans) {
    bool isCrop = method.coordinates == "tf_crop_and_resize";
    if (plan.inputSize == plan.outputSize && plan.scale == 1 && !isCrop)
      continue;
    std::optional<Taps> taps = makeTaps(method, plan);
    if (!taps)
      return n.fail("coordinate transformation '" + method.coordinates + "' is not known");
    x = resizeAxis(n, x, plan, method, *taps);
  }
  return n.set(0, n.convert(x, own));
}

static llvm::FailureOr<std::vector<AxisPlan>> plansOf(NodeImport &n) {
  Value x = n.input(0);
  Shape axes = n.integers("axes").value_or(iotaShape(rankOf(x)));
  std::vector<AxisPlan> plans;
  for (int64_t given : axes) {
    auto axis = n.axis(given, rankOf(x));
    if (failed(axis))
      return failure();
    int64_t size = shapeOf(x)[*axis];
    if (size == 0)
      return n.fail("its input is empty");
    plans.push_back({*axis, size, size, 1});
  }
  return plans;
}

static LogicalResult importResize(NodeImport &n) {
  Method method;
  method.mode = n.string("mode", "nearest").str();
  bool isFirst = n.opset < 11; // Without a choice of coordinates, and of rounding.
  method.coordinates =
      n.string("coordinate_transformation_mode", isFirst ? "asymmetric" : "half_pixel").str();
  method.nearest = n.string("nearest_mode", isFirst ? "floor" : "round_prefer_floor").str();
  method.policy = n.string("keep_aspect_ratio_policy", "stretch").str();
  method.cubic = n.number("cubic_coeff_a", -0.75);
  method.extrapolation = n.number("extrapolation_value", 0);
  method.excludeOutside = n.integer("exclude_outside", 0) != 0;
  method.antialias = n.integer("antialias", 0) != 0;
  if (!llvm::is_contained({"nearest", "linear", "cubic"}, method.mode))
    return n.fail("mode '" + method.mode + "' is not known");
  auto plans = plansOf(n);
  if (failed(plans))
    return failure();
  unsigned scalesInput = isFirst ? 1 : 2;
  if (isGiven(n, 3) && !isFirst) {
    if (failed(readSizes(n, method.policy, *plans)))
      return failure();
  } else {
    auto scales = n.constant(scalesInput, "scales");
    if (failed(scales) || failed(readScales(n, scales->floats, *plans)))
      return failure();
  }
  if (method.coordinates == "tf_crop_and_resize" && failed(readRoi(n, *plans)))
    return failure();
  return apply(n, method, *plans);
}

/// The predecessor of Resize: scales as an attribute, then as an input.
static LogicalResult importUpsample(NodeImport &n) {
  Method method;
  method.mode = n.string("mode", "nearest").str();
  method.coordinates = "asymmetric";
  method.nearest = "floor";
  if (!llvm::is_contained({"nearest", "linear"}, method.mode))
    return n.fail("mode '" + method.mode + "' is not known");
  auto plans = plansOf(n);
  if (failed(plans))
    return failure();
  std::vector<double> scales;
  if (const NodeAttribute *given = n.attribute("scales"))
    scales.assign(given->floats.begin(), given->floats.end());
  if (n.has(1)) {
    auto given = n.constant(1, "scales");
    if (failed(given))
      return failure();
    scales = given->floats;
  }
  if (failed(readScales(n, scales, *plans)))
    return failure();
  return apply(n, method, *plans);
}

void populateResize(Registry &registry) {
  registry.add("Resize", 10, inputs(1, 4), importResize);
  registry.add("Upsample", 7, inputs(1, 2), importUpsample);
}

} // namespace dsc::onnx
