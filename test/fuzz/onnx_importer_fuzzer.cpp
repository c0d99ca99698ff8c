//===- onnx_importer_fuzzer.cpp - Any model in, an error or a module out --===//
//
// What the reader accepts may still make no sense: wrong ranks, types, counts,
// cycles, sizes. The importer must refuse it by an error, and what it builds must
// verify. The batch is changed too, which imports twice.
//
//===----------------------------------------------------------------------===//

#include "dialects/Train/TrainDialect.h"
#include "dsc/Frontend/ONNX/Importer.h"
#include "dsc/Frontend/ONNX/Reader.h"
#include "lib/Frontend/ONNX/CallSizes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"

using namespace dsc::onnx;

/// Inputs of a few elements are enough; larger ones only take time.
static bool isSmall(const Model &model) {
  for (const ValueInfo &input : model.graph.inputs)
    for (const Dim &dim : input.type.shape.value_or(std::vector<Dim>()))
      if (dim.size.value_or(0) > 64)
        return false;
  return CallSizes(model).of(model.graph.nodes) < 256;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef bytes(reinterpret_cast<const char *>(data), size);
  auto model = readModel(llvm::MemoryBuffer::getMemBuffer(bytes, "input", false), "");
  if (!model) {
    llvm::consumeError(model.takeError());
    return 0;
  }
  if (!isSmall(**model))
    return 0;
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<dsc::train::TrainDialect, mlir::func::FuncDialect>();
  for (int64_t batch : {0, 3}) {
    ImportOptions options;
    options.batch = batch;
    options.inspect = batch == 0 && size % 2 == 0;
    auto result = importModel(**model, context, options);
    if (!result)
      llvm::consumeError(result.takeError());
  }
  return 0;
}
