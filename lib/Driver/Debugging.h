//===- Debugging.h - IR dumps, errors as lines, seconds per phase ---------===//
#ifndef DSC_LIB_DRIVER_DEBUGGING_H
#define DSC_LIB_DRIVER_DEBUGGING_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <chrono>
#include <string>
#include <vector>

namespace dsc {

/// Prints `error: message` or `warning: message` as one line.
void printError(const llvm::Twine &message);
void printWarning(const llvm::Twine &message);

/// Turns the first MLIR error into an `error:` line that names the ONNX node or
/// the place in the file; further ones belong to it and are dropped. Warnings
/// become `warning:` lines.
class ErrorLines {
public:
  explicit ErrorLines(mlir::MLIRContext *context);
  bool hasError() const { return seen; }

private:
  bool seen = false;
  mlir::ScopedDiagnosticHandler handler;
};

/// The module as imported and after each pass, FOLDER/NNN-<pass>.mlir, numbered over all
/// pass managers of a compilation. A file is whole or not there; after the first failure
/// there are no more.
class IrDumps {
public:
  /// Without a folder nothing is written.
  llvm::Error open(const std::string &folder);
  void attach(mlir::PassManager &pm);
  /// Writes the next file; `pass` is what it is called after.
  void write(llvm::StringRef pass, mlir::Operation *op);
  void write(llvm::StringRef pass, llvm::function_ref<void(llvm::raw_ostream &)> print);
  /// What went wrong; passes cannot say it.
  llvm::Error takeError() const;

private:
  std::string folder, problem;
  unsigned next = 0;
};

/// Crashes before a pass, as a fault of the compiler would: for tests of what a
/// crash leaves.
void crashBeforePass(mlir::PassManager &pm, const std::string &pass);

/// Seconds by phase, in order.
class PhaseTimes {
public:
  void begin(std::string name);
  void end();
  void print(llvm::raw_ostream &os) const;

private:
  using Clock = std::chrono::steady_clock;
  std::vector<std::pair<std::string, double>> phases;
  Clock::time_point started;
};

} // namespace dsc

#endif // DSC_LIB_DRIVER_DEBUGGING_H
