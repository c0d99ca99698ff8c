//===- Norm.cpp - Softmax and normalizations ------------------------------===//

#include "../NodeImport.h"

using namespace mlir;

namespace dsc::onnx {

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

template <typename Op> static LogicalResult importSoftmax(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  auto axis = n.axis("axis", -1, rankOf(n.input(0)));
  if (failed(axis))
    return failure();
  return n.set(0, n.make<Op>(n.input(0), *axis));
}

/// Until opset 12 all dimensions from `axis` on were normalized as one.
template <typename Op> static LogicalResult importFlattenedSoftmax(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  Value x = n.input(0);
  auto axis = n.axis(n.integer("axis", 1), rankOf(x), /*orEnd=*/true);
  if (failed(axis))
    return failure();
  if (*axis == rankOf(x) - 1)
    return n.set(0, n.make<Op>(x, *axis));
  auto outer = productOf(shapeOf(x).take_front(*axis));
  auto inner = productOf(shapeOf(x).drop_front(*axis));
  Value flat = n.reshape(x, {*outer, *inner});
  return n.set(0, n.reshape(n.make<Op>(flat, 1), shapeOf(x)));
}

//===----------------------------------------------------------------------===//
// Layer, group, instance and RMS norm
//===----------------------------------------------------------------------===//

/// Scale or bias with all the normalized dimensions; null if it does not fit.
static Value overNormalized(NodeImport &n, Value parameter, llvm::ArrayRef<int64_t> normalized) {
  auto shape = broadcastShapes(shapeOf(parameter), normalized);
  if (!shape || *shape != normalized)
    return {};
  return n.broadcast(parameter, *shape);
}

static LogicalResult importLayerNorm(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 1)))
    return failure();
  Value x = n.input(0);
  auto axis = n.axis("axis", -1, rankOf(x));
  if (failed(axis))
    return failure();
  llvm::ArrayRef<int64_t> normalized = shapeOf(x).drop_front(*axis);
  Value scale = overNormalized(n, n.input(1), normalized);
  Value bias = n.has(2) ? overNormalized(n, n.input(2), normalized)
                        : n.splat(RankedTensorType::get(normalized, elementOf(x)), 0);
  if (!scale || !bias || elementOf(scale) != elementOf(x) || elementOf(bias) != elementOf(x))
    return n.set(0, {});
  auto norm =
      train::LayerNormOp::create(n.b, n.loc, x, scale, bias, *axis, n.number("epsilon", 1e-5));
  Shape kept(shapeOf(x).take_front(*axis));
  kept.append(normalized.size(), 1);
  if ((n.isUsed(1) && failed(n.set(1, n.reshape(norm.getMean(), kept)))) ||
      (n.isUsed(2) && failed(n.set(2, n.reshape(norm.getRstd(), kept)))))
    return failure();
  return n.set(0, norm.getY());
}

/// x scale[c] + bias[c]; null if there is not one value per channel.
static Value scalePerChannel(NodeImport &n, Value x, Value scale, Value bias) {
  for (Value parameter : {scale, bias})
    if (rankOf(parameter) != 1 || shapeOf(parameter)[0] != shapeOf(x)[1] ||
        elementOf(parameter) != elementOf(x))
      return {};
  Value scaled = n.make<train::MulOp>(x, n.broadcastAlong(scale, {1}, shapeOf(x)));
  return n.make<train::AddOp>(scaled, n.broadcastAlong(bias, {1}, shapeOf(x)));
}

/// Normalizes each of `groups` parts of the channels of each sample.
static Value normalizeGroups(NodeImport &n, Value x, int64_t groups, double epsilon) {
  int64_t rest = tensorType(x).getNumElements() / (shapeOf(x)[0] * groups);
  Value flat = n.reshape(x, {shapeOf(x)[0], groups, rest});
  auto type = RankedTensorType::get({rest}, elementOf(x));
  auto norm =
      train::LayerNormOp::create(n.b, n.loc, flat, n.splat(type, 1), n.splat(type, 0), 2, epsilon);
  return n.reshape(norm.getY(), shapeOf(x));
}

