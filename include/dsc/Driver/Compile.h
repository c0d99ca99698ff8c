//===- Compile.h - The whole road of dsc-compile --------------------------===//
#ifndef DSC_DRIVER_COMPILE_H
#define DSC_DRIVER_COMPILE_H

#include "dsc/Driver/Options.h"

namespace dsc {

/// Does what the options say. Returns the exit status; errors are one `error:`
/// line on stderr, and no output file is left half written.
int compile(const CompileOptions &options);

} // namespace dsc

#endif // DSC_DRIVER_COMPILE_H
