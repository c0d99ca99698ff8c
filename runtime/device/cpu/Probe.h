//===- Probe.h - What this host can do at most ----------------------------===//
//
// The two peaks that predict step times: a matrix product through oneDNN and a copy
// of memory, both on all threads. Takes a few tenths of a second.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CPU_PROBE_H
#define DSC_RUNTIME_DEVICE_CPU_PROBE_H

namespace dsc {

struct HostPeaks {
  double gemmGflops;    // f32 multiply-adds count as 2
  double copyGigabytes; // per second; bytes read plus bytes written
  int threads;
};

/// Measures with as many threads as the runtime would use.
HostPeaks probeHost();

} // namespace dsc

#endif // DSC_RUNTIME_DEVICE_CPU_PROBE_H
