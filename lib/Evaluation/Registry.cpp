//===- Registry.cpp - How each op is evaluated ----------------------------===//

#include "dsc/Evaluation/Registry.h"

using namespace mlir;
using namespace dsc;

const Evaluator *Registry::lookup(Operation *op) const {
  auto it = evaluators.find(op->getName().getTypeID());
  return it == evaluators.end() ? nullptr : &it->second;
}

static Registry makeFunctionRegistry() {
  Registry registry;
  for (auto add : {registerElementwise, registerShape, registerReduce, registerLinear, registerPool,
                   registerIndex, registerNorm, registerAttention, registerLoss, registerRandom,
                   registerOptimizer}) {
    add(registry);
  }
  return registry;
}

const Registry &dsc::functionRegistry() {
  static const Registry registry = makeFunctionRegistry();
  return registry;
}
