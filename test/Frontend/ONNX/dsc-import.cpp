//===- dsc-import.cpp - The ONNX frontend by itself, for tests ------------===//

#include "dialects/Train/TrainDialect.h"
#include "dsc/Frontend/ONNX/Importer.h"
#include "dsc/Frontend/ONNX/Reader.h"
#include "dsc/Frontend/ONNX/Restore.h"
#include "dsc/Support/Npz.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/CommandLine.h"

#include <cstdlib>

using namespace dsc::onnx;
namespace cl = llvm::cl;

static int fail(llvm::Error error) {
  llvm::errs() << "error: " << llvm::toString(std::move(error)) << "\n";
  return 1;
}

/// Writes the variables' initial values from the file; all of them f32 in tests.
static llvm::Error writeWeights(const ImportResult &result, llvm::StringRef path) {
  dsc::NpzArchive archive;
  for (auto variable : result.module.get().getOps<dsc::train::VariableOp>()) {
    auto found = result.weights.find(variable.getSymName().str());
    if (found == result.weights.end())
      continue;
    dsc::NpzArray &array = archive[found->first];
    array.shape.assign(variable.getTensorType().getShape());
    array.bytes.assign(found->second.begin(), found->second.end());
  }
  return dsc::writeNpz(path, archive);
}

int main(int argc, char **argv) {
  cl::opt<std::string> input(cl::Positional, cl::Required, cl::desc("MODEL"));
  cl::opt<int64_t> batch("batch", cl::init(0));
  cl::list<std::string> dims("dim");
  cl::opt<std::string> trainable("trainable"), freeze("freeze"), tie("tie"),
      stopGradient("stop-gradient");
  cl::opt<BatchNormMode> batchNorm("batch-norm", cl::init(BatchNormMode::Train),
                                   cl::values(clEnumValN(BatchNormMode::Train, "train", ""),
                                              clEnumValN(BatchNormMode::Local, "local", ""),
                                              clEnumValN(BatchNormMode::Frozen, "frozen", "")));
  cl::opt<bool> dropout("dropout", cl::init(true));
  cl::opt<bool> locations("locations"), inspect("inspect"), json("json"), readOnly("read-only");
  cl::opt<std::string> weights("weights", cl::desc("where initial values go (.npz)"));
  cl::ParseCommandLineOptions(argc, argv);

  auto model = readModel(input);
  if (!model)
    return fail(model.takeError());
  if (readOnly)
    return 0;
  restoreInitializers(**model);
  ImportOptions options;
  options.batch = batch;
  for (llvm::StringRef dim : dims)
    options.dims[dim.split('=').first.str()] = std::atoll(dim.split('=').second.str().c_str());
  options.trainable = trainable;
  options.freeze = freeze;
  options.tie = tie;
  options.stopGradient = stopGradient;
  options.batchNorm = batchNorm;
  options.dropout = dropout;
  options.inspect = inspect;
  mlir::MLIRContext context;
  context.loadDialect<dsc::train::TrainDialect, mlir::func::FuncDialect>();
  auto result = importModel(**model, context, options);
  if (!result)
    return fail(result.takeError());
  if (!weights.empty())
    if (llvm::Error error = writeWeights(*result, weights))
      return fail(std::move(error));
  if (inspect)
    json ? printInspectionJson(*result, llvm::outs()) : printInspection(*result, llvm::outs());
  else
    result->module->print(llvm::outs(), mlir::OpPrintingFlags().enableDebugInfo(locations));
  return 0;
}
