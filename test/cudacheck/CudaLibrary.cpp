//===- CudaLibrary.cpp - Modules as CUDA sources, for the emulator --------===//
//
// The sources that --emit=cuda writes, compiled as `make emulate` does. The runtime
// and the emulator are those that this program is linked with.
//
//===----------------------------------------------------------------------===//

#include "test/cpucheck/Library.h"

#include "dsc/Target/CUDA/CudaEmission.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace dsc;
namespace fs = llvm::sys::fs;

std::shared_ptr<const TargetModel> cpucheck::createTargetModel() {
  return cuda::createCudaTargetModel();
}

namespace {
/// A temporary folder that goes when this does.
struct SourceFolder {
  SourceFolder() { fs::createUniqueDirectory("cuda-check", path); }
  ~SourceFolder() { fs::remove_directories(path); }
  std::string file(StringRef name) const { return (path + "/" + name).str(); }
  SmallString<128> path;
};
} // namespace

static LogicalResult writeSources(const cuda::CudaSources &sources, const SourceFolder &folder) {
  const std::pair<const char *, const std::string *> files[] = {{"kernels.cu", &sources.kernels},
                                                                {"kernels.h", &sources.header},
                                                                {"step.cu", &sources.step},
                                                                {"programs.h", &sources.programs},
                                                                {"module.cpp", &sources.module}};
  for (auto [name, text] : files) {
    std::error_code error;
    llvm::raw_fd_ostream os(folder.file(name), error);
    if (error) {
      return failure();
    }
    os << *text;
  }
  return success();
}

/// One run of the compiler for all three files.
static LogicalResult compile(const SourceFolder &folder, const std::string &path) {
  std::string here = folder.path.str().str(), message;
  std::string kernels = folder.file("kernels.cu"), step = folder.file("step.cu"),
              module = folder.file("module.cpp");
  SmallVector<StringRef> command = {DSC_COMPILER,
                                    "-shared",
                                    "-fPIC",
                                    "-fuse-ld=lld",
                                    "-std=c++20",
                                    "-O1",
                                    "-w",
                                    "-I",
                                    here,
                                    "-I",
                                    DSC_RUNTIME,
                                    "-I",
                                    DSC_RUNTIME "/emulator",
                                    "-x",
                                    "c++",
                                    kernels,
                                    step,
                                    module,
                                    "-o",
                                    path};
  bool good =
      llvm::sys::ExecuteAndWait(DSC_COMPILER, command, std::nullopt, {}, 600, 0, &message) == 0;
  if (!good) {
    llvm::errs() << "error: the emitted sources do not compile " << message << '\n';
  }
  return success(good);
}

LogicalResult cpucheck::writeLibrary(ModuleOp exec, const std::string &, const std::string &path) {
  FailureOr<cuda::CudaSources> sources = cuda::emitSources(exec, "{}");
  SourceFolder folder;
  return success(succeeded(sources) && succeeded(writeSources(*sources, folder)) &&
                 succeeded(compile(folder, path)));
}