/// (x - mean) / standard deviation over the axes, which are attributes.
static LogicalResult importMeanVariance(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  Value x = n.input(0);
  auto dims = n.axes(n.integers("axes").value_or(Shape{0, 2, 3}), rankOf(x));
  if (failed(dims))
    return failure();
  Value centered = n.binary<train::SubOp>(x, n.mean(x, *dims, true));
  Value variance = n.mean(n.make<train::MulOp>(centered, centered), *dims, true);
  // The definition adds 1e-9 to the deviation.
  Value deviation = n.add(n.make<train::SqrtOp>(variance), 1e-9);
  return n.set(0, n.binary<train::DivOp>(centered, deviation));
}

/// x / (bias + alpha / size times the sum of squares of `size` channels around)^beta.
static LogicalResult importLRN(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 2)))
    return failure();
  Value x = n.input(0);
  int64_t size = n.integer("size", 0), channels = shapeOf(x)[1];
  if (size < 1)
    return n.fail("attribute 'size' is not positive");
  Shape low(rankOf(x), 0), high(rankOf(x), 0), interior(rankOf(x), 0);
  // Windows reach no further than all channels.
  int64_t below = std::min((size - 1) / 2, channels), above = std::min(size / 2, channels);
  low[1] = below;
  high[1] = above;
  Value square = n.make<train::MulOp>(x, x);
  Value padded = n.make<train::PadOp>(square, 0.0, low, high, interior), sum;
  for (int64_t i = 0; i <= below + above; ++i) {
    Value part = n.slice(padded, 1, i, channels);
    sum = sum ? n.make<train::AddOp>(sum, part) : part;
  }
  double alpha = n.number("alpha", 1e-4), beta = n.number("beta", 0.75);
  Value base = n.add(n.mul(sum, alpha / static_cast<double>(size)), n.number("bias", 1));
  return n.set(0, n.make<train::MulOp>(x, n.make<train::PowOp>(base, n.like(base, -beta))));
}

/// One value per group becomes one per channel.
static Value perChannel(NodeImport &n, Value parameter, int64_t channels) {
  if (rankOf(parameter) != 1 || shapeOf(parameter)[0] == 0 || channels % shapeOf(parameter)[0] != 0)
    return parameter;
  int64_t groups = shapeOf(parameter)[0];
  Value wide = n.broadcastAlong(parameter, {0}, {groups, channels / groups});
  return n.reshape(wide, {channels});
}

static LogicalResult importGroupNorm(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 2)))
    return failure();
  Value x = n.input(0);
  int64_t groups = n.integer("num_groups", 0), channels = shapeOf(x)[1];
  if (groups < 1 || channels % groups != 0 || tensorType(x).getNumElements() == 0)
    return n.fail("attribute 'num_groups' does not divide the channels");
  Value y = normalizeGroups(n, x, groups, n.number("epsilon", 1e-5));
  Value scale = n.input(1), bias = n.input(2);
  if (n.opset < 21) { // Scale and bias were per group.
    scale = perChannel(n, scale, channels);
    bias = perChannel(n, bias, channels);
  }
  return n.set(0, scalePerChannel(n, y, scale, bias));
}

static LogicalResult importInstanceNorm(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 3)))
    return failure();
  Value x = n.input(0);
  if (tensorType(x).getNumElements() == 0)
    return n.fail("its input is empty");
  Value y = normalizeGroups(n, x, shapeOf(x)[1], n.number("epsilon", 1e-5));
  return n.set(0, scalePerChannel(n, y, n.input(1), n.input(2)));
}

