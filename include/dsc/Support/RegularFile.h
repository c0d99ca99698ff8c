//===- RegularFile.h - Files that others wrote -----------------*- C++ -*-===//

#ifndef DSC_SUPPORT_REGULARFILE_H
#define DSC_SUPPORT_REGULARFILE_H

#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

namespace dsc {

/// A file's contents, mapped where that pays, without a null byte behind them. An error for what is
/// no regular file: a pipe may never end or begin, and a device be read forever.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> readRegularFile(llvm::StringRef path);

} // namespace dsc

#endif // DSC_SUPPORT_REGULARFILE_H
