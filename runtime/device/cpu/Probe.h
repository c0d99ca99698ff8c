//===- Probe.h - What this host can do at most ----------------------------===//
//
// Peaks on all threads (a few tenths of a second): a matrix product through oneDNN and a
// copy of memory, which predict step times; an update of memory in place, which no kernel
// exceeds. And what the library here needs of memory, which only it knows.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CPU_PROBE_H
#define DSC_RUNTIME_DEVICE_CPU_PROBE_H

#include "abi/Abi.h"

#include <string_view>

namespace dsc {

struct HostPeaks {
  double gemmGflops;      // f32 multiply-adds count as 2
  double copyGigabytes;   // per second; bytes read plus bytes written
  double updateGigabytes; // the same of memory that is read and written in place
  int threads;
  bool busy; // repeats disagreed: something else was running, and the peaks may be higher
};

/// Measures with as many threads as the runtime would use.
HostPeaks probeHost();

/// Working memory of a call, whose routine is named as in CpuRoutines.h without "dscCpu"; 0 for
/// routines that need none.
size_t probeScratch(std::string_view routine, const DscCall &call);

} // namespace dsc

#endif // DSC_RUNTIME_DEVICE_CPU_PROBE_H
