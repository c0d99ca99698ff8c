//===- Registry.cpp - Which function imports which operator ---------------===//

#include "Registry.h"

#include "dsc/Frontend/ONNX/Model.h"

namespace dsc::onnx {

const Registry &Registry::get() {
  static const Registry registry = [] {
    Registry all;
    populateAttention(all);
    populateConstant(all);
    populateControl(all);
    populateCumulative(all);
    populateEinsum(all);
    populateElementwise(all);
    populateGridSample(all);
    populateIndex(all);
    populateLinear(all);
    populateLinearAttention(all);
    populateLoss(all);
    populateMicrosoft(all);
    populateMicrosoftAttention(all);
    populateNorm(all);
    populateNumeric(all);
    populatePool(all);
    populateQuantize(all);
    populateRandom(all);
    populateRecurrent(all);
    populateReduce(all);
    populateResize(all);
    populateSampling(all);
    populateScatter(all);
    populateSequence(all);
    populateShape(all);
    populateSignal(all);
    return all;
  }();
  return registry;
}

Operator &Registry::add(llvm::StringRef name, int64_t since, InputCount inputs,
                        ImportFunction import) {
  auto entry = std::make_unique<Operator>();
  entry->since = since;
  entry->inputs = inputs;
  entry->import = import;
  return *operators[name].emplace_back(std::move(entry));
}

const Operator *Registry::find(const Node &node, int64_t opset) const {
  if (isDefaultDomain(node.domain))
    return find(node.opType, opset);
  return find((node.domain + "." + node.opType).str(), opset);
}

const Operator *Registry::find(llvm::StringRef name, int64_t opset) const {
  auto entries = operators.find(name);
  if (entries == operators.end())
    return nullptr;
  const Operator *best = nullptr;
  for (const auto &entry : entries->second)
    if (entry->since <= opset && (!best || entry->since > best->since))
      best = entry.get();
  return best;
}

} // namespace dsc::onnx
