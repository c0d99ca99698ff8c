//===- Link.cpp - From object files to a trainer --------------------------===//

#include "lib/Driver/Link.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
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

static llvm::Error runLinker(llvm::ArrayRef<llvm::StringRef> arguments) {
  llvm::SmallString<128> log;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("dsc-link", "log", log)) {
    return llvm::createStringError("cannot create a temporary file: " + error.message());
  }
  llvm::FileRemover removeLog(log);
  std::optional<llvm::StringRef> redirects[] = {std::nullopt, llvm::StringRef(log),
                                                llvm::StringRef(log)};
  std::string message;
  int status =
      llvm::sys::ExecuteAndWait(arguments[0], arguments, std::nullopt, redirects, 0, 0, &message);
  if (status == 0) {
    return llvm::Error::success();
  }
  auto text = llvm::MemoryBuffer::getFile(log);
  llvm::StringRef first = text ? (*text)->getBuffer().split('\n').first : "";
  return llvm::createStringError("linking the trainer failed: " +
                                 (message.empty() ? first.str() : message));
}

llvm::Error dsc::linkTrainer(llvm::ArrayRef<std::string> objects, llvm::StringRef output) {
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
  arguments.push_back(output);
  return runLinker(arguments);
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

static uint64_t writeWeights(llvm::raw_ostream &os, llvm::ArrayRef<InitialValue> weights) {
  std::string header = safetensorsHeader(weights);
  os << header;
  uint64_t size = header.size();
  for (const InitialValue &value : weights) {
    os << value.bytes();
    size += value.bytes().size();
  }
  return size;
}

static llvm::Error checkWritten(llvm::raw_fd_ostream &os, llvm::StringRef file) {
  os.flush();
  if (!os.has_error()) {
    return llvm::Error::success();
  }
  std::string reason = os.error().message();
  os.clear_error();
  return llvm::createStringError("cannot write '" + file + "': " + reason);
}

static llvm::Error writeWeightsBeside(llvm::StringRef file, llvm::ArrayRef<InitialValue> weights) {
  std::error_code error;
  llvm::raw_fd_ostream os(file, error);
  if (error) {
    return llvm::createStringError("cannot write '" + file + "': " + error.message());
  }
  writeWeights(os, weights);
  return checkWritten(os, file);
}

llvm::Error dsc::appendPayload(llvm::StringRef binary, llvm::ArrayRef<InitialValue> weights,
                               llvm::StringRef beside, llvm::StringRef model) {
  uint64_t base = 0;
  std::error_code error = llvm::sys::fs::file_size(binary, base);
  llvm::raw_fd_ostream os(binary, error, llvm::sys::fs::OF_Append);
  if (error) {
    return llvm::createStringError("cannot write '" + binary + "': " + error.message());
  }
  uint64_t weightsAt = 0, weightsSize = 0;
  if (!beside.empty()) {
    if (llvm::Error failed = writeWeightsBeside(beside, weights)) {
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
  return checkWritten(os, binary);
}
