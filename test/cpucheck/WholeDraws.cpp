//===- WholeDraws.cpp - How products, windows and whole ops are drawn -----===//

#include "OpDraws.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::cpucheck;

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

namespace {
/// A dot operand's dimensions, in random order.
struct DotOperand {
  Shape shape, batch, contract;
};
} // namespace

static DotOperand arrange(Draw &draw, ArrayRef<int64_t> batch, ArrayRef<int64_t> contract,
                          ArrayRef<int64_t> free) {
  Shape sizes(batch);
  llvm::append_range(sizes, contract);
  llvm::append_range(sizes, free);
  auto rank = static_cast<int64_t>(sizes.size());
  Shape order = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (draw.chance(50)) {
    order = draw.permutation(rank);
  }
  DotOperand operand;
  Shape where(sizes.size());
  for (auto [position, dim] : llvm::enumerate(order)) {
    operand.shape.push_back(sizes[static_cast<size_t>(dim)]);
    where[static_cast<size_t>(dim)] = static_cast<int64_t>(position);
  }
  operand.batch.assign(where.begin(), where.begin() + static_cast<long>(batch.size()));
  operand.contract.assign(where.begin() + static_cast<long>(batch.size()),
                          where.begin() + static_cast<long>(batch.size() + contract.size()));
  return operand;
}

