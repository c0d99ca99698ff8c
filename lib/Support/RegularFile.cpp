//===- RegularFile.cpp - Files that others wrote --------------------------===//

#include "dsc/Support/RegularFile.h"

#include "llvm/Support/FileSystem.h"

using namespace llvm;

static Error cannotOpen(StringRef path, const Twine &why) {
  return createStringError("cannot open '" + path + "': " + why);
}

Expected<std::unique_ptr<MemoryBuffer>> dsc::readRegularFile(StringRef path) {
  sys::fs::file_status status;
  if (std::error_code error = sys::fs::status(path, status)) {
    return cannotOpen(path, error.message());
  }
  if (!sys::fs::is_regular_file(status)) {
    return cannotOpen(path, "it is not a regular file");
  }
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer) {
    return cannotOpen(path, buffer.getError().message());
  }
  return std::move(*buffer);
}
