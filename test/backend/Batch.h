//===- Batch.h - Backend tests interpreted and compiled together ----------===//
//
// Compiling many programs as one module costs little more than one. If a batch
// does not compile, its tests are compiled one by one, so that one bad test
// fails alone.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TEST_BACKEND_BATCH_H
#define DSC_TEST_BACKEND_BATCH_H

#include "Import.h"

namespace dsc::backend {

/// What became of one test.
struct Outcome {
  std::string name, op;
  enum class Kind { Passed, Refused, Failed } kind = Kind::Passed;
  std::string message; // why it was refused or failed
  std::set<std::string> constants;
  bool hasGradient = false; // which was checked
};

/// A data set that was imported, and the test it belongs to.
struct PendingRun {
  Run run;
  Outcome *outcome;
};

/// Interprets and compiles the runs and compares with the expected values.
void execute(llvm::MutableArrayRef<PendingRun> runs, mlir::MLIRContext &context);

/// Calls `action`; false with a message if it crashed.
bool runSafely(llvm::function_ref<void()> action);

} // namespace dsc::backend

#endif // DSC_TEST_BACKEND_BATCH_H
