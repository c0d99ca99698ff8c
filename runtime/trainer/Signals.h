//===- Signals.h - A polite request to stop -------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_SIGNALS_H
#define DSC_RUNTIME_TRAINER_SIGNALS_H

namespace dsc {

/// From now on SIGINT and SIGTERM only set a flag, which the loop reads between steps; a second one
/// ends the process at once. A closed pipe or a file size limit becomes a write error.
void installSignalHandlers();

/// Whether a signal came.
bool stopRequested();

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_SIGNALS_H