static LogicalResult importRmsNorm(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 1)))
    return failure();
  Value x = n.input(0);
  auto axis = n.axis("axis", -1, rankOf(x));
  if (failed(axis))
    return failure();
  Shape dims;
  for (int64_t d = *axis; d < rankOf(x); ++d)
    dims.push_back(d);
  Value square = n.mean(n.make<train::MulOp>(x, x), dims, /*keepDims=*/true);
  Value rms = n.make<train::RsqrtOp>(n.add(square, n.number("epsilon", 1e-5)));
  Value y = n.binary<train::MulOp>(x, rms);
  Value scaled = n.binary<train::MulOp>(y, n.input(1));
  return n.set(0, scaled && shapeOf(scaled) == shapeOf(x) ? scaled : Value());
}

static LogicalResult importLpNormalization(NodeImport &n) {
  if (failed(n.expectFloat(0)))
    return failure();
  Value x = n.input(0);
  auto axis = n.axis("axis", -1, rankOf(x));
  if (failed(axis))
    return failure();
  Shape dims{*axis};
  bool absolute = n.integer("p", 2) == 1;
  Value part = absolute ? n.make<train::AbsOp>(x) : n.make<train::MulOp>(x, x);
  Value norm = n.reduce<train::ReduceSumOp>(part, dims, /*keepDims=*/true);
  // Zeros stay zeros.
  Value isZero = n.compare(train::Comparison::EQ, norm, n.like(norm, 0));
  norm = n.select(isZero, n.like(norm, 1), norm);
  if (!absolute)
    norm = n.make<train::SqrtOp>(norm);
  return n.set(0, n.binary<train::DivOp>(x, norm));
}

//===----------------------------------------------------------------------===//
// Batch norm
//===----------------------------------------------------------------------===//

/// (x - mean) / sqrt(var + epsilon), scaled: with fixed statistics.
static Value normalizeByRunning(NodeImport &n, Value x, double epsilon) {
  Value rstd = n.make<train::RsqrtOp>(n.add(n.input(4), epsilon));
  Value centered = n.make<train::SubOp>(x, n.broadcastAlong(n.input(3), {1}, shapeOf(x)));
  Value factor = n.make<train::MulOp>(n.input(1), rstd);
  Value scaled = n.make<train::MulOp>(centered, n.broadcastAlong(factor, {1}, shapeOf(x)));
  return n.make<train::AddOp>(scaled, n.broadcastAlong(n.input(2), {1}, shapeOf(x)));
}

/// One value per channel for all of x.
static Value overChannels(NodeImport &n, Value parameter, Value x) {
  return n.broadcastAlong(parameter, {1}, shapeOf(x));
}

/// As ONNX defines training mode: statistics of the batch, both with the population's
/// variance, which also enters the running one.
static LogicalResult normalizeByBatch(NodeImport &n, Value x, double epsilon) {
  Shape dims = iotaShape(rankOf(x));
  dims.erase(dims.begin() + 1);
  Value mean = n.mean(x, dims, false);
  Value centered = n.make<train::SubOp>(x, overChannels(n, mean, x));
  Value variance = n.mean(n.make<train::MulOp>(centered, centered), dims, false);
  Value rstd = n.make<train::RsqrtOp>(n.add(variance, epsilon));
  Value factor = n.make<train::MulOp>(n.input(1), rstd);
  Value scaled = n.make<train::MulOp>(centered, overChannels(n, factor, x));
  double momentum = n.number("momentum", 0.9);
  auto blend = [&](Value old, Value now) {
    return n.make<train::AddOp>(n.mul(old, momentum), n.mul(now, 1 - momentum));
  };
  if (failed(n.set(1, blend(n.input(3), mean))) || failed(n.set(2, blend(n.input(4), variance))))
    return failure();
  return n.set(0, n.make<train::AddOp>(scaled, overChannels(n, n.input(2), x)));
}

static void markStatistics(NodeImport &n, train::VariableRole role, llvm::StringRef why) {
  for (unsigned i : {3U, 4U})
    if (Variable *variable = n.variable(i)) {
      variable->role = role;
      variable->constant = false;
      variable->why = why.str();
    }
}

