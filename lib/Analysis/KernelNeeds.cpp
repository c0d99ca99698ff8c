//===- KernelNeeds.cpp - In which stages a value is needed ----------------===//
//
// One backward walk over the statements of a kernel.
//
//===----------------------------------------------------------------------===//
#include "dsc/Analysis/KernelNeeds.h"

using namespace mlir;

namespace dsc {

bool isStored(const KernelAnalysis &kernel, const Statement &statement) {
  linalg::GenericOp op = statement.op;
  return llvm::all_of(op->getResults(), [&](Value value) {
    return llvm::is_contained(llvm::map_range(kernel.results, [](auto &r) { return r.value; }),
                              value);
  });
}

/// Adds `stages` to the needs of the element work that `statement` reads.
static void propagate(const KernelAnalysis &kernel, const Statement &statement,
                      const std::set<unsigned> &stages, NeedMap &needs) {
  for (Value operand : statement.op->getOperands()) {
    const Statement *source = kernel.producer(operand);
    if (source && source->overQ && !source->reduces)
      needs[source->op].insert(stages.begin(), stages.end());
  }
}

NeedMap findNeeds(const KernelAnalysis &kernel,
                  llvm::function_ref<bool(const Statement &)> keepInScratch) {
  NeedMap needs;
  for (const Statement &statement : kernel.statements)
    if (statement.reduces)
      needs[statement.op].insert(statement.stage);
  for (const KernelResult &result : kernel.results)
    if (const Statement *source = kernel.producer(result.value); source && result.overQ)
      needs[source->op].insert(result.stage);

  for (const Statement &statement : llvm::reverse(kernel.statements)) {
    if (!statement.overQ)
      continue;
    std::set<unsigned> stages = needs[statement.op];
    bool kept = stages.size() > 1 && (isStored(kernel, statement) || keepInScratch(statement));
    if (kept)
      stages = {*stages.begin()};
    propagate(kernel, statement, stages, needs);
  }
  return needs;
}

} // namespace dsc
