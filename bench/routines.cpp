//===- routines.cpp - How fast the CPU routines are -----------------------===//
//
//   dsc-bench-routines [threads] [filter]
//
// Prints, for the shapes of typical models, the best time of each routine, its rate,
// and the ratio to this host's peak: of the matrix product for what multiplies, of
// the copy for what moves.
//
//===----------------------------------------------------------------------===//
#include "abi/CpuRoutines.h"
#include "device/cpu/Parallel.h"
#include "device/cpu/Probe.h"

#include <algorithm>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <string>
#include <vector>

void dscSetError(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  std::exit(1);
}

namespace {

using Ints = std::vector<int64_t>;

/// With one thread the processor's time counts, which a busy host disturbs less.
double seconds() {
  if (dsc::threadCount() == 1)
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Bench {
  DscRoutine routine;
  std::string name;
  Ints ints;
  std::vector<double> floats;
  std::deque<std::vector<float>> memory{};
  std::vector<void *> buffers{};
  void *state = nullptr;

  /// A buffer of `count` elements of 4 bytes.
  Bench &buffer(int64_t count, float value = 0.01f) {
    memory.emplace_back(count, value);
    buffers.push_back(memory.back().data());
    return *this;
  }
  Bench &indices(int64_t count, int64_t bound) {
    memory.emplace_back(count);
    auto *values = reinterpret_cast<int32_t *>(memory.back().data());
    for (int64_t i = 0; i < count; ++i)
      values[i] = static_cast<int32_t>(i * 7919 % bound);
    buffers.push_back(values);
    return *this;
  }

  double best() {
    DscCall call{};
    call.name = name.c_str();
    call.numInts = static_cast<int32_t>(ints.size());
    call.numFloats = static_cast<int32_t>(floats.size());
    call.ints = ints.data();
    call.floats = floats.data();
    call.state = &state;
    routine(&call, buffers.data());
    double result = 1e30, start = seconds();
    for (int i = 0; i < 5 || seconds() - start < 0.2; ++i) {
      double before = seconds();
      routine(&call, buffers.data());
      result = std::min(result, seconds() - before);
    }
    return result;
  }
};

struct Report {
  dsc::HostPeaks peaks;
  const char *filter;

  void flops(Bench bench, double flops) { print(bench, flops * 1e-9, "GFLOP/s", peaks.gemmGflops); }
  void bytes(Bench bench, double bytes) { print(bench, bytes * 1e-9, "GB/s", peaks.copyGigabytes); }

private:
  void print(Bench &bench, double work, const char *unit, double peak) {
    if (!std::strstr(bench.name.c_str(), filter))
      return;
    double time = bench.best();
    std::printf("%-44s %9.1f us %8.1f %-8s %4.0f %%\n", bench.name.c_str(), time * 1e6, work / time,
                unit, 100 * work / time / peak);
    std::fflush(stdout);
  }
};

void matmul(Report &report, const char *what, int64_t M, int64_t N, int64_t K, bool lhsT, bool rhsT,
            int64_t flags = 0) {
  Ints ints{DSC_F32, 0, M, N, K};
  ints.insert(ints.end(), {lhsT ? 1 : K, lhsT ? M : 1, rhsT ? 1 : N, rhsT ? K : 1, N, 1, flags});
  Bench bench{dscCpuMatmul, std::string("matmul ") + what, ints, {}};
  bench.buffer(M * K).buffer(K * N).buffer(M * N);
  report.flops(bench, 2.0 * M * N * K);
}

/// The three products with a vocabulary, of all rows at once or of a quarter of them, which is
/// done four times and adds weight gradients up.
void vocabulary(Report &report, const char *what, int64_t rows, int64_t flags) {
  constexpr int64_t words = 50257, width = 768;
  auto name = [&](const char *product) { return std::string("vocabulary ") + product + what; };
  matmul(report, name("logits").c_str(), rows, words, width, false, true);
  matmul(report, name("input gradient").c_str(), rows, width, words, false, false);
  matmul(report, name("weight gradient").c_str(), words, width, rows, true, false, flags);
}

/// x * 1.5 into memory that is not read meanwhile, by stores through the caches or past them.
template <bool past> int32_t scale(const DscCall *call, void *const *buffers) {
  using Vector = float __attribute__((vector_size(16)));
  const auto *x = static_cast<const Vector *>(buffers[0]);
  auto *y = static_cast<Vector *>(buffers[1]);
  dsc::parallelFor(call->ints[0] / 4, 1 << 10, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      if constexpr (past)
        __builtin_nontemporal_store(x[i] * 1.5f, y + i);
      else
        y[i] = x[i] * 1.5f;
  });
  return 0;
}

/// What stores past the caches gain, by the size of what is written.
void stores(Report &report) {
  for (int64_t megabytes : {3, 12, 50, 200}) {
    int64_t count = megabytes << 18;
    std::string what = std::to_string(megabytes) + " MB";
    Bench through{scale<false>, "stores of " + what + " through caches", {count}, {}};
    report.bytes(through.buffer(count).buffer(count), 8.0 * count);
    Bench past{scale<true>, "stores of " + what + " past caches", {count}, {}};
    report.bytes(past.buffer(count).buffer(count), 8.0 * count);
  }
}

/// q, k and v are thirds of one [B, T, 3 H D] tensor, as a fused projection leaves them.
void attention(Report &report, const char *what, int64_t B, int64_t H, int64_t T, int64_t D) {
  Ints in{T * 3 * H * D, D, 3 * H * D}, out{T * H * D, D, H * D};
  Ints forward{B, H, H, T, T, D, D};
  for (const Ints &strides : {in, in, in, out})
    forward.insert(forward.end(), strides.begin(), strides.end());
  Ints backward = forward;
  for (const Ints &strides : {out, in, in, in})
    backward.insert(backward.end(), strides.begin(), strides.end());
  forward.push_back(DSC_ATTENTION_CAUSAL);
  backward.push_back(DSC_ATTENTION_CAUSAL);
  double pairs = static_cast<double>(B) * H * T * (T + 1) / 2; // what the mask leaves
  int64_t all = B * T * 3 * H * D;
  Bench f{dscCpuAttention, std::string("attention forward ") + what, forward, {0.125}};
  f.buffer(all).buffer(all).buffer(all).buffer(B * T * H * D).buffer(B * H * T);
  report.flops(f, pairs * 4 * D);
  Bench b{dscCpuAttentionGrad, std::string("attention gradient ") + what, backward, {0.125}};
  b.buffer(all).buffer(all).buffer(all).buffer(B * T * H * D).buffer(B * H * T, 5.0f);
  b.buffer(B * T * H * D).buffer(all).buffer(all).buffer(all);
  report.flops(b, pairs * 10 * D);
}

enum class Layout { RowMajor, ChannelsLast, Blocks };

/// Strides of [N, C, size, size].
Ints imageStrides(int64_t C, int64_t size, Layout layout) {
  if (layout == Layout::RowMajor)
    return {C * size * size, size * size, size, 1};
  if (layout == Layout::Blocks)
    return {C * size * size, 1, 8 * size, 8};
  return {C * size * size, 1, C * size, C};
}

struct ConvSize {
  int64_t N, C, K, size, kernel, pad;
};

Ints conv(const ConvSize &c, Layout layout, int64_t flags) {
  Ints ints{2, c.N, c.C, c.K, 1, c.size, c.size, c.kernel, c.kernel, 1, 1, 1, 1};
  ints.insert(ints.end(), {c.pad, c.pad, c.pad, c.pad, c.size, c.size});
  for (const Ints &strides :
       {imageStrides(c.C, c.size, layout), imageStrides(c.C, c.kernel, Layout::RowMajor),
        imageStrides(c.K, c.size, layout)})
    ints.insert(ints.end(), strides.begin(), strides.end());
  bool blocks = layout == Layout::Blocks;
  ints.push_back(flags | (blocks ? DSC_CONV_INPUT_BLOCKED | DSC_CONV_OUTPUT_BLOCKED : 0));
  return ints;
}

void convolution(Report &report, const std::string &what, const ConvSize &c,
                 Layout layout = Layout::RowMajor, int64_t flags = 0) {
  Ints ints = conv(c, layout, flags);
  int64_t in = c.N * c.C * c.size * c.size, out = c.N * c.K * c.size * c.size;
  int64_t weight = c.C * c.K * c.kernel * c.kernel;
  double flops = 2.0 * out * c.C * c.kernel * c.kernel;
  Bench f{dscCpuConv, "convolution " + what, ints, {}};
  report.flops(f.buffer(in).buffer(weight).buffer(out), flops);
  Bench i{dscCpuConvInputGrad, "convolution input gradient " + what, ints, {}};
  report.flops(i.buffer(out).buffer(weight).buffer(in), flops);
  Bench w{dscCpuConvWeightGrad, "convolution weight gradient " + what, ints, {}};
  report.flops(w.buffer(in).buffer(out).buffer(weight), flops);
}

void pooling(Report &report, const char *what, int64_t N, int64_t C, int64_t size) {
  int64_t half = size / 2, in = N * C * size * size, out = N * C * half * half;
  Ints ints{2, N, C, size, size, 2, 2, 2, 2, 1, 1, 0, 0, 0, 0, half, half};
  for (int64_t edge : {size, half})
    ints.insert(ints.end(), {C * edge * edge, edge * edge, edge, 1});
  ints.push_back(DSC_POOL_INDEX);
  Bench max{dscCpuMaxPool, std::string("max pooling ") + what, ints, {}};
  report.bytes(max.buffer(in).buffer(out).buffer(out), 4.0 * (in + 2 * out));
  ints.back() = 0;
  Bench average{dscCpuAvgPool, std::string("average pooling ") + what, ints, {}};
  report.bytes(average.buffer(in).buffer(out), 4.0 * (in + out));
  Bench gradient{dscCpuAvgPoolGrad, std::string("average pooling gradient ") + what, ints, {}};
  report.bytes(gradient.buffer(out).buffer(in), 4.0 * (in + out));
  int64_t planes = N * C, plane = size * size, winners = half * half;
  Ints scatter{DSC_F32, DSC_I32, 2,       1, planes, winners, planes, plane,
               winners, 1,       winners, 1, plane,  1,       0};
  Bench maxGradient{
      dscCpuScatterAddAlong, std::string("max pooling gradient ") + what, scatter, {}};
  report.bytes(maxGradient.buffer(out).indices(out, plane).buffer(in), 4.0 * (in + 2 * out));
}

void embedding(Report &report, const char *what, int64_t rows, int64_t width, int64_t count) {
  Ints ints{4, DSC_I32, 1, rows, width, count, rows * width, width, 1, 1, count * width, width, 1};
  Bench take{dscCpuTake, std::string("embedding ") + what, ints, {}};
  report.bytes(take.buffer(rows * width).indices(count, rows).buffer(count * width),
               8.0 * count * width);
  Ints back{DSC_F32, DSC_I32, 1, rows,         width, count, count * width,
            width,   1,       1, rows * width, width, 1,     0};
  Bench add{dscCpuScatterAdd, std::string("embedding gradient ") + what, back, {}};
  report.bytes(add.buffer(count * width).indices(count, rows).buffer(rows * width),
               4.0 * (3 * count + rows) * width);
}

void copies(Report &report) {
  int64_t n = 2048, all = n * n;
  Bench plain{dscCpuCopy, "copy contiguous", {4, 2, n, n, n, 1, n, 1, 0, 0}, {}};
  report.bytes(plain.buffer(all).buffer(all), 8.0 * all);
  Bench transpose{dscCpuCopy, "copy transposed", {4, 2, n, n, 1, n, n, 1, 0, 0}, {}};
  report.bytes(transpose.buffer(all).buffer(all), 8.0 * all);
  // [12, 64, 4, 32] to [12, 4, 64, 32]
  Ints heads{4, 4, 12, 4, 64, 32, 8192, 32, 128, 1, 8192, 2048, 32, 1, 0, 0};
  Bench runs{dscCpuCopy, "copy heads", heads, {}};
  report.bytes(runs.buffer(98304).buffer(98304), 8.0 * 98304);
  Bench fill{dscCpuFill, "fill", {4, 1, all, 1, 0, 0}, {}};
  report.bytes(fill.buffer(all), 4.0 * all);
  Bench argMax{dscCpuArgMax, "argmax 768x256", {DSC_F32, 768, 256, 1, 256, 1, 1, 0}, {}};
  report.bytes(argMax.buffer(768 * 256).buffer(2 * 768), 4.0 * 768 * 256);
}

} // namespace