/// The exporter's training_mode says how the model was exported, not what is wanted
/// now; --batch-norm says that.
static LogicalResult importBatchNorm(NodeImport &n) {
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 2)))
    return failure();
  Value x = n.input(0);
  for (unsigned i = 1; i <= 4; ++i)
    if (rankOf(n.input(i)) != 1 || shapeOf(n.input(i))[0] != shapeOf(x)[1] ||
        elementOf(n.input(i)) != elementOf(x))
      return n.set(0, {});
  double epsilon = n.number("epsilon", 1e-5);
  if (n.options().asWritten)
    return n.integer("training_mode", 0) ? normalizeByBatch(n, x, epsilon)
                                         : n.set(0, normalizeByRunning(n, x, epsilon));
  bool hasState = n.variable(3) && n.variable(4);
  if (n.options().batchNorm == BatchNormMode::Frozen || !hasState) {
    markStatistics(n, train::VariableRole::Frozen, "running statistics, --batch-norm frozen");
    if (failed(n.set(1, n.input(3))) || failed(n.set(2, n.input(4))))
      return failure();
    return n.set(0, normalizeByRunning(n, x, epsilon));
  }
  markStatistics(n, train::VariableRole::State, "running statistics");
  // ONNX's momentum weighs the old value, the dialect's (as PyTorch's) the new one.
  double momentum = 1 - n.number("momentum", 0.9);
  // A module that is called again goes on from the statistics of its last call.
  bool isLocal = n.options().batchNorm == BatchNormMode::Local;
  UnitAttr local = isLocal ? n.b.getUnitAttr() : UnitAttr();
  auto norm = train::BatchNormOp::create(
      n.b, n.loc,
      TypeRange{x.getType(), n.input(3).getType(), n.input(3).getType(), n.input(3).getType(),
                n.input(3).getType()},
      x, n.input(1), n.input(2), n.latest(3), n.latest(4), n.b.getF64FloatAttr(epsilon),
      n.b.getF64FloatAttr(momentum), local);
  n.write(*n.variable(3), norm.getNewRunningMean());
  n.write(*n.variable(4), norm.getNewRunningVar());
  if (failed(n.set(1, norm.getNewRunningMean())) || failed(n.set(2, norm.getNewRunningVar())))
    return failure();
  return n.set(0, norm.getY());
}

void populateNorm(Registry &registry) {
  registry.add("BatchNormalization", 1, inputs(5), importBatchNorm)
      .weightInputs({1, 2, 3, 4})
      .ignores({"training_mode", "momentum", "is_test", "spatial", "consumed_inputs"});
  registry.add("GroupNormalization", 18, inputs(3), importGroupNorm)
      .weightInputs({1, 2})
      .ignores({"stash_type"});
  registry.add("InstanceNormalization", 6, inputs(3), importInstanceNorm).weightInputs({1, 2});
  registry.add("LayerNormalization", 17, inputs(2, 3), importLayerNorm)
      .weightInputs({1, 2})
      .ignores({"stash_type"});
  registry.add("LogSoftmax", 1, inputs(1), importFlattenedSoftmax<train::LogSoftmaxOp>);
  registry.add("LogSoftmax", 13, inputs(1), importSoftmax<train::LogSoftmaxOp>);
  registry.add("LRN", 1, inputs(1), importLRN);
  registry.add("LpNormalization", 1, inputs(1), importLpNormalization);
  registry.add("MeanVarianceNormalization", 9, inputs(1), importMeanVariance);
  registry.add("RMSNormalization", 23, inputs(2), importRmsNorm)
      .weightInputs({1})
      .ignores({"stash_type"});
  registry.add("Softmax", 1, inputs(1), importFlattenedSoftmax<train::SoftmaxOp>);
  registry.add("Softmax", 13, inputs(1), importSoftmax<train::SoftmaxOp>);
}

} // namespace dsc::onnx
