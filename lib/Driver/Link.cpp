//===- Link.cpp - From object files to a trainer --------------------------===//

#include "lib/Driver/Link.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace dsc;

/// Linker drivers, the one that built the runtime first.
static llvm::Expected<std::string> findLinker() {
  for (const char *name : {"clang++-22", "clang++", "g++", "c++"}) {
    if (auto path = llvm::sys::findProgramByName(name)) {
      return *path;
    }
  }
  return llvm::createStringError("no linker: install clang-22 or g++");
}

/// build/bin/../lib, wherever this tool was put.
static std::string libraryFolder() {
  std::string self = llvm::sys::fs::getMainExecutable(
      nullptr, reinterpret_cast<void *>(reinterpret_cast<intptr_t>(&libraryFolder)));
  llvm::SmallString<256> path(llvm::sys::path::parent_path(llvm::sys::path::parent_path(self)));
  llvm::sys::path::append(path, "lib");
  return std::string(path);
}

/// The first line of a linker's output that says what is wrong.
static llvm::StringRef findErrorLine(llvm::StringRef log) {
  for (llvm::StringRef line : llvm::split(log, '\n')) {
    if (line.contains("error:")) {
      return line;
    }
  }
  return log.split('\n').first;
}

static llvm::Error runLinker(llvm::ArrayRef<llvm::StringRef> arguments) {
  auto log = ScratchFile::temporary("dsc-link", "log");
  if (!log) {
    return log.takeError();
  }
  std::optional<llvm::StringRef> redirects[] = {std::nullopt, llvm::StringRef(log->name()),
                                                llvm::StringRef(log->name())};
  std::string message;
  if (runTool(arguments, redirects, &message) == 0) {
    return llvm::Error::success();
  }
  auto text = llvm::MemoryBuffer::getFile(log->name());
  return llvm::createStringError(
      "linking the trainer failed: " +
      (text && message.empty() ? findErrorLine((*text)->getBuffer()).str() : message));
}

llvm::Error dsc::linkTrainer(llvm::ArrayRef<std::string> objects, TrainerFile &trainer) {
  llvm::Expected<std::string> linker = findLinker();
  if (!linker) {
    return linker.takeError();
  }
  std::string folder = libraryFolder();
  std::string loop = folder + "/libdsc-trainer.a", cpu = folder + "/libdsc-cpu.a";
  if (!llvm::sys::fs::exists(loop) || !llvm::sys::fs::exists(cpu)) {
    return llvm::createStringError("the runtime (" + loop +
                                   ") is missing: build everything, not dsc-compile alone");
  }
  std::vector<llvm::StringRef> arguments = {*linker};
  if (llvm::StringRef(*linker).contains("clang")) {
    arguments.push_back("-fuse-ld=lld");
  }
  arguments.insert(arguments.end(), objects.begin(), objects.end());
  for (llvm::StringRef more : {llvm::StringRef(loop), llvm::StringRef(cpu)}) {
    arguments.push_back(more);
  }
  for (llvm::StringRef more :
       {"-ldnnl", "-lgomp", "-lz", "-lpthread", "-lm", "-Wl,--gc-sections", "-s", "-o"}) {
    arguments.push_back(more);
  }
  auto linked = ScratchFile::temporary("dsc-trainer", "");
  if (!linked) {
    return linked.takeError();
  }
  arguments.push_back(linked->name());
  if (llvm::Error failed = runLinker(arguments)) {
    return failed;
  }
  return trainer.takeProgram(linked->name());
}
