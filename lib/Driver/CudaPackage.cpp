//===- CudaPackage.cpp - The folder that --emit=cuda writes ---------------===//
//
// Everything is written beside the folder first and moved there at the end, file by
// file, so that a package is never half of one model and half of another.
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/CudaPackage.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace dsc;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

static std::string joinPath(llvm::StringRef folder, llvm::StringRef name) {
  llvm::SmallString<256> result(folder);
  path::append(result, name);
  return std::string(result);
}

static llvm::Error failed(llvm::StringRef what, std::error_code error) {
  return llvm::createStringError("cannot write '" + what + "': " + error.message());
}

/// build/bin/../share/dsc, wherever this tool was put.
static std::string shareFolder() {
  std::string self = fs::getMainExecutable(
      nullptr, reinterpret_cast<void *>(reinterpret_cast<intptr_t>(&shareFolder)));
  return joinPath(path::parent_path(path::parent_path(self)), "share/dsc");
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static llvm::Error writeText(const std::string &folder, llvm::StringRef name,
                             llvm::function_ref<void(llvm::raw_ostream &)> write) {
  std::string file = joinPath(folder, name);
  if (std::error_code error = fs::create_directories(path::parent_path(file))) {
    return failed(file, error);
  }
  std::error_code error;
  llvm::raw_fd_ostream os(file, error);
  if (error) {
    return failed(file, error);
  }
  write(os);
  return takeError(os, name);
}

/// Brings every file of a tree to its place under `to`.
static llvm::Error
transferTree(const std::string &from, const std::string &to,
             llvm::function_ref<std::error_code(const std::string &, const std::string &)> file) {
  std::error_code error;
  for (fs::recursive_directory_iterator it(from, error), end; it != end && !error;
       it.increment(error)) {
    std::string target = joinPath(to, llvm::StringRef(it->path()).drop_front(from.size() + 1));
    bool isFolder = it->type() == fs::file_type::directory_file;
    error = isFolder ? fs::create_directories(target) : file(it->path(), target);
    if (error) {
      return failed(target, error);
    }
  }
  return error ? failed(from, error) : llvm::Error::success();
}

static llvm::Error copyTree(const std::string &from, const std::string &to) {
  return transferTree(from, to, [](const std::string &source, const std::string &target) {
    return fs::copy_file(source, target);
  });
}

/// Replaces what is there.
static llvm::Error moveTree(const std::string &from, const std::string &to) {
  return transferTree(from, to, [](const std::string &source, const std::string &target) {
    return fs::rename(source, target);
  });
}

llvm::Error dsc::checkCudaFolder(const std::string &folder) {
  if (!fs::exists(folder)) {
    std::string parent = path::parent_path(folder).str();
    if (!parent.empty() && !fs::is_directory(parent)) {
      return llvm::createStringError("cannot write '" + folder + "': there is no folder '" +
                                     parent + "'");
    }
    return llvm::Error::success();
  }
  if (!fs::is_directory(folder)) {
    return llvm::createStringError("cannot write '" + folder +
                                   "': it is a file; name a folder with -o");
  }
  std::error_code error;
  bool isEmpty = fs::directory_iterator(folder, error) == fs::directory_iterator();
  if (!isEmpty && !fs::exists(joinPath(folder, "step.cu"))) {
    return llvm::createStringError("'" + folder +
                                   "' holds other files than a package; name a new folder with -o");
  }
  return llvm::Error::success();
}

static std::string replaceAll(std::string text, llvm::StringRef what, llvm::StringRef by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

static llvm::Error writeFiles(const CudaPackage &package, const std::string &folder) {
  std::string share = shareFolder();
  if (!fs::exists(joinPath(share, "runtime"))) {
    return llvm::createStringError("the runtime's sources (" + joinPath(share, "runtime") +
                                   ") are missing: build everything, not dsc-compile alone");
  }
  if (llvm::Error error = copyTree(share, folder)) {
    return error;
  }
  for (const char *name : {"README.md", "Makefile"}) {
    auto text = llvm::MemoryBuffer::getFile(joinPath(share, name));
    if (!text) {
      return failed(joinPath(share, name), text.getError());
    }
    std::string filled = replaceAll((*text)->getBuffer().str(), "@MODEL@", package.model);
    filled = replaceAll(filled, "@SOURCE@", package.source);
    if (llvm::Error error = writeText(folder, name, [&](auto &os) { os << filled; })) {
      return error;
    }
  }
  const std::pair<const char *, const std::string *> texts[] = {
      {"kernels.cu", &package.sources.kernels},  {"kernels.h", &package.sources.header},
      {"programs.h", &package.sources.programs}, {"module.cpp", &package.sources.module},
      {"model.onnx", &package.skeleton},         {"plan.json", &package.plan},
      {"step.cu", &package.sources.step}};
  for (auto [name, text] : texts) {
    if (text->empty()) {
      continue;
    }
    if (llvm::Error error = writeText(folder, name, [&](auto &os) { os << *text; })) {
      return error;
    }
  }
  return writeText(folder, "weights.safetensors",
                   [&](llvm::raw_ostream &os) { writeWeights(os, package.weights); });
}

llvm::Error dsc::writeCudaPackage(const CudaPackage &package, const std::string &folder) {
  if (llvm::Error error = checkCudaFolder(folder)) {
    return error;
  }
  ScratchFolder scratch(folder + ".tmp" + std::to_string(llvm::sys::Process::getProcessId()));
  if (std::error_code error = fs::create_directories(scratch.path)) {
    return failed(folder, error);
  }
  if (llvm::Error error = writeFiles(package, scratch.path)) {
    return error;
  }
  ignoreSignals();
  if (!fs::exists(folder)) {
    std::error_code error = fs::rename(scratch.path, folder);
    return error ? failed(folder, error) : llvm::Error::success();
  }
  return moveTree(scratch.path, folder);
}

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

llvm::Error CudaBuildFolder::create() {
  llvm::SmallString<128> name;
  if (std::error_code error = fs::createUniqueDirectory("dsc-cuda", name)) {
    return llvm::createStringError("cannot create a temporary folder: " + error.message());
  }
  folder.emplace(std::string(name));
  return llvm::Error::success();
}

llvm::Error CudaBuildFolder::write(const CudaPackage &package) const {
  return writeFiles(package, path());
}

/// The first line of make's output that says what is wrong.
static std::string findBuildError(const std::string &log) {
  auto text = llvm::MemoryBuffer::getFile(log);
  if (!text) {
    return "make failed";
  }
  for (llvm::StringRef rest = (*text)->getBuffer(); !rest.empty();) {
    auto [line, next] = rest.split('\n');
    if (line.contains("error")) {
      return line.str();
    }
    rest = next;
  }
  return (*text)->getBuffer().split('\n').first.str();
}

llvm::Error CudaBuildFolder::build(TrainerFile &trainer) const {
  auto make = llvm::sys::findProgramByName("make");
  auto log = ScratchFile::temporary("dsc-cuda", "log");
  if (!make || !log) {
    llvm::consumeError(log.takeError());
    return llvm::createStringError("--target cuda needs make; --emit=cuda writes the sources");
  }
  std::string nvcc = findNvcc();
  std::string compiler = "NVCC=" + nvcc;
  std::string toolkit = "CUDA=" + path::parent_path(path::parent_path(nvcc)).str();
  std::optional<llvm::StringRef> redirects[] = {std::nullopt, llvm::StringRef(log->name()),
                                                llvm::StringRef(log->name())};
  std::string reason;
  if (runTool({*make, "-C", path(), "-j4", compiler, toolkit, "trainer"}, redirects, &reason) !=
      0) {
    return llvm::createStringError("building the CUDA trainer failed: " +
                                   (reason.empty() ? findBuildError(log->name()) : reason));
  }
  return trainer.takeProgram(joinPath(path(), "trainer"));
}

std::string dsc::findNvcc() {
  std::optional<std::string> home = llvm::sys::Process::GetEnv("CUDA_HOME");
  for (const std::string &folder : {home.value_or(""), std::string("/usr/local/cuda")}) {
    std::string nvcc = joinPath(folder, "bin/nvcc");
    if (!folder.empty() && fs::can_execute(nvcc)) {
      return nvcc;
    }
  }
  auto found = llvm::sys::findProgramByName("nvcc");
  return found ? *found : "";
}
