//===- GradientStops.cpp - Where gradients end ----------------------------===//

#include "GradientStops.h"
#include "NameUses.h"

#include "llvm/ADT/StringExtras.h"

namespace dsc::onnx {

static bool isDetach(const Node &node) {
  llvm::StringRef operation = operationOf(node.origin);
  return node.opType == "Identity" &&
         (operation == "aten.detach.default" || operation == "aten.detach_.default");
}

GradientStops::GradientStops(const Graph &graph, const std::string &pattern)
    : origins(graph), flag("stop-gradient", pattern) {
  for (const ValueInfo &input : graph.inputs)
    graphInputs.insert(input.name);
  for (const Tensor &tensor : graph.initializers)
    numbers.insert(tensor.name);
  for (const Node &node : graph.nodes)
    for (llvm::StringRef output : node.outputs) {
      originOf[output] = node.origin;
      if (node.opType == "Constant")
        numbers.insert(output);
    }
  for (const Node &node : graph.nodes)
    findMerged(node);
  for (const Node &node : graph.nodes) {
    readFlag(node);
    readRecord(node);
  }
}

void GradientStops::readFlag(const Node &node) {
  for (llvm::StringRef output : node.outputs)
    if (flag.matches(output))
      outputs.insert(output);
  for (size_t i = 0; i < node.inputs.size(); ++i)
    if (flag.matches((nameOf(node) + ":" + llvm::Twine(i)).str()))
      inputs.insert({&node, i});
}

/// "detach", "detach_1", ...: how operations of the module are called after what they do.
bool GradientStops::isDropped(llvm::StringRef argument) const {
  llvm::StringRef number = argument;
  bool isDetach =
      number.consume_front("detach") &&
      (number.empty() || (number.consume_front("_") && llvm::all_of(number, llvm::isDigit)));
  return isDetach && !originOf.contains(argument) && !graphInputs.contains(argument) &&
         !origins.isTensor(argument);
}

/// The exporter's optimizer keeps one of several operations that compute the same, also where
/// gradients stop at another input of each. The record of a node that uses it has the other's name.
void GradientStops::findMerged(const Node &node) {
  llvm::SmallVector<llvm::StringRef> arguments = argumentsOf(node.origin);
  for (llvm::StringRef argument : arguments) {
    if (originOf.contains(argument) || graphInputs.contains(argument) || origins.isTensor(argument))
      continue;
    for (llvm::StringRef input : node.inputs) {
      llvm::StringRef origin = originOf.lookup(input), result = resultOf(origin);
      if (origin != node.origin && kindOf(result) == kindOf(argument) &&
          !llvm::is_contained(arguments, result))
        merged.insert(result);
    }
  }
}

/// Whether what the operation was given is this input, so far as their names can tell.
bool GradientStops::fits(llvm::StringRef argument, const Node &node, size_t input) const {
  llvm::StringRef name = node.inputs[input];
  bool isNumber = numbers.contains(name);
  if (isDropped(argument))
    return !isNumber && !name.empty() && originOf.lookup(name) != node.origin;
  if (originOf.contains(argument) || graphInputs.contains(argument))
    return name == argument;
  return isNumber || graphInputs.contains(name); // folded, or called otherwise in the file
}

void GradientStops::readRecord(const Node &node) {
  if (isDetach(node)) {
    outputs.insert_range(node.outputs);
    return obeyed.push_back(nameOf(node).str());
  }
  llvm::SmallVector<llvm::StringRef> arguments = argumentsOf(node.origin);
  bool isMerged = merged.contains(resultOf(node.origin));
  auto isCut = [&](llvm::StringRef argument) { return isDropped(argument); };
  if (llvm::none_of(arguments, isCut))
    return;
  auto isComputed = [&](llvm::StringRef name) {
    return originOf.contains(name) && !numbers.contains(name) &&
           originOf.lookup(name) != node.origin;
  };
  if (llvm::none_of(node.inputs, isComputed))
    return; // Of the nodes that the operation became, others have what it was given.
  auto isOther = [&](llvm::StringRef argument) {
    return !isDropped(argument) && !origins.isTensor(argument);
  };
  bool isAll = !isMerged && llvm::none_of(arguments, isOther);
  bool isInOrder = !isMerged && arguments.size() <= node.inputs.size();
  for (size_t i = 0; isInOrder && i < arguments.size(); ++i)
    isInOrder = fits(arguments[i], node, i);
  for (size_t i = 0; i < node.inputs.size(); ++i)
    if (isAll ? isComputed(node.inputs[i])
              : isInOrder && i < arguments.size() && isDropped(arguments[i]))
      inputs.insert({&node, i});
  (isAll || isInOrder ? obeyed : unclear).push_back(nameOf(node).str());
}

/// %embedding = ...[target=torch.ops.aten.embedding.default](args = (%p_weight, %tokens, 0), ...
std::optional<int64_t> GradientStops::paddingRow(const Node &node) const {
  if (node.opType != "Gather" || operationOf(node.origin) != "aten.embedding.default")
    return std::nullopt;
  llvm::StringRef arguments = node.origin.split("(args = (").second.split(')').first;
  llvm::StringRef third = arguments.split(',').second.split(',').second.split(',').first.trim();
  int64_t row = -1;
  if (third.getAsInteger(10, row) || row < 0) // absent, or none
    return std::nullopt;
  return row;
}

llvm::Error GradientStops::checkFlag() const {
  if (llvm::Error error = flag.check())
    return error;
  std::vector<std::string> names;
  for (const auto &entry : originOf)
    names.push_back(entry.getKey().str());
  llvm::sort(names);
  return flag.checkUsed(names, "output of a node, nor NODE:INDEX of an input");
}

void GradientStops::addNotes(std::vector<std::string> &notes) const {
  if (!obeyed.empty())
    notes.push_back("no gradient passes detach() of the module, as in PyTorch: " + list(obeyed));
  if (!unclear.empty())
    notes.push_back("detach() in the module before " + list(unclear) +
                    ", of which the exporter left too little: here the gradient passes; export "
                    "with optimize=False, or name the value by --stop-gradient");
}

} // namespace dsc::onnx
