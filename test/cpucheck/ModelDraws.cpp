//===- ModelDraws.cpp - Random little models ------------------------------===//

#include "ModelDraws.h"

#include "dialects/Train/Expr.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::cpucheck;
using train::Expr;

namespace {
class ModelBuilder {
public:
  ModelBuilder(MLIRContext &context, uint64_t seed)
      : draw(seed), builder(&context), loc(builder.getUnknownLoc()),
        module(ModuleOp::create(builder, loc)) {
    builder.setInsertionPointToEnd(module->getBody());
    function = func::FuncOp::create(builder, loc, "forward", builder.getFunctionType({}, {}));
    builder.setInsertionPointToEnd(function.addEntryBlock());
  }

  DrawnModel build();

private:
  Value input(ArrayRef<int64_t> shape, Type element, StringRef name);
  Expr parameter(ArrayRef<int64_t> shape, StringRef role = "parameter");
  Expr scalar(StringRef name);

  Expr addBias(Expr x, int64_t dim);
  Expr linear(Expr x, int64_t features);
  Expr activation(Expr x);
  Expr layerNorm(Expr x);
  Expr dropout(Expr x);
  Expr attention(Expr x);
  Expr tokenMix(Expr x);
  Expr conv(Expr x);
  Expr concatChannels(Expr x, Expr y);
  Expr batchNorm(Expr x);
  Expr pool(Expr x);

  Expr drawRows();
  Expr drawTokens();
  Expr drawImages();
  void finish(Expr logits);

  Draw draw;
  OpBuilder builder;
  Location loc;
  OwningOpRef<ModuleOp> module;
  func::FuncOp function;
  int64_t batch = 2, classes = 3, vocabulary = 7;
  int64_t numVariables = 0;
};
} // namespace

Value ModelBuilder::input(ArrayRef<int64_t> shape, Type element, StringRef name) {
  auto attr = builder.getNamedAttr(train::kNameAttr, builder.getStringAttr(name));
  (void)function.insertArgument(0, RankedTensorType::get(shape, element),
                                builder.getDictionaryAttr(attr), loc);
  return function.getArgument(0);
}

/// A variable, read; its values are set by whoever runs the model.
Expr ModelBuilder::parameter(ArrayRef<int64_t> shape, StringRef role) {
  std::string name = ("w" + Twine(numVariables++)).str();
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  OpBuilder atStart = OpBuilder::atBlockBegin(module->getBody());
  train::VariableOp::create(atStart, loc, *train::symbolizeVariableRole(role), name, type,
                            train::WeightsAttr::get(builder.getContext()), nullptr, nullptr,
                            nullptr);
  return Expr(builder, loc, train::ReadOp::create(builder, loc, type, name));
}

