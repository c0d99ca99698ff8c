//===- Import.h - A backend test as a program with known results ----------===//
#ifndef DSC_TEST_BACKEND_IMPORT_H
#define DSC_TEST_BACKEND_IMPORT_H

#include "TestCase.h"

#include "dsc/Evaluation/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <set>

namespace dsc::backend {

/// One data set of one test: `@forward` takes graph inputs, then initializers.
struct Run {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  llvm::SmallVector<Tensor> arguments;
  llvm::SmallVector<Tensor> expected;
  /// Graph inputs whose values had to be known to import the graph.
  std::set<std::string> constants;
  /// Whether results depend on random numbers.
  bool isRandom = false;
};

/// Imports the test for the shapes of its data set. An input is taken as a constant
/// where the importer says that it must know it; with `known` all are.
llvm::Expected<Run> importRun(llvm::StringRef folder, size_t dataSet, bool known,
                              mlir::MLIRContext &context);

} // namespace dsc::backend

#endif // DSC_TEST_BACKEND_IMPORT_H
