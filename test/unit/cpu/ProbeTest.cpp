//===- ProbeTest.cpp - probeHost ------------------------------------------===//
#include "device/cpu/Probe.h"
#include "device/cpu/Parallel.h"

#include <gtest/gtest.h>

namespace {

/// Bounds that any machine of this century keeps, and a slip of a unit (1e3) does not.
TEST(Probe, FiguresArePlausible) {
  dsc::setThreadCount(2);
  dsc::HostPeaks peaks = dsc::probeHost();
  EXPECT_EQ(peaks.threads, 2);
  EXPECT_GT(peaks.gemmGflops, 1);
  EXPECT_LT(peaks.gemmGflops, 2e4);
  EXPECT_GT(peaks.copyGigabytes, 0.5);
  EXPECT_LT(peaks.copyGigabytes, 2e3);
  EXPECT_GT(peaks.updateGigabytes, 0.5);
  EXPECT_LT(peaks.updateGigabytes, 2e3);
}

} // namespace