Expr ModelBuilder::scalar(StringRef name) {
  auto type = RankedTensorType::get({}, builder.getI64Type());
  return Expr(builder, loc, train::ScalarOp::create(builder, loc, type, name, nullptr));
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

Expr ModelBuilder::addBias(Expr x, int64_t dim) {
  return x + parameter({x.dim(dim)}).broadcast(x.shape(), {dim});
}

/// Weights as stored by either convention.
Expr ModelBuilder::linear(Expr x, int64_t features) {
  int64_t last = x.rank() - 1, inputs = x.dim(last);
  bool isTransposed = draw.chance(50);
  Expr w = isTransposed ? parameter({features, inputs}) : parameter({inputs, features});
  int64_t contract = isTransposed ? 1 : 0;
  Expr y = x.with(train::DotOp::create(builder, loc, x, w, ArrayRef<int64_t>{}, ArrayRef<int64_t>{},
                                       ArrayRef<int64_t>{last}, ArrayRef<int64_t>{contract}));
  return draw.chance(75) ? addBias(y, last) : y;
}

Expr ModelBuilder::activation(Expr x) {
  switch (draw.below(4)) {
  case 0:
    return x.with(train::ReluOp::create(builder, loc, x));
  case 1:
    return train::tanh(x);
  case 2:
    return x * x.with(train::SigmoidOp::create(builder, loc, x));
  default:
    return x.with(train::GeluOp::create(builder, loc, x.type(), train::GeluApproximation::Erf, x));
  }
}

Expr ModelBuilder::layerNorm(Expr x) {
  int64_t last = x.rank() - 1;
  Expr scale = parameter({x.dim(last)}), bias = parameter({x.dim(last)});
  return x.with(train::LayerNormOp::create(builder, loc, x, scale, bias, last, 1e-2).getY());
}

Expr ModelBuilder::dropout(Expr x) {
  auto type = RankedTensorType::get({}, builder.getI64Type());
  Value zero = train::ConstantOp::create(builder, loc, type, 0.0);
  return x.with(train::DropoutOp::create(builder, loc, x.type(), x, scalar("seed"), scalar("step"),
                                         zero, APFloat(0.25), draw.below(1000)));
}

/// Two heads over [batch, tokens, features].
Expr ModelBuilder::attention(Expr x) {
  int64_t b = x.dim(0), t = x.dim(1), d = x.dim(2), heads = 2;
  auto split = [&](Expr y) { return y.reshape({b, t, heads, d / heads}).transpose({0, 2, 1, 3}); };
  Expr q = split(linear(x, d)), k = split(linear(x, d)), v = split(linear(x, d));
  auto a = train::AttentionOp::create(builder, loc, q, k, v, Value(), 0.5, draw.chance(70));
  Expr merged = x.with(a.getY()).transpose({0, 2, 1, 3}).reshape({b, t, d});
  return x + linear(merged, d);
}

/// Attention as some exporters write it: products, a mask, a softmax.
Expr ModelBuilder::tokenMix(Expr x) {
  int64_t d = x.dim(2);
  Expr q = linear(x, d), k = linear(x, d), v = linear(x, d);
  Expr scores =
      x.with(train::DotOp::create(builder, loc, q, k, ArrayRef<int64_t>{0}, ArrayRef<int64_t>{0},
                                  ArrayRef<int64_t>{2}, ArrayRef<int64_t>{2}));
  auto iota = [&](int64_t dim) {
    auto type = RankedTensorType::get(scores.shape(), builder.getI64Type());
    return x.with(train::IotaOp::create(builder, loc, type, dim));
  };
  Expr masked = train::select(iota(1) >= iota(2), scores * 0.5, -1e9);
  Expr weights = x.with(train::SoftmaxOp::create(builder, loc, masked.type(), masked, 2));
  return x + x.with(train::DotOp::create(builder, loc, weights, v, ArrayRef<int64_t>{0},
                                         ArrayRef<int64_t>{0}, ArrayRef<int64_t>{2},
                                         ArrayRef<int64_t>{1}));
}

Expr ModelBuilder::conv(Expr x) {
  int64_t channels = draw.pick<int64_t>({2, 4, 8, 16}), n = x.dim(0), h = x.dim(2), w = x.dim(3);
  Expr weights = parameter({channels, x.dim(1), 3, 3});
  SmallVector<int64_t> ones = {1, 1};
  auto type = RankedTensorType::get({n, channels, h, w}, builder.getF32Type());
  Expr y = x.with(train::ConvOp::create(builder, loc, type, x, weights, ones, ones, ones, ones, 1));
  return draw.chance(60) ? addBias(y, 1) : y;
}

Expr ModelBuilder::batchNorm(Expr x) {
  Expr scale = parameter({x.dim(1)}), bias = parameter({x.dim(1)});
  Expr mean = parameter({x.dim(1)}, "state"), var = parameter({x.dim(1)}, "state");
  auto norm = train::BatchNormOp::create(
      builder, loc, TypeRange{x.type(), scale.type(), scale.type(), scale.type(), scale.type()}, x,
      scale, bias, mean, var, APFloat(1e-2), APFloat(0.1), /*local=*/false);
  auto write = [&](Expr state, Value value) {
    auto read = state.value.getDefiningOp<train::ReadOp>();
    train::WriteOp::create(builder, loc, read.getVariableAttr(), value);
  };
  write(mean, norm.getNewRunningMean());
  write(var, norm.getNewRunningVar());
  return x.with(norm.getY());
}

/// A skip connection, as in a U-Net.
Expr ModelBuilder::concatChannels(Expr x, Expr y) {
  return x.with(train::ConcatOp::create(builder, loc, 1, ValueRange{x, y}));
}

Expr ModelBuilder::pool(Expr x) {
  SmallVector<int64_t> two = {2, 2}, zero = {0, 0}, one = {1, 1};
  Shape out = {x.dim(0), x.dim(1), x.dim(2) / 2, x.dim(3) / 2};
  auto type = RankedTensorType::get(out, builder.getF32Type());
  if (draw.chance(50)) {
    return x.with(
        train::AvgPoolOp::create(builder, loc, type, x, two, two, zero, zero, one, false));
  }
  auto index = RankedTensorType::get(out, builder.getI32Type());
  return x.with(
      train::MaxPoolOp::create(builder, loc, TypeRange{type, index}, x, two, two, zero, zero, one)
          .getY());
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

Expr ModelBuilder::drawRows() {
  int64_t features = draw.between(2, 9);
  Expr x(builder, loc, input({batch, features}, builder.getF32Type(), "x"));
  for (int64_t i = draw.between(0, 3); i > 0; --i) {
    Expr y = activation(linear(x, draw.between(2, 17)));
    y = draw.chance(30) ? layerNorm(y) : y;
    y = draw.chance(30) ? dropout(y) : y;
    x = draw.chance(30) ? y + activation(linear(y, y.dim(1))) : y;
  }
  return linear(x, classes);
}

Expr ModelBuilder::drawTokens() {
  int64_t t = draw.between(2, 6), d = draw.pick<int64_t>({4, 6, 8});
  Expr table = parameter({vocabulary, d});
  Type index = draw.chance(50) ? builder.getI32Type() : builder.getI64Type();
  Value tokens = input({batch, t}, index, "tokens");
  auto type = RankedTensorType::get({batch, t, d}, builder.getF32Type());
  Expr x = table.with(train::TakeOp::create(builder, loc, type, table, tokens, 0));
  x = x + parameter({t, d}).broadcast(x.shape(), {1, 2});
  for (int64_t i = draw.between(1, 2); i > 0; --i) {
    x = draw.chance(50) ? attention(layerNorm(x)) : tokenMix(x);
    x = draw.chance(50) ? x + linear(activation(linear(layerNorm(x), 2 * d)), d) : x;
    x = draw.chance(25) ? dropout(x) : x;
  }
  // The head may be the embedding's own table.
  if (draw.chance(40)) {
    classes = vocabulary;
    return x.with(train::DotOp::create(builder, loc, x, table, ArrayRef<int64_t>{},
                                       ArrayRef<int64_t>{}, ArrayRef<int64_t>{2},
                                       ArrayRef<int64_t>{1}));
  }
  return linear(x, classes);
}

Expr ModelBuilder::drawImages() {
  int64_t side = draw.pick<int64_t>({4, 5, 6});
  Expr x(builder, loc, input({batch, draw.between(1, 3), side, side}, builder.getF32Type(), "x"));
  for (int64_t i = draw.between(1, 3); i > 0; --i) {
    Expr y = conv(x);
    x = draw.chance(30) ? concatChannels(x, y) : y;
    x = draw.chance(50) ? batchNorm(x) : x;
    x = activation(x);
    x = x.dim(2) > 3 && draw.chance(60) ? pool(x) : x;
  }
  return linear(x.reshape({batch, x.dim(1) * x.dim(2) * x.dim(3)}), classes);
}

void ModelBuilder::finish(Expr logits) {
  auto attr = builder.getNamedAttr(train::kNameAttr, builder.getStringAttr("logits"));
  func::ReturnOp::create(builder, loc, ValueRange(logits.value));
  function.setFunctionType(builder.getFunctionType(function.getArgumentTypes(), logits.type()));
  function.setResAttrsAttr(builder.getArrayAttr({builder.getDictionaryAttr(attr)}));
}

DrawnModel ModelBuilder::build() {
  batch = draw.between(2, 4);
  classes = draw.between(2, 5);
  switch (draw.below(3)) {
  case 0:
    finish(drawRows());
    break;
  case 1:
    finish(drawTokens());
    break;
  default:
    finish(drawImages());
  }
  TrainOptions options;
  options.loss = draw.pick({LossKind::CrossEntropy, LossKind::CrossEntropy, LossKind::Mse,
                            LossKind::L1, LossKind::BceWithLogits});
  options.labelSmoothing = options.loss == LossKind::CrossEntropy ? draw.pick({0.0, 0.1}) : 0.0;
  options.microbatches = draw.pick<int64_t>({1, 3});
  options.optimizer = draw.pick(
      {OptimizerKind::Sgd, OptimizerKind::Momentum, OptimizerKind::Adam, OptimizerKind::AdamW});
  options.clip = draw.chance(60);
  return {std::move(module), options, classes, vocabulary};
}

DrawnModel cpucheck::drawModel(MLIRContext &context, uint64_t seed) {
  return ModelBuilder(context, seed).build();
}
