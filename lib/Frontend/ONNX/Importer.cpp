//===- Importer.cpp - ONNX model to train dialect -------------------------===//

#include "dsc/Frontend/ONNX/Importer.h"
#include "GraphImporter.h"
#include "dsc/Frontend/ONNX/Reader.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace dsc::onnx {

char UsageError::ID = 0;

static llvm::Error error(const llvm::Twine &message) {
  return llvm::createStringError(std::errc::invalid_argument, "%s", message.str().c_str());
}

static llvm::Error checkOpset(const Model &model) {
  int64_t opset = model.defaultOpset();
  if (opset >= oldestOpset && opset <= newestOpset)
    return llvm::Error::success();
  if (opset == 0)
    return error("the model does not say which opset version of ai.onnx it uses");
  return error("the model uses opset " + llvm::Twine(opset) + " of ai.onnx; known are " +
               llvm::Twine(oldestOpset) + " to " + llvm::Twine(newestOpset) +
               ", so export it with one of these");
}

static llvm::Expected<func::FuncOp> createForward(ModuleOp module, const BoundInputs &inputs) {
  OpBuilder builder(module.getContext());
  llvm::SmallVector<Type> types;
  llvm::SmallVector<mlir::Attribute> names;
  for (const BoundInput &input : inputs.inputs) {
    Type element = elementType(input.type, module.getContext());
    if (!element)
      return error("input '" + input.name + "' has type " + dataTypeName(input.type) +
                   ", which is not supported");
    types.push_back(RankedTensorType::get(input.shape, element));
    names.push_back(builder.getDictionaryAttr(
        builder.getNamedAttr(train::kNameAttr, builder.getStringAttr(input.name))));
  }
  builder.setInsertionPointToEnd(module.getBody());
  auto function =
      func::FuncOp::create(builder, module.getLoc(), "forward", builder.getFunctionType(types, {}));
  function.setArgAttrsAttr(builder.getArrayAttr(names));
  function.addEntryBlock();
  return function;
}

/// The dialect's verifiers speak through diagnostics; here they become the error.
static llvm::Error verifyModule(ModuleOp module) {
  std::string message;
  ScopedDiagnosticHandler capture(module.getContext(), [&](Diagnostic &diagnostic) {
    auto name = dyn_cast<NameLoc>(diagnostic.getLocation());
    if (message.empty())
      message = (name ? name.getName().str() + ": " : "") + diagnostic.str();
    return success();
  });
  if (succeeded(mlir::verify(module)))
    return llvm::Error::success();
  return error(message.empty() ? "the imported module is not valid" : message);
}

/// One import; with `record`, following the batch; with `exported`, for another batch
/// than that of the record; with `otherBatch`, marking the numbers that differ from there.
static llvm::Error importOnce(const Model &model, MLIRContext &context,
                              const ImportOptions &options, const BoundInputs &inputs,
                              const BatchRecord *exported, const BatchRecord *otherBatch,
                              BatchRecord *record, ImportResult &result) {
  auto variables = Variables::create(options, model, context);
  if (!variables)
    return variables.takeError();
  result.module = ModuleOp::create(NameLoc::get(StringAttr::get(&context, model.path)));
  auto function = createForward(*result.module, inputs);
  if (!function)
    return function.takeError();
  GraphImporter importer(model, options, **variables, inputs, *function, exported);
  importer.followsBatch = record != nullptr;
  importer.otherBatch = otherBatch;
  if (llvm::Error problem = importer.run(result))
    return problem;
  if (record)
    *record = std::move(importer.record);
  bool complete = llvm::none_of(result.operators, [](const OperatorReport &row) {
    return row.status == "error" || row.status == "unsupported";
  });
  (*variables)->finish(*result.module, function->getBody().front(), result, complete);
  if (llvm::Error problem = complete ? (*variables)->checkFlags() : llvm::Error::success())
    return problem;
  if (llvm::Error problem = complete ? importer.checkFlag() : llvm::Error::success())
    return problem;
  if (complete)
    return verifyModule(*result.module);
  result.module = {}; // An inspection goes on after errors, a compilation does not.
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Inputs and outputs, for a report
//===----------------------------------------------------------------------===//

static std::string printDim(const Dim &dim) {
  if (dim.size)
    return std::to_string(*dim.size);
  return dim.symbol.empty() ? "?" : dim.symbol.str();
}

static SlotReport reportSlot(const ValueInfo &info) {
  SlotReport slot{info.name.str(), dataTypeName(info.type.elementType).str(), {}};
  if (info.type.shape)
    slot.type =
        "[" + llvm::join(llvm::map_range(*info.type.shape, printDim), ", ") + "] " + slot.type;
  return slot;
}

static void reportSlots(const Model &model, const BoundInputs &inputs, ImportResult &result) {
  for (const ValueInfo &info : model.graph.inputs) {
    auto isThis = [&](const BoundInput &input) { return input.name == info.name; };
    if (llvm::any_of(inputs.inputs, isThis))
      result.inputs.push_back(reportSlot(info));
  }
  for (const ValueInfo &info : model.graph.outputs)
    result.outputs.push_back(reportSlot(info));
}

/// The model with the batch of its file.
static llvm::Error importExported(const Model &model, MLIRContext &context, ImportOptions options,
                                  BatchRecord &record) {
  options.batch = 0;
  auto inputs = bindInputs(model, options);
  if (!inputs)
    return inputs.takeError();
  ImportResult discarded;
  return importOnce(model, context, options, *inputs, nullptr, nullptr, &record, discarded);
}

/// A model of any batch with twice that of `inputs`. False for one that has its own, or can
/// have no other.
static bool importDoubled(const Model &model, MLIRContext &context, ImportOptions options,
                          const BoundInputs &inputs, BatchRecord &record) {
  if (inputs.inputs.empty() || inputs.inputs.front().shape.empty())
    return false;
  for (const ValueInfo &info : model.graph.inputs)
    if (info.type.shape && !info.type.shape->empty()) {
      options.dims.erase(info.type.shape->front().symbol.str());
      options.dims.erase((info.name + ":0").str());
    }
  options.batch = 2 * inputs.inputs.front().shape.front();
  auto doubled = bindInputs(model, options);
  if (!doubled || doubled->exportedBatch) {
    llvm::consumeError(doubled.takeError());
    return false;
  }
  ImportResult discarded;
  llvm::Error problem =
      importOnce(model, context, options, *doubled, nullptr, nullptr, &record, discarded);
  bool isComplete = !problem && discarded.module;
  llvm::consumeError(std::move(problem));
  return isComplete;
}

llvm::Expected<ImportResult> importModel(const Model &model, MLIRContext &context,
                                         const ImportOptions &options) {
  if (llvm::Error problem = checkOpset(model))
    return problem;
  auto inputs = bindInputs(model, options);
  if (!inputs)
    return inputs.takeError();
  BatchRecord exported, other, record;
  bool isRebatched = inputs->exportedBatch.has_value();
  if (isRebatched)
    if (llvm::Error problem = importExported(model, context, options, exported))
      return problem;
  bool isMarked = options.marksScales &&
                  (isRebatched || importDoubled(model, context, options, *inputs, other));
  ImportResult result;
  result.notes = model.notes;
  if (llvm::Error problem =
          importOnce(model, context, options, *inputs, isRebatched ? &exported : nullptr,
                     !isMarked     ? nullptr
                     : isRebatched ? &exported
                                   : &other,
                     isRebatched || isMarked ? &record : nullptr, result))
    return problem;
  reportSlots(model, *inputs, result);
  return result;
}

} // namespace dsc::onnx
