//===- Compile.cpp - The order of the phases ------------------------------===//
//
// Reads as the road of docs/Architecture.md: import, train, exec, plan, emit.
// Everything is written to temporary names beside the output and moved there at
// the end.
//
//===----------------------------------------------------------------------===//

#include "dsc/Driver/Compile.h"

#include "dsc/Pipelines/Registration.h"
#include "lib/Driver/Compilation.h"
#include "lib/Driver/CudaPackage.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace dsc;

static DialectRegistry makeRegistry() {
  DialectRegistry registry;
  registerDialects(registry);
  return registry;
}

Compilation::Compilation(const CompileOptions &options)
    : options(options), trainOptions(options.train), registry(makeRegistry()), context(registry),
      errors(&context) {
  context.loadAllAvailableDialects(); // the importer builds ops without a pass
  stem = llvm::sys::path::stem(options.input).str();
  std::string byDefault = stem + (options.emit == "cuda" ? "-cuda" : "-trainer");
  output = options.output.empty() ? byDefault : options.output;
}

int Compilation::run() {
  using Phase = int (Compilation::*)();
  const std::pair<const char *, Phase> phases[] = {{"read the plan", &Compilation::readPlanFile},
                                                   {"prepare", &Compilation::prepareFolders},
                                                   {"import", &Compilation::import},
                                                   {"inspect", &Compilation::inspect},
                                                   {"train", &Compilation::lowerToTrain},
                                                   {"exec", &Compilation::lowerToExec},
                                                   {"plan", &Compilation::makePlan},
                                                   {"emit", &Compilation::emit}};
  int status = kDone;
  for (auto [name, run] : phases) {
    phase = name;
    times.begin(name);
    status = (this->*run)();
    times.end();
    if (status != kDone) {
      break;
    }
  }
  if (status != kDone && status != kStop) {
    return status;
  }
  if (options.timeReport) {
    times.print(llvm::errs());
  }
  return kDone;
}

/// What would be read and then lost.
int Compilation::refuseReplacedInputs() {
  const std::pair<llvm::StringRef, llvm::StringRef> inputs[] = {{options.input, "the model"},
                                                                {options.planFile, "the plan"}};
  for (auto [input, what] : inputs) {
    if (!writesToStdout() && !input.empty() && llvm::sys::fs::equivalent(input, output)) {
      return failUsage("-o '" + output + "' is " + what +
                       ", which would be lost; name another file");
    }
  }
  return kDone;
}

int Compilation::prepareFolders() {
  if (int status = refuseReplacedInputs()) {
    return status;
  }
  if (int status = chooseProcessor()) {
    return status;
  }
  if (options.target == "cuda" && options.emit == "trainer" && findNvcc().empty()) {
    printError("--target cuda needs nvcc, which is neither on the PATH nor in /usr/local/cuda; "
               "--emit=cuda writes the sources, to be built where it is");
    return kBadInput;
  }
  if (options.emit == "cuda") {
    if (llvm::Error error = checkCudaFolder(output)) {
      return fail(std::move(error));
    }
  } else if (!writesToStdout()) {
    // Before minutes of work: can the output be written at all?
    if (auto probe = ScratchFile::pending(output); !probe) {
      return fail(probe.takeError());
    }
  }
  if (!options.dumpIr.empty()) {
    if (llvm::Error error = dumps.open(options.dumpIr)) {
      return fail(std::move(error));
    }
  }
  return kDone;
}

//===----------------------------------------------------------------------===//
// Failures
//===----------------------------------------------------------------------===//

int Compilation::fail(llvm::Error error, int status) {
  if (error.isA<onnx::UsageError>()) {
    status = kBadUsage;
  }
  printError(llvm::toString(std::move(error)));
  return status;
}

int Compilation::failUsage(const llvm::Twine &message) {
  printError(message);
  return kBadUsage;
}

std::string Compilation::reproducerName() const { return output + ".reproducer.mlir"; }

/// Outside of the passes the input itself reproduces it.
int Compilation::internalError() {
  std::string file = reproducerName();
  bool reproducible = llvm::sys::fs::exists(file);
  printError("internal error in dsc-compile while it does '" + phase + "'; please report it with " +
             (reproducible ? "'" + file + "', which dsc-opt --run-reproducer runs"
                           : "this command line and '" + options.input + "'"));
  return kInternalError;
}

/// Runs the compilation so that a crash outside of the passes is an internal
/// error too. No destructor runs then.
static int runRecoverably(Compilation &compilation) {
  llvm::CrashRecoveryContext::Enable();
  llvm::CrashRecoveryContext recovery;
  int status = kInternalError;
  if (!recovery.RunSafely([&] { status = compilation.run(); })) {
    removeScratchFiles();
    return compilation.internalError();
  }
  return status;
}

int dsc::compile(const CompileOptions &options) {
  cleanUpOnSignals();
  Compilation compilation(options);
  int status = runRecoverably(compilation);
  if (llvm::Error error = takeError(llvm::outs(), "standard output")) {
    printError(llvm::toString(std::move(error)));
    return status == kDone ? int(kBadInput) : status;
  }
  return status;
}
