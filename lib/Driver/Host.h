//===- Host.h - What this host can do -------------------------------------===//
#ifndef DSC_LIB_DRIVER_HOST_H
#define DSC_LIB_DRIVER_HOST_H

#include "dsc/Planner/Plan.h"

namespace dsc {

/// Measures the peaks that the cost model works with; takes about a second.
llvm::Expected<Hardware> measureHost();

} // namespace dsc

#endif // DSC_LIB_DRIVER_HOST_H
