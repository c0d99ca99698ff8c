//===- State.h - What a routine keeps between calls -----------------------===//
#ifndef DSC_RUNTIME_DEVICE_CPU_STATE_H
#define DSC_RUNTIME_DEVICE_CPU_STATE_H

#include "abi/Abi.h"

namespace dsc {

/// What `*call->state` points at once a routine has prepared itself.
class RoutineState {
public:
  virtual ~RoutineState() = default;
};

/// Null before the first call.
template <typename T> T *stateOf(const DscCall *call) {
  return static_cast<T *>(static_cast<RoutineState *>(*call->state));
}

inline void setState(const DscCall *call, RoutineState *state) { *call->state = state; }

/// Gives the state of a call back; the next call prepares again.
inline void releaseState(const DscCall *call) {
  delete stateOf<RoutineState>(call);
  setState(call, nullptr);
}

} // namespace dsc

#endif // DSC_RUNTIME_DEVICE_CPU_STATE_H
