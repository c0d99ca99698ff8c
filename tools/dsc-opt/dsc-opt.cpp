//===- dsc-opt.cpp - mlir-opt with the project's dialects and passes ------===//
//
// What mlir-opt says stands as it is, with places in the file; the exit statuses
// and the last line are those of the project's other tools.
//
//===----------------------------------------------------------------------===//

#include "dsc/Pipelines/Registration.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

namespace cl = llvm::cl;

static constexpr int kBadInput = 1, kBadUsage = 2, kInternalError = 70;

static int fail(int status, const llvm::Twine &message) {
  llvm::errs() << "error: " << message << '\n';
  return status;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  mlir::DialectRegistry registry;
  dsc::registerDialects(registry);
  dsc::registerPasses();
  cl::opt<std::string> input(cl::Positional, cl::desc("<input file>"), cl::init("-"));
  cl::opt<std::string> output("o", cl::desc("Output filename"), cl::value_desc("filename"),
                              cl::init("-"));
  std::string help = mlir::registerCLIOptions("dsc-opt\n", registry), usage, reason;
  llvm::raw_string_ostream usageStream(usage);
  if (!cl::ParseCommandLineOptions(argc, argv, help, &usageStream)) {
    return fail(kBadUsage, llvm::StringRef(usage).split('\n').first);
  }
  if (input != "-" && !mlir::openInputFile(input, &reason)) {
    return fail(kBadInput, reason);
  }
  // The input and these arguments are the reproducer.
  llvm::CrashRecoveryContext::Enable();
  mlir::LogicalResult result = mlir::failure();
  if (!llvm::CrashRecoveryContext().RunSafely(
          [&] { result = mlir::MlirOptMain(argc, argv, input, output, registry); })) {
    return fail(kInternalError, "internal error on '" + input +
                                    "'; please report it with this file and the command");
  }
  if (failed(result)) {
    return fail(kBadInput, "'" + input + "' was not processed, for the reason above");
  }
  return 0;
}
