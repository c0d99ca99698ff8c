//===- Link.cpp - From object files to a trainer --------------------------===//

#include "lib/Driver/Link.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace dsc;

static constexpr uint64_t kPage = 4096;

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

/// Linkers map their output and die where the disk is full; this one says so.
llvm::Error dsc::copyProgram(llvm::StringRef from, const ScratchFile &to) {
  auto program = llvm::MemoryBuffer::getFile(from, false, false);
  auto permissions = llvm::sys::fs::getPermissions(from);
  if (!program || !permissions) {
    return llvm::createStringError("linking the trainer failed: the linker wrote nothing");
  }
  if (llvm::Error failed =
          writeFile(to, [&](llvm::raw_ostream &os) { os << (*program)->getBuffer(); })) {
    return failed;
  }
  if (std::error_code error = llvm::sys::fs::setPermissions(to.name(), *permissions)) {
    return llvm::createStringError("cannot write '" + to.shownName() + "': " + error.message());
  }
  return llvm::Error::success();
}

llvm::Error dsc::linkTrainer(llvm::ArrayRef<std::string> objects, const ScratchFile &output) {
  llvm::Expected<std::string> linker = findLinker();
  if (!linker) {
    return linker.takeError();
  }
  std::string folder = libraryFolder();
  std::string trainer = folder + "/libdsc-trainer.a", cpu = folder + "/libdsc-cpu.a";
  if (!llvm::sys::fs::exists(trainer) || !llvm::sys::fs::exists(cpu)) {
    return llvm::createStringError("the runtime (" + trainer +
                                   ") is missing: build everything, not dsc-compile alone");
  }
  std::vector<llvm::StringRef> arguments = {*linker};
  if (llvm::StringRef(*linker).contains("clang")) {
    arguments.push_back("-fuse-ld=lld");
  }
  arguments.insert(arguments.end(), objects.begin(), objects.end());
  for (llvm::StringRef more : {llvm::StringRef(trainer), llvm::StringRef(cpu)}) {
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
  return copyProgram(linked->name(), output);
}

//===----------------------------------------------------------------------===//
// Payload
//===----------------------------------------------------------------------===//

/// Pads a file that had `base` bytes before anything was appended; returns the
/// position.
static uint64_t padToPage(llvm::raw_fd_ostream &os, uint64_t base) {
  os.write_zeros(static_cast<unsigned>((kPage - (base + os.tell()) % kPage) % kPage));
  return base + os.tell();
}

static void writeWord(llvm::raw_ostream &os, uint64_t value) {
  os.write(reinterpret_cast<const char *>(&value), sizeof(value));
}

uint64_t dsc::writeWeights(llvm::raw_ostream &os, llvm::ArrayRef<InitialValue> weights) {
  std::string header = safetensorsHeader(weights);
  os << header;
  uint64_t size = header.size();
  for (const InitialValue &value : weights) {
    os << value.bytes();
    size += value.bytes().size();
  }
  return size;
}

llvm::Error dsc::appendPayload(const ScratchFile &binary, llvm::ArrayRef<InitialValue> weights,
                               const ScratchFile *beside, llvm::StringRef model) {
  uint64_t base = 0;
  std::error_code error = llvm::sys::fs::file_size(binary.name(), base);
  llvm::raw_fd_ostream os(binary.name(), error, llvm::sys::fs::OF_Append);
  if (error) {
    return llvm::createStringError("cannot write '" + binary.shownName() + "': " + error.message());
  }
  uint64_t weightsAt = 0, weightsSize = 0;
  if (beside) {
    if (llvm::Error failed =
            writeFile(*beside, [&](llvm::raw_ostream &out) { writeWeights(out, weights); })) {
      return failed;
    }
  } else {
    weightsAt = padToPage(os, base);
    weightsSize = writeWeights(os, weights);
  }
  uint64_t modelAt = padToPage(os, base);
  os << model;
  padToPage(os, base);
  os << llvm::StringRef("dsc-payload-v1\0\0", 16);
  for (uint64_t word : {weightsAt, weightsSize, model.empty() ? 0 : modelAt,
                        static_cast<uint64_t>(model.size()), uint64_t(0), uint64_t(0)}) {
    writeWord(os, word);
  }
  return takeError(os, binary.shownName());
}
