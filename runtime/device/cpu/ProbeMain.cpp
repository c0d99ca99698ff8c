//===- ProbeMain.cpp - dsc-probe: the host's peaks as JSON ----------------===//
#include "device/cpu/Probe.h"

#include <cstdio>

int main() {
  dsc::HostPeaks peaks = dsc::probeHost();
  printf("{\"gemm_gflops\": %.3f, \"copy_gigabytes_per_second\": %.3f, \"threads\": %d}\n",
         peaks.gemmGflops, peaks.copyGigabytes, peaks.threads);
  return 0;
}
