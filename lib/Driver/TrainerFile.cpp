//===- TrainerFile.cpp - A program with its weights behind it -------------===//

#include "lib/Driver/TrainerFile.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace dsc;
namespace fs = llvm::sys::fs;

static constexpr uint64_t kPage = 4096;

/// From this size on, weights are worth a thread, and room that mostly stays a hole in the file.
static constexpr uint64_t kManyBytes = uint64_t(64) << 20;

/// What a linked program may take where the weights are already behind it: twice what one takes.
static constexpr uint64_t kProgramRoom = uint64_t(8) << 20;

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

static llvm::Error cannotWrite(const ScratchFile &file, const std::string &reason) {
  return llvm::createStringError("cannot write '" + file.shownName() + "': " + reason);
}

/// Calls write(stream) for the file from position `at` on; what else it holds stays.
static llvm::Error writeInto(const ScratchFile &file, uint64_t at,
                             llvm::function_ref<void(llvm::raw_fd_ostream &)> write) {
  int descriptor = -1;
  if (std::error_code error =
          fs::openFileForWrite(file.name(), descriptor, fs::CD_OpenExisting, fs::OF_None)) {
    return cannotWrite(file, error.message());
  }
  llvm::raw_fd_ostream os(descriptor, /*shouldClose=*/true);
  os.seek(at);
  write(os);
  return takeError(os, file.shownName());
}

/// Pads to a page; returns the position.
static uint64_t padToPage(llvm::raw_fd_ostream &os) {
  os.write_zeros(static_cast<unsigned>((kPage - os.tell() % kPage) % kPage));
  return os.tell();
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

TrainerFile::TrainerFile(const ScratchFile &binary, const ScratchFile *beside,
                         llvm::ArrayRef<InitialValue> weights)
    : binary(binary), beside(beside), weights(weights) {
  uint64_t bytes = 0;
  for (const InitialValue &value : weights) {
    bytes += value.bytes().size();
  }
  if (bytes >= kManyBytes) {
    writeEarly(beside ? *beside : binary, beside ? 0 : kProgramRoom);
  }
}

TrainerFile::~TrainerFile() { llvm::consumeError(waitForWeights()); }

void TrainerFile::writeEarly(const ScratchFile &file, uint64_t at) {
  areWritten = true;
  writer = std::thread([this, &file, at] {
    llvm::Error error = writeInto(
        file, at, [&](llvm::raw_ostream &os) { placed = {at, writeWeights(os, weights)}; });
    if (error) {
      failure = llvm::toString(std::move(error));
    }
  });
}

llvm::Error TrainerFile::waitForWeights() {
  if (writer.joinable()) {
    writer.join();
  }
  return failure.empty() ? llvm::Error::success() : llvm::createStringError(failure);
}

/// Writes the weights unless the thread has.
llvm::Error TrainerFile::finishWeights() {
  if (areWritten) {
    return waitForWeights();
  }
  if (beside) {
    return writeInto(*beside, 0, [&](llvm::raw_ostream &os) { writeWeights(os, weights); });
  }
  uint64_t end = 0;
  if (std::error_code error = fs::file_size(binary.name(), end)) {
    return cannotWrite(binary, error.message());
  }
  uint64_t at = llvm::alignTo(end, kPage);
  return writeInto(binary, at,
                   [&](llvm::raw_ostream &os) { placed = {at, writeWeights(os, weights)}; });
}

//===----------------------------------------------------------------------===//
// The trainer
//===----------------------------------------------------------------------===//

/// A program that outgrows its room ends in the weights; they are written again behind it.
llvm::Error TrainerFile::copyProgram(llvm::StringRef program) {
  if (areWritten && !beside && program.size() > kProgramRoom) {
    if (llvm::Error failed = waitForWeights()) {
      return failed;
    }
    areWritten = false;
    return writeFile(binary, [&](llvm::raw_ostream &os) { os << program; });
  }
  return writeInto(binary, 0, [&](llvm::raw_ostream &os) { os << program; });
}

/// Linkers map their output and die where the disk is full; this one says so.
llvm::Error TrainerFile::takeProgram(llvm::StringRef from) {
  auto program = llvm::MemoryBuffer::getFile(from, false, false);
  auto permissions = fs::getPermissions(from);
  if (!program || !permissions) {
    return llvm::createStringError("linking the trainer failed: the linker wrote nothing");
  }
  if (llvm::Error failed = copyProgram((*program)->getBuffer())) {
    return failed;
  }
  if (std::error_code error = fs::setPermissions(binary.name(), *permissions)) {
    return cannotWrite(binary, error.message());
  }
  return llvm::Error::success();
}

static void writeWord(llvm::raw_ostream &os, uint64_t value) {
  os.write(reinterpret_cast<const char *>(&value), sizeof(value));
}

llvm::Error TrainerFile::finish(llvm::StringRef model) {
  if (llvm::Error failed = finishWeights()) {
    return failed;
  }
  Section inside = beside ? Section() : placed;
  uint64_t end = 0;
  if (std::error_code error = fs::file_size(binary.name(), end)) {
    return cannotWrite(binary, error.message());
  }
  return writeInto(binary, end, [&](llvm::raw_fd_ostream &os) {
    uint64_t modelAt = padToPage(os);
    os << model;
    padToPage(os);
    os << llvm::StringRef("dsc-payload-v1\0\0", 16);
    for (uint64_t word : {inside.at, inside.size, model.empty() ? 0 : modelAt,
                          static_cast<uint64_t>(model.size()), uint64_t(0), uint64_t(0)}) {
      writeWord(os, word);
    }
  });
}
