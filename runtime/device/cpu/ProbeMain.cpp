//===- ProbeMain.cpp - dsc-probe: what this host can do, as JSON ----------===//
//
//   dsc-probe              the peaks
//   dsc-probe CALLS.json   the working memory of routine calls: {"threads": 2, "calls":
//                          [{"routine": "Matmul", "ints": [...], "floats": [], "buffers": 3}]}
//
//===----------------------------------------------------------------------===//
#include "device/cpu/Parallel.h"
#include "device/cpu/Probe.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

using nlohmann::json;

/// The routines report what is wrong here; a call that cannot run needs no memory.
void dscSetError(const char *, ...) {}

static void printPeaks() {
  dsc::HostPeaks peaks = dsc::probeHost();
  json answer = {{"gemm_gflops", peaks.gemmGflops},
                 {"copy_gigabytes_per_second", peaks.copyGigabytes},
                 {"update_gigabytes_per_second", peaks.updateGigabytes},
                 {"threads", peaks.threads},
                 {"busy", peaks.busy}};
  puts(answer.dump().c_str());
}

static size_t scratchOf(const json &entry) {
  std::string routine = entry.at("routine");
  std::vector<int64_t> ints = entry.at("ints");
  std::vector<double> floats = entry.at("floats");
  DscCall call = {};
  call.name = routine.c_str();
  call.ints = ints.data();
  call.numInts = static_cast<int32_t>(ints.size());
  call.floats = floats.data();
  call.numFloats = static_cast<int32_t>(floats.size());
  call.numBuffers = entry.at("buffers");
  return dsc::probeScratch(routine, call);
}

static int printScratch(const char *path) {
  std::ifstream file(path);
  json request = json::parse(file, nullptr, false);
  if (!request.is_object()) {
    fprintf(stderr, "error: %s: expected a list of calls\n", path);
    return 1;
  }
  dsc::setThreadCount(request.at("threads"));
  size_t bytes = 0;
  for (const json &call : request.at("calls"))
    bytes = std::max(bytes, scratchOf(call));
  printf("{\"scratch_bytes\": %zu}\n", bytes);
  return 0;
}

int main(int argc, char **argv) {
  if (argc > 1)
    return printScratch(argv[1]);
  printPeaks();
  return 0;
}