static void drawDot(ProgramBuilder &p) {
  Shape batch = p.draw.shape(0, 2, 8), contract = p.draw.shape(0, 2, 64);
  DotOperand a = arrange(p.draw, batch, contract, p.draw.shape(0, 2, 40));
  DotOperand b = arrange(p.draw, batch, contract, p.draw.shape(0, 2, 40));
  if (countOf(a.shape) * countOf(b.shape) > 1'000'000) {
    return;
  }
  Value x = p.operand(p.f32(a.shape), {.low = -1.0, .high = 1.0});
  Value y = p.operand(p.f32(b.shape), {.low = -1.0, .high = 1.0});
  p.make<train::DotOp>(x, y, ArrayRef<int64_t>(a.batch), ArrayRef<int64_t>(b.batch),
                       ArrayRef<int64_t>(a.contract), ArrayRef<int64_t>(b.contract));
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

namespace {
struct Window {
  Shape sizes, strides, low, high, dilations;
  Shape in, out; // spatial
};
} // namespace

/// Of 1 to 3 spatial dimensions; padding is smaller than the window.
static Window drawWindow(Draw &draw) {
  Window w;
  int64_t rank = draw.pick<int64_t>({1, 2, 2, 2, 3});
  for (int64_t i = 0; i < rank; ++i) {
    int64_t size = draw.between(1, 3), dilation = draw.pick<int64_t>({1, 1, 1, 2});
    int64_t reach = dilation * (size - 1) + 1;
    w.sizes.push_back(size);
    w.dilations.push_back(dilation);
    w.strides.push_back(draw.pick<int64_t>({1, 1, 2, 3}));
    w.low.push_back(draw.below(reach));
    w.high.push_back(draw.below(reach));
    w.in.push_back(draw.between(reach, rank == 3 ? 6 : 10));
    w.out.push_back((w.in.back() + w.low.back() + w.high.back() - reach) / w.strides.back() + 1);
  }
  return w;
}

static Shape joined(ArrayRef<int64_t> head, ArrayRef<int64_t> tail) {
  Shape shape(head);
  llvm::append_range(shape, tail);
  return shape;
}

namespace {
struct ConvShapes {
  Window window;
  int64_t groups;
  Shape x, w, y;
};
} // namespace

/// Channels of a group: few, or enough to lie in blocks.
static int64_t drawChannels(Draw &draw) {
  return draw.chance(40) ? draw.pick<int64_t>({8, 10, 16, 24}) : draw.between(1, 4);
}

static ConvShapes drawConv(Draw &draw) {
  ConvShapes c;
  c.window = drawWindow(draw);
  c.groups = draw.pick<int64_t>({1, 1, 1, 2, 3, 8});
  int64_t n = draw.between(1, 3), in = c.groups, out = c.groups; // depthwise
  if (c.groups < 8) {
    in *= drawChannels(draw);
    out *= drawChannels(draw);
  }
  c.x = joined({n, in}, c.window.in);
  c.w = joined({out, in / c.groups}, c.window.sizes);
  c.y = joined({n, out}, c.window.out);
  return c;
}

/// `pick` says which of the three shapes are a, b and the result.
template <typename OpTy, typename Pick> static void addConv(DrawTable &table, Pick pick) {
  addDraw<OpTy>(table, [pick](ProgramBuilder &p) {
    ConvShapes c = drawConv(p.draw);
    auto [first, second, result] = pick(c);
    Value a = p.operand(p.f32(first), {.low = -1.0, .high = 1.0});
    Value b = p.operand(p.f32(second), {.low = -1.0, .high = 1.0});
    p.make<OpTy>(p.f32(result), a, b, c.window.strides, c.window.low, c.window.high,
                 c.window.dilations, c.groups);
  });
}

void cpucheck::addLinearDraws(DrawTable &table) {
  addDraw<train::DotOp>(table, drawDot);
  addConv<train::ConvOp>(table, [](const ConvShapes &c) { return std::make_tuple(c.x, c.w, c.y); });
  addConv<train::ConvInputGradOp>(
      table, [](const ConvShapes &c) { return std::make_tuple(c.y, c.w, c.x); });
  addConv<train::ConvWeightGradOp>(
      table, [](const ConvShapes &c) { return std::make_tuple(c.x, c.y, c.w); });
}

template <typename OpTy, bool isGradient> static void drawAvgPool(ProgramBuilder &p) {
  Window w = drawWindow(p.draw);
  Shape head = {p.draw.between(1, 3), p.draw.between(1, 4)};
  Shape in = joined(head, w.in), out = joined(head, w.out);
  Value x = p.operand(p.f32(isGradient ? out : in));
  p.make<OpTy>(p.f32(isGradient ? in : out), x, w.sizes, w.strides, w.low, w.high, w.dilations,
               p.draw.chance(50));
}

void cpucheck::addPoolDraws(DrawTable &table) {
  addDraw<train::AvgPoolOp>(table, drawAvgPool<train::AvgPoolOp, false>);
  addDraw<train::AvgPoolGradOp>(table, drawAvgPool<train::AvgPoolGradOp, true>);
  addDraw<train::MaxPoolOp>(table, [](ProgramBuilder &p) {
    Window w = drawWindow(p.draw);
    Shape head = {p.draw.between(1, 3), p.draw.between(1, 4)};
    Value x = p.operand(p.f32(joined(head, w.in)), {.exact = true});
    Shape out = joined(head, w.out);
    auto index = RankedTensorType::get(out, p.builder.getI32Type());
    p.make<train::MaxPoolOp>(TypeRange{p.f32(out), index}, x, w.sizes, w.strides, w.low, w.high,
                             w.dilations);
  });
}

//===----------------------------------------------------------------------===//
// Normalization
//===----------------------------------------------------------------------===//

template <typename OpTy> static void drawSoftmax(ProgramBuilder &p) {
  Shape shape = p.shape(1, 4);
  int64_t dim = p.draw.below(static_cast<int64_t>(shape.size()));
  Value x = p.operand(p.f32(shape), {.low = -4.0, .high = 4.0});
  p.make<OpTy>(x.getType(), x, dim);
}

static train::LayerNormOp drawLayerNorm(ProgramBuilder &p) {
  Shape shape = p.shape(1, 4);
  int64_t axis = p.draw.below(static_cast<int64_t>(shape.size()));
  Shape rest(ArrayRef(shape).drop_front(static_cast<size_t>(axis)));
  Value x = p.operand(p.f32(shape)), scale = p.operand(p.f32(rest)), bias = p.operand(p.f32(rest));
  // Rows of equal elements amplify rounding by 1 / sqrt(epsilon).
  return p.make<train::LayerNormOp>(x, scale, bias, axis, p.draw.pick({1e-2, 5e-2}));
}

static void drawLayerNormGrad(ProgramBuilder &p) {
  train::LayerNormOp norm = drawLayerNorm(p);
  if (!norm) {
    return;
  }
  Value dy = p.operand(norm.getX().getType());
  p.make<train::LayerNormGradOp>(
      TypeRange{norm.getX().getType(), norm.getScale().getType(), norm.getScale().getType()}, dy,
      norm.getX(), norm.getScale(), norm.getMean(), norm.getRstd(), norm.getAxis());
}

static train::BatchNormOp drawBatchNorm(ProgramBuilder &p) {
  Shape shape = p.shape(2, 4);
  shape[0] = std::max<int64_t>(2, shape[0]); // a single value has no unbiased variance
  RankedTensorType channels = p.f32({shape[1]});
  Value x = p.operand(p.f32(shape)), scale = p.operand(channels), bias = p.operand(channels);
  Value mean = p.operand(channels), var = p.operand(channels, {.low = 0.5, .high = 2.0});
  return p.make<train::BatchNormOp>(TypeRange{x.getType(), channels, channels, channels, channels},
                                    x, scale, bias, mean, var, APFloat(1e-2),
                                    APFloat(p.draw.pick({0.1, 0.01})));
}

static void drawBatchNormGrad(ProgramBuilder &p) {
  train::BatchNormOp norm = drawBatchNorm(p);
  if (!norm) {
    return;
  }
  Value dy = p.operand(norm.getX().getType());
  Type channels = norm.getScale().getType();
  p.make<train::BatchNormGradOp>(TypeRange{dy.getType(), channels, channels}, dy, norm.getX(),
                                 norm.getScale(), norm.getMean(), norm.getRstd());
}

void cpucheck::addNormDraws(DrawTable &table) {
  addDraw<train::SoftmaxOp>(table, drawSoftmax<train::SoftmaxOp>);
  addDraw<train::LogSoftmaxOp>(table, drawSoftmax<train::LogSoftmaxOp>);
  addDraw<train::LayerNormOp>(table, [](ProgramBuilder &p) { drawLayerNorm(p); });
  addDraw<train::LayerNormGradOp>(table, drawLayerNormGrad);
  addDraw<train::BatchNormOp>(table, [](ProgramBuilder &p) { drawBatchNorm(p); });
  addDraw<train::BatchNormGradOp>(table, drawBatchNormGrad);
}

//===----------------------------------------------------------------------===//
// Losses
//===----------------------------------------------------------------------===//

static train::CrossEntropyOp drawCrossEntropy(ProgramBuilder &p) {
  Shape shape = p.shape(1, 4);
  int64_t dim = p.draw.below(static_cast<int64_t>(shape.size()));
  int64_t classes = shape[static_cast<size_t>(dim)];
  Value logits = p.operand(p.f32(shape), {.low = -4.0, .high = 4.0});
  shape.erase(shape.begin() + dim);
  Value labels = p.operand(p.indices(shape), {.bound = classes});
  return p.make<train::CrossEntropyOp>(logits, labels, dim, p.draw.pick<int64_t>({-100, 0, 1}),
                                       p.draw.pick({0.0, 0.1}));
}

static void drawCrossEntropyGrad(ProgramBuilder &p) {
  train::CrossEntropyOp loss = drawCrossEntropy(p);
  if (!loss) {
    return;
  }
  Value g = p.operand(cast<RankedTensorType>(loss.getLse().getType()));
  p.make<train::CrossEntropyGradOp>(loss.getLogits().getType(), g, loss.getLogits(),
                                    loss.getLabels(), loss.getLse(), loss.getDim(),
                                    loss.getIgnoreIndex(), loss.getSmoothing());
}

void cpucheck::addLossDraws(DrawTable &table) {
  addDraw<train::CrossEntropyOp>(table, [](ProgramBuilder &p) { drawCrossEntropy(p); });
  addDraw<train::CrossEntropyGradOp>(table, drawCrossEntropyGrad);
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// A mask whose entries are partly -inf (sometimes whole rows).
static Value drawMask(ProgramBuilder &p, ArrayRef<int64_t> shape) {
  RankedTensorType type = p.f32(shape);
  Value hidden = p.operand(p.booleans(shape));
  Value never = p.make<train::ConstantOp>(type, -std::numeric_limits<double>::infinity());
  Value added = p.operand(type);
  auto mask = p.make<train::SelectOp>(type, hidden, never, added);
  return mask ? Value(mask.getY()) : p.argument(type);
}

static train::AttentionOp drawAttention(ProgramBuilder &p) {
  int64_t b = p.draw.between(1, 2), h = p.draw.between(1, 3), t = p.draw.size(), s = p.draw.size();
  int64_t d = p.draw.pick<int64_t>({1, 3, 4, 8, 16, 20}), e = p.draw.chance(70) ? d : 5;
  bool causal = p.draw.chance(50);
  t = std::min<int64_t>(t, 40);
  s = causal ? t + p.draw.pick<int64_t>({0, 0, 0, 2}) : std::min<int64_t>(s, 40);
  Want unit{.low = -1.0, .high = 1.0};
  Value q = p.operand(p.f32({b, h, t, d}), unit), k = p.operand(p.f32({b, h, s, d}), unit);
  Value v = p.operand(p.f32({b, h, s, e}), unit), mask;
  if (p.draw.chance(40)) {
    mask = drawMask(p, {p.draw.pick<int64_t>({1, b}), p.draw.pick<int64_t>({1, h}),
                        p.draw.pick<int64_t>({1, t}), s});
  }
  return p.make<train::AttentionOp>(q, k, v, mask, p.draw.pick({0.5, 1.0}), causal);
}

static void drawAttentionGrad(ProgramBuilder &p) {
  train::AttentionOp a = drawAttention(p);
  if (!a) {
    return;
  }
  Value dy = p.operand(cast<RankedTensorType>(a.getY().getType()));
  p.make<train::AttentionGradOp>(
      TypeRange{a.getQ().getType(), a.getK().getType(), a.getV().getType()}, dy, a.getQ(), a.getK(),
      a.getV(), a.getY(), a.getLse(), a.getMask(), a.getScale(), a.getCausal());
}

void cpucheck::addAttentionDraws(DrawTable &table) {
  addDraw<train::AttentionOp>(table, [](ProgramBuilder &p) { drawAttention(p); });
  addDraw<train::AttentionGradOp>(table, drawAttentionGrad);
}
