//===- Probe.cpp - What this host can do at most --------------------------===//
#include "device/cpu/Probe.h"

#include "abi/CpuRoutines.h"
#include "device/cpu/Dnnl.h"
#include "device/cpu/Parallel.h"
#include "device/cpu/Scratch.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

using namespace dsc;
using dnnl::memory;

namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// What several short series of runs took.
struct Repeats {
  double shortest = 1e30; // of all runs: whatever else the host does can only make one longer
  bool disagree = false;  // the shortest runs of two series differ by more than a factor of two
};

/// The shortest of the runs that fit into `budget` seconds, three at least.
template <typename Run> double shortest(double budget, Run &&run) {
  double best = 1e30, start = seconds();
  for (int i = 0; i < 3 || seconds() - start < budget; ++i) {
    double before = seconds();
    run();
    best = std::min(best, seconds() - before);
  }
  return best;
}

template <typename Run> Repeats repeat(Run &&run) {
  constexpr int series = 5;
  run(); // touches the memory, wakes the threads
  Repeats repeats;
  double longest = 0;
  for (int i = 0; i < series; ++i) {
    double time = shortest(0.03, run);
    repeats.shortest = std::min(repeats.shortest, time);
    longest = std::max(longest, time);
  }
  repeats.disagree = longest > 2 * repeats.shortest;
  return repeats;
}

double gemmGflops(bool &busy) {
  constexpr int64_t size = 512; // short, so that some run is undisturbed
  memory::desc square = dnnlTensor({size, size}, {size, 1});
  dnnl::matmul::primitive_desc how(dnnl::matmul::desc(square, square, square), dnnlEngine());
  dnnl::matmul product(how);
  std::vector<float> lhs(size * size, 0.5f), rhs(size * size, 0.25f), out(size * size);
  memory a(square, dnnlEngine(), lhs.data()), b(square, dnnlEngine(), rhs.data()),
      c(square, dnnlEngine(), out.data());
  Repeats repeats = repeat([&] {
    product.execute(dnnlStream(), {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}});
  });
  busy |= repeats.disagree;
  return 2.0 * size * size * size / repeats.shortest * 1e-9;
}

double copyGigabytes(bool &busy) {
  constexpr int64_t bytes = 32 << 20; // twice is beyond the caches
  std::vector<char> from(bytes, 1), to(bytes);
  Repeats repeats = repeat([&] {
    parallelFor(bytes, 1 << 20, [&](int64_t begin, int64_t end) {
      std::memcpy(to.data() + begin, from.data() + begin, end - begin);
    });
  });
  busy |= repeats.disagree;
  return 2.0 * bytes / repeats.shortest * 1e-9;
}

/// A copy's target is read before it is written, unseen; here nothing is moved that is not counted.
double updateGigabytes(bool &busy) {
  constexpr int64_t count = 16 << 20;
  std::vector<float> data(count, 1.0f);
  Repeats repeats = repeat([&] {
    parallelFor(count, 1 << 18, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        data[i] += 1.0f;
    });
  });
  busy |= repeats.disagree;
  return 2.0 * sizeof(float) * count / repeats.shortest * 1e-9;
}

} // namespace

HostPeaks dsc::probeHost() {
  setThreadCount(threadCount());
  HostPeaks peaks = {};
  peaks.threads = threadCount();
  peaks.gemmGflops = gemmGflops(peaks.busy);
  peaks.copyGigabytes = copyGigabytes(peaks.busy);
  peaks.updateGigabytes = updateGigabytes(peaks.busy);
  return peaks;
}

size_t dsc::probeScratch(std::string_view routine, const DscCall &call) {
  const std::pair<std::string_view, DscRoutine> users[] = {
      {"Matmul", dscCpuMatmul},
      {"Conv", dscCpuConv},
      {"ConvInputGrad", dscCpuConvInputGrad},
      {"ConvWeightGrad", dscCpuConvWeightGrad},
      {"Attention", dscCpuAttention},
      {"AttentionGrad", dscCpuAttentionGrad},
  };
  for (const auto &[name, user] : users)
    if (name == routine)
      return measureScratch(user, call);
  return 0;
}
