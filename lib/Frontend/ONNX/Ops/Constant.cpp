//===- Constant.cpp - Values in the graph, and copies ---------------------===//

#include "../NodeImport.h"

using namespace mlir;

namespace dsc::onnx {

static Value numbers(NodeImport &n, const NodeAttribute &attribute, bool isList) {
  auto count = static_cast<int64_t>(std::max(attribute.floats.size(), attribute.ints.size()));
  Shape shape;
  if (isList)
    shape.push_back(count);
  bool isFloat = attribute.name.starts_with("value_float");
  Type element = isFloat ? Type(n.b.getF32Type()) : Type(n.b.getI64Type());
  HostTensor host(RankedTensorType::get(shape, element));
  if (host.type.getNumElements() != count ||
      (isFloat ? attribute.ints.size() : attribute.floats.size()) != 0)
    return {};
  for (int64_t i = 0; i < count; ++i) {
    if (isFloat)
      host.floats[i] = attribute.floats[i];
    else
      host.ints[i] = attribute.ints[i];
  }
  return n.make<train::ConstantOp>(encode(host));
}

/// Exporters keep scalars and shapes in Constant nodes, some of them weights too.
static LogicalResult tensorConstant(NodeImport &n, const Tensor &tensor) {
  Type element = elementType(tensor.type, n.b.getContext());
  if (!element)
    return n.fail("its value has type " + dataTypeName(tensor.type) + ", which is not supported");
  TensorPlace place = n.placeOf(tensor.dims.size());
  place.isNode = true;
  place.isBesideWeights = isa<FloatType>(element) && tensor.numElements > 1 &&
                          n.isUsedInArithmetic() && n.hasConstantWeights();
  llvm::StringRef name = n.node.outputs.front();
  bool isTensorOfWeights = !tensor.dims.empty() && (place.use.isWeight || place.isBesideWeights);
  bool mayTrain = isa<FloatType>(element) && (n.variables().isNamed(name) || isTensorOfWeights);
  if (mayTrain)
    return n.setVariable(0, n.variables().add(tensor, name, place));
  if (std::optional<HostTensor> host = decode(tensor, n.b.getContext()))
    return n.set(0, n.make<train::ConstantOp>(encode(*host)));
  return n.setVariable(0, n.variables().add(tensor, name, place)); // Too large to fold.
}

static LogicalResult importConstant(NodeImport &n) {
  if (const NodeAttribute *value = n.attribute("value"); value && !value->tensors.empty())
    return tensorConstant(n, value->tensors.front());
  for (llvm::StringRef name : {"value_float", "value_floats", "value_int", "value_ints"})
    if (const NodeAttribute *value = n.attribute(name))
      if (Value constant = numbers(n, *value, name.ends_with("s")))
        return n.set(0, constant);
  return n.fail("has no numeric value");
}

/// A tensor of equal elements: initial weights (of ones or zeros) in models that
/// carry none in the file, a constant elsewhere.
static LogicalResult importConstantOfShape(NodeImport &n) {
  auto shape = n.integers(0, "its shape");
  if (failed(shape))
    return failure();
  HostTensor value(RankedTensorType::get({1}, n.b.getF32Type()));
  if (const NodeAttribute *given = n.attribute("value"); given && !given->tensors.empty()) {
    std::optional<HostTensor> decoded = decode(given->tensors.front(), n.b.getContext());
    if (!decoded || decoded->size() != 1)
      return n.fail("attribute 'value' is not one number of a supported type");
    value = *decoded;
  }
  if (!productOf(*shape))
    return n.fail("its shape is not a shape");
  if (auto changed = n.rebatch(*shape))
    *shape = *changed;
  auto type = RankedTensorType::get(*shape, value.type.getElementType());
  value.type = RankedTensorType::get({}, value.type.getElementType());
  auto splat = encode(value).resizeSplat(type);
  bool canTrain = value.isFloat() && !shape->empty() && n.isLiteral(0);
  bool isWeight = n.isUsedAsWeight() && !n.variables().holdWeights();
  if (canTrain && (isWeight || (n.hasGeneratedWeights() && n.isUsedInArithmetic())))
    return n.setInitialized(type, splat, "made by ConstantOfShape");
  return n.set(0, n.make<train::ConstantOp>(splat));
}

/// Exporters merge equal initial values and write Identity for the second: two
/// parameters that merely begin alike, unless --tie says that they are one.
static LogicalResult importIdentity(NodeImport &n) {
  if (Variable *source = n.variable(0))
    return n.setVariable(
        0, n.variables().copy(*source, n.node.outputs.front(), n.placeOf(source->type.getRank())));
  if (n.find(0)->kind == ImportedValue::Kind::Sequence)
    return n.setSequence(0, n.sequence(0));
  return n.set(0, n.input(0));
}

void populateConstant(Registry &registry) {
  registry.add("Constant", 1, inputs(0), importConstant);
  registry.add("ConstantOfShape", 9, inputs(1), importConstantOfShape);
  registry.add("Identity", 1, inputs(1), importIdentity).takesSequences();
}

} // namespace dsc::onnx
