//===- ArenaUse.h - What the arena holds at its fullest moment ------------===//
#ifndef DSC_LIB_PLANNER_ARENAUSE_H
#define DSC_LIB_PLANNER_ARENAUSE_H

#include "dialects/Exec/ExecDialect.h"

namespace dsc {

/// Bytes of values that are alive together; those that share a place count once.
struct ArenaUse {
  int64_t gradients = 0; // read by the updates of parameters
  int64_t others = 0;
  int64_t total() const { return gradients + others; }
};

/// The moment of a placed program when most bytes behind the variables are alive.
ArenaUse findPeakUse(exec::ProgramOp program, int64_t persistentBytes);

} // namespace dsc

#endif // DSC_LIB_PLANNER_ARENAUSE_H
