//===- Info.h - What --info prints ----------------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_INFO_H
#define DSC_RUNTIME_TRAINER_INFO_H

#include "trainer/Module.h"

namespace dsc {

/// What was compiled: model, plan, precision, memory by class, libraries, versions.
std::string infoText(const ModuleInfo &info);

/// "1.5 MiB"
std::string byteText(int64_t bytes);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_INFO_H
