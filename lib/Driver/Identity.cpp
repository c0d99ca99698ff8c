//===- Identity.cpp - Which model it is, with which loss ------------------===//
//
// A plan belongs to a graph with its shapes and loss, and decides batch,
// micro-batches and optimizer. So the hash is taken of the graph as imported, at a
// batch that no plan decides, before there is a loss, a step or an update.
//
//===----------------------------------------------------------------------===//

#include "dialects/Train/TrainDialect.h"
#include "lib/Driver/Compilation.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA256.h"

using namespace mlir;
using namespace dsc;

/// The batch of the hash where the file says none.
static constexpr int64_t kHashedBatch = 4;

/// The graph without values of variables, and what is known of its loss.
static std::string hashGraph(ModuleOp module, const std::string &loss) {
  OwningOpRef<ModuleOp> graph = module.clone();
  for (auto variable : graph->getOps<train::VariableOp>()) {
    variable.setInitAttr(UnitAttr::get(module.getContext()));
  }
  std::string text = loss + "\n";
  llvm::raw_string_ostream os(text);
  graph->print(os, OpPrintingFlags().useLocalScope().elideLargeElementsAttrs(64));
  auto digest =
      llvm::SHA256::hash(ArrayRef(reinterpret_cast<const uint8_t *>(text.data()), text.size()));
  return llvm::toHex(digest, /*LowerCase=*/true).substr(0, 32);
}

std::string Compilation::lossText() const {
  const TrainOptions &loss = trainOptions;
  if (!loss.lossOutput.empty()) {
    return "output " + loss.lossOutput;
  }
  std::string text;
  llvm::raw_string_ostream(text) << nameOf(loss.loss) << " of " << loss.lossOf << ", "
                                 << loss.classAxis << ' ' << loss.ignoreIndex << ' '
                                 << loss.labelSmoothing;
  return text;
}

/// Imports the model again, at its own batch or a fixed one; where it takes neither,
/// its batch is part of what it is.
std::string Compilation::hashOnnx() {
  if (importedBatch == 0) {
    return hashGraph(*module, lossText());
  }
  ScopedDiagnosticHandler quiet(&context, [](Diagnostic &) { return success(); });
  for (int64_t batch : {int64_t(0), kHashedBatch}) {
    onnx::ImportOptions import = importOptions(options);
    import.batch = batch;
    auto result = onnx::importModel(*onnxModel, context, import);
    if (result) {
      return hashGraph(*result->module, lossText());
    }
    llvm::consumeError(result.takeError());
  }
  return hashGraph(*module, lossText());
}

int Compilation::identifyModel() {
  if (int status = chooseLoss()) {
    return status;
  }
  plan.model = stem;
  plan.modelHash = onnxModel ? hashOnnx() : hashGraph(*module, lossText());
  return checkModelOfPlan();
}

/// A plan is of one graph with its shapes.
int Compilation::checkModelOfPlan() {
  if (!obeyed || obeyed->modelHash == plan.modelHash) {
    return kDone;
  }
  return fail(llvm::createStringError(
      "plan '" + options.planFile + "' is of another model (" + obeyed->model +
      "), or of this one with another loss, --dim, --trainable, --batch-norm or --dropout; make a "
      "new one with --plan"));
}

//===----------------------------------------------------------------------===//
// The loss
//===----------------------------------------------------------------------===//

static std::string join(ArrayRef<std::string> names) {
  std::string text;
  for (const std::string &name : names) {
    text += (text.empty() ? "'" : ", '") + name + "'";
  }
  return text;
}

static bool isFloatScalar(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() == 0 && isa<FloatType>(tensor.getElementType());
}

/// Without --loss, a scalar that the model computes; nothing is guessed.
int Compilation::chooseLoss() {
  if (options.hasLoss) {
    return kDone;
  }
  auto forward = module->lookupSymbol<func::FuncOp>("forward");
  std::vector<std::string> outputs, scalars;
  for (unsigned i = 0; i < forward.getNumResults(); ++i) {
    auto name = forward.getResultAttrOfType<StringAttr>(i, train::kNameAttr);
    outputs.push_back(name ? name.str() : "");
    if (isFloatScalar(forward.getResultTypes()[i])) {
      scalars.push_back(outputs.back());
    }
  }
  if (scalars.size() == 1) {
    trainOptions.lossOutput = scalars.front();
    return kDone;
  }
  std::string choices = scalars.empty()
                            ? "--loss cross-entropy, mse, l1 or bce-with-logits "
                              "attaches one to an output (" +
                                  join(outputs) + ")"
                            : "say which output is it, --loss-output NAME (" + join(scalars) + ")";
  return fail(llvm::createStringError("no loss to train on: " + choices));
}
