//===- Run.h - One invocation of a trainer --------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_RUN_H
#define DSC_RUNTIME_TRAINER_RUN_H

#include "abi/Abi.h"

namespace dsc {

/// The whole of main for `module`: returns the exit status, errors printed.
int runTrainer(const DscModule &module, int argc, const char *const *argv);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_RUN_H