int main(int argc, char **argv) {
  if (argc > 1)
    dsc::setThreadCount(std::atoi(argv[1]));
  Report report{dsc::probeHost(), argc > 2 ? argv[2] : ""};
  std::printf("%d threads, %.0f GFLOP/s, copy %.1f GB/s\n", report.peaks.threads,
              report.peaks.gemmGflops, report.peaks.copyGigabytes);
  matmul(report, "768x384x128", 768, 384, 128, false, true);
  matmul(report, "768x128x512", 768, 128, 512, false, false);
  matmul(report, "128x512x768 transposed left", 128, 512, 768, true, false);
  matmul(report, "1024x256x2048 transposed left", 1024, 256, 2048, true, false);
  matmul(report, "256x3072x768", 256, 3072, 768, false, false);
  vocabulary(report, " of 256 rows", 256, 0);
  vocabulary(report, " of 64 rows", 64, DSC_MATMUL_ACCUMULATE);
  stores(report);
  matmul(report, "128x10x64", 128, 10, 64, false, true);
  attention(report, "B12 H4 T64 D32", 12, 4, 64, 32);
  attention(report, "B4 H12 T64 D64", 4, 12, 64, 64);
  attention(report, "B4 H12 T256 D64", 4, 12, 256, 64);
  attention(report, "B4 H12 T1024 D64", 4, 12, 1024, 64);
  attention(report, "B1 H1 T1024 D64", 1, 1, 1024, 64);
  convolution(report, "N128 C1 K32 28x28 3x3", {128, 1, 32, 28, 3, 1});
  convolution(report, "N128 C32 K64 14x14 3x3", {128, 32, 64, 14, 3, 1});
  convolution(report, "N8 C256 K64 56x56 1x1", {8, 256, 64, 56, 1, 0});
  for (int64_t channels : {64, 128, 256, 512}) { // of resnet18 on 64 pixels
    std::string what = "N16 C" + std::to_string(channels) + " 3x3";
    ConvSize c{16, channels, channels, 1024 / channels, 3, 1};
    convolution(report, what, c);
    convolution(report, what + " channels-last", c, Layout::ChannelsLast);
    convolution(report, what + " blocks", c, Layout::Blocks);
    convolution(report, what + " blocks, oneDNN", c, Layout::Blocks, DSC_CONV_LIBRARY);
  }
  pooling(report, "N128 C32 28x28", 128, 32, 28);
  pooling(report, "N128 C64 14x14", 128, 64, 14);
  embedding(report, "256x128, 768 rows", 256, 128, 768);
  embedding(report, "50257x768, 1024 rows", 50257, 768, 1024);
  copies(report);
  return 0;
}
