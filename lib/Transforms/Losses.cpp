//===- Losses.cpp - The losses that can be attached to a model ------------===//

#include "Losses.h"

#include "dialects/Train/TrainDialect.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc;
using train::Expr;

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static TargetLosses crossEntropy(const LossSpec &spec, Expr output, Expr labels) {
  auto op = train::CrossEntropyOp::create(*output.builder, output.loc, output, labels,
                                          spec.classAxis, spec.ignoreIndex, spec.labelSmoothing);
  return {output.with(op.getLoss()), labels != static_cast<double>(spec.ignoreIndex)};
}

static TargetLosses meanSquaredError(const LossSpec &, Expr output, Expr labels) {
  Expr difference = output - labels;
  return {difference * difference, std::nullopt};
}

static TargetLosses meanAbsoluteError(const LossSpec &, Expr output, Expr labels) {
  return {abs(output - labels), std::nullopt};
}

/// -t log s(x) - (1 - t) log (1 - s(x)) = max(x, 0) - x t + log(1 + exp(-|x|)).
/// The maximum's derivative at a tie is one half, which makes the sum's
/// derivative at x = 0 the right one, 1/2 - t.
static TargetLosses binaryCrossEntropy(const LossSpec &, Expr x, Expr t) {
  Value positive = train::MaxOp::create(*x.builder, x.loc, x.type(), x, x.constant(0.0));
  Value tail = train::Log1pOp::create(*x.builder, x.loc, x.type(), exp(-abs(x)));
  return {x.with(positive) - x * t + x.with(tail), std::nullopt};
}

namespace {
struct LossEntry {
  LossKind kind;
  StringLiteral name;
  bool hasClassLabels;
  TargetLosses (*build)(const LossSpec &, Expr output, Expr labels);
};
} // namespace

static const LossEntry kLosses[] = {
    {LossKind::CrossEntropy, "cross-entropy", true, crossEntropy},
    {LossKind::Mse, "mse", false, meanSquaredError},
    {LossKind::L1, "l1", false, meanAbsoluteError},
    {LossKind::BceWithLogits, "bce-with-logits", false, binaryCrossEntropy},
};

static const LossEntry *findLoss(StringRef name) {
  auto *entry = llvm::find_if(kLosses, [&](const LossEntry &e) { return e.name == name; });
  return entry == std::end(kLosses) ? nullptr : entry;
}

StringRef dsc::getLossName(LossKind kind) {
  return llvm::find_if(kLosses, [&](const LossEntry &e) { return e.kind == kind; })->name;
}

//===----------------------------------------------------------------------===//
// The attribute
//===----------------------------------------------------------------------===//

bool LossSpec::hasClassLabels() const {
  const LossEntry *entry = findLoss(kind);
  return entry && entry->hasClassLabels;
}

DictionaryAttr LossSpec::toAttr(MLIRContext *context) const {
  Builder builder(context);
  SmallVector<NamedAttribute> attrs = {
      builder.getNamedAttr("kind", builder.getStringAttr(kind)),
      builder.getNamedAttr("output", builder.getStringAttr(output))};
  if (hasClassLabels()) {
    attrs.push_back(builder.getNamedAttr("classes", builder.getI64IntegerAttr(classes)));
    attrs.push_back(builder.getNamedAttr("class_axis", builder.getI64IntegerAttr(classAxis)));
    attrs.push_back(builder.getNamedAttr("ignore_index", builder.getI64IntegerAttr(ignoreIndex)));
    attrs.push_back(
        builder.getNamedAttr("label_smoothing", builder.getF64FloatAttr(labelSmoothing)));
  }
  return builder.getDictionaryAttr(attrs);
}

std::optional<LossSpec> LossSpec::fromAttr(Attribute attr) {
  auto dict = dyn_cast_or_null<DictionaryAttr>(attr);
  if (!dict || !dict.getAs<StringAttr>("kind") || !dict.getAs<StringAttr>("output")) {
    return std::nullopt;
  }
  LossSpec spec;
  spec.kind = dict.getAs<StringAttr>("kind").str();
  spec.output = dict.getAs<StringAttr>("output").str();
  if (auto number = dict.getAs<IntegerAttr>("classes")) {
    spec.classes = number.getInt();
  }
  if (auto axis = dict.getAs<IntegerAttr>("class_axis")) {
    spec.classAxis = axis.getInt();
  }
  if (auto ignored = dict.getAs<IntegerAttr>("ignore_index")) {
    spec.ignoreIndex = ignored.getInt();
  }
  if (auto smoothing = dict.getAs<FloatAttr>("label_smoothing")) {
    spec.labelSmoothing = smoothing.getValueAsDouble();
  }
  return spec;
}

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

RankedTensorType dsc::getTargetType(const LossSpec &spec, RankedTensorType output,
                                    std::string &why) {
  if (!isa<FloatType>(output.getElementType())) {
    why = "it is not of a floating-point type";
    return {};
  }
  if (output.getRank() == 0) {
    why = "it is a scalar; --loss-output takes a model's own loss";
    return {};
  }
  if (!spec.hasClassLabels()) {
    return output;
  }
  if (spec.classAxis < 1 || spec.classAxis >= output.getRank()) {
    why = "class axis " + std::to_string(spec.classAxis) + " is not one of its dimensions 1 to " +
          std::to_string(output.getRank() - 1);
    return {};
  }
  SmallVector<int64_t> shape(output.getShape());
  shape.erase(shape.begin() + spec.classAxis);
  return RankedTensorType::get(shape, IntegerType::get(output.getContext(), 64));
}

/// Losses are computed in f32 also where the model is in a lower precision.
static Expr widen(Expr x) {
  return x.type().getElementTypeBitWidth() < 32 ? x.convert(x.builder->getF32Type()) : x;
}

TargetLosses dsc::buildTargetLosses(const LossSpec &spec, Expr output, Expr labels) {
  const LossEntry *entry = findLoss(spec.kind);
  Expr wide = widen(output);
  Type element = wide.type().getElementType();
  return entry->build(spec, wide, entry->hasClassLabels ? labels : labels.convert(element));
}

Expr dsc::buildCorrect(const LossSpec &spec, Expr output, Expr labels) {
  auto best = train::ArgMaxOp::create(*output.builder, output.loc, labels.type(), output,
                                      static_cast<uint64_t>(spec.classAxis));
  return (labels.with(best) == labels) & (labels != static_cast<double>(spec.ignoreIndex));
}

Expr dsc::sumTargets(Expr values) {
  return values.convert(values.builder->getF32Type()).sum(train::otherDims(values.rank(), {}));
}

Expr dsc::sumTargetsPerSample(Expr values, int64_t rows) {
  int64_t perSample = values.type().getNumElements() / rows;
  Expr wide = values.convert(values.builder->getF32Type());
  return perSample == 1 ? wide.reshape({rows}) : wide.reshape({rows, perSample}).sum({1});
}
