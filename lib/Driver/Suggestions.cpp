//===- Suggestions.cpp - What --inspect proposes --------------------------===//

#include "lib/Driver/Suggestions.h"

#include "dialects/Train/TrainDialect.h"
#include "dsc/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace dsc;

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

/// What dsc-attach-loss says of the graph with this loss; null where it refuses.
static DictionaryAttr tryLoss(ModuleOp module, const AttachLossPassOptions &options) {
  OwningOpRef<ModuleOp> copy(module.clone());
  ScopedDiagnosticHandler silent(module.getContext(), [](Diagnostic &) { return success(); });
  PassManager pm(module.getContext());
  pm.addPass(createAttachLossPass(options));
  if (failed(pm.run(*copy))) {
    return {};
  }
  return copy->lookupSymbol<func::FuncOp>("forward")->getAttrOfType<DictionaryAttr>(kLossAttr);
}

/// Whether the value is a distribution already, which losses on logits would normalize again.
static bool isProbability(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<train::ReshapeOp, train::TransposeOp, train::ConvertOp>(op)) {
      return isa<train::SoftmaxOp, train::SigmoidOp>(op);
    }
    value = op->getOperand(0);
  }
  return false;
}

static void suggestLosses(ModuleOp module, Value value, bool isOnly, onnx::SlotReport &output) {
  std::string of = isOnly ? "" : ":" + output.name;
  AttachLossPassOptions own;
  own.lossOutput = output.name;
  if (tryLoss(module, own)) {
    output.notes.push_back("--loss-output " + output.name + ", where it is the loss");
    return;
  }
  AttachLossPassOptions classes;
  classes.output = output.name;
  DictionaryAttr found = tryLoss(module, classes);
  auto count = found ? found.getAs<IntegerAttr>("classes") : IntegerAttr();
  if (count && count.getInt() > 1) {
    output.notes.push_back("--loss cross-entropy" + of + ", labels: one class of 0 to " +
                           std::to_string(count.getInt() - 1) + " for each target");
  }
  AttachLossPassOptions values = classes;
  values.kind = LossKind::Mse;
  if (tryLoss(module, values)) {
    output.notes.push_back("--loss mse" + of + " (or l1, bce-with-logits), labels: its shape");
  }
  if (isProbability(value)) {
    output.notes.push_back("holds probabilities: cross-entropy and bce-with-logits want what is "
                           "before the softmax or sigmoid; export that");
  }
  if (output.notes.empty()) {
    output.notes.push_back(
        "no loss can be attached: it holds no floating-point values of the batch");
  }
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

static bool readsParameter(Operation *op, ModuleOp module) {
  return llvm::any_of(op->getOperands(), [&](Value operand) {
    auto read = operand.getDefiningOp<train::ReadOp>();
    auto variable =
        read ? module.lookupSymbol<train::VariableOp>(read.getVariable()) : train::VariableOp();
    return variable && variable.getRole() == train::VariableRole::Parameter;
  });
}

static bool isLoss(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getNumElements() == 1 && isa<FloatType>(type.getElementType());
}

/// Labels meet what the parameters have made of the data, never a parameter itself, and end in
/// a scalar.
static bool looksLikeLabels(BlockArgument input, ModuleOp module) {
  bool endsInLoss = false;
  SmallVector<Operation *> work(input.getUsers());
  DenseSet<Operation *> seen;
  Block *body = input.getOwner();
  while (!work.empty()) {
    Operation *op = body->findAncestorOpInBlock(*work.pop_back_val());
    if (!seen.insert(op).second) {
      continue;
    }
    if (isa<func::ReturnOp>(op)) {
      endsInLoss |= llvm::any_of(op->getOperands(), isLoss);
      continue;
    }
    if (op->getNumRegions() != 0 || readsParameter(op, module)) {
      return false;
    }
    llvm::append_range(work, op->getUsers());
  }
  return endsInLoss;
}

void dsc::addSuggestions(ModuleOp module, onnx::ImportResult &report) {
  auto forward = module.lookupSymbol<func::FuncOp>("forward");
  Block &body = forward.getBody().front();
  for (auto [argument, input] : llvm::zip_equal(body.getArguments(), report.inputs)) {
    if (looksLikeLabels(argument, module)) {
      input.notes.push_back("read by the loss alone: labels, or their weights");
    } else {
      input.notes.push_back(argument.use_empty() ? "not used" : "data");
    }
  }
  bool isOnly = report.outputs.size() == 1;
  auto results = body.getTerminator()->getOperands();
  for (auto [value, output] : llvm::zip_equal(results, report.outputs)) {
    suggestLosses(module, value, isOnly, output);
  }
}
