//===- Link.h - From object files to a trainer ----------------------------===//
#ifndef DSC_LIB_DRIVER_LINK_H
#define DSC_LIB_DRIVER_LINK_H

#include "lib/Driver/TrainerFile.h"
#include "llvm/Support/Error.h"

namespace dsc {

/// Links `objects` with the runtime's libraries, which lie beside this tool.
llvm::Error linkTrainer(llvm::ArrayRef<std::string> objects, TrainerFile &trainer);

} // namespace dsc

#endif // DSC_LIB_DRIVER_LINK_H
