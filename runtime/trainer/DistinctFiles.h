//===- DistinctFiles.h - No file is read and replaced ---------------------===//
#ifndef DSC_RUNTIME_TRAINER_DISTINCTFILES_H
#define DSC_RUNTIME_TRAINER_DISTINCTFILES_H

#include "trainer/Options.h"

namespace dsc {

/// Fails with a usage error where a flag would write over what another reads or writes, over one
/// of the arrays in the data's folder, or over the trainer itself.
void requireDistinctFiles(const Options &options);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_DISTINCTFILES_H
