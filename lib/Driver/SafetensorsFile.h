//===- SafetensorsFile.h - Weights by name --------------------------------===//
#ifndef DSC_LIB_DRIVER_SAFETENSORSFILE_H
#define DSC_LIB_DRIVER_SAFETENSORSFILE_H

#include "lib/Driver/Weights.h"
#include "llvm/Support/MemoryBuffer.h"

namespace dsc {

/// Replaces the initial values whose names the file has; a type or shape that
/// differs is an error. The views point into `file`.
llvm::Error overrideInitialValues(const llvm::MemoryBuffer &file, llvm::StringRef path,
                                  std::vector<InitialValue> &values);

} // namespace dsc

#endif // DSC_LIB_DRIVER_SAFETENSORSFILE_H
