// Small programs for the emulator: one that is right, and one for each mistake it
// promises to find. Usage: kernels CASE
#include "device/cuda/Kernel.h"

#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <nvtx3/nvToolsExt.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

static cudaStream_t stream, other;

template <typename... Params, typename... Args>
static void launch(const char *name, void (*kernel)(Params...), dim3 blocks, dim3 threads,
                   std::vector<emulator::Access> accesses, cudaStream_t on, Args... args) {
  emulator::launch({name, "node", blocks, threads, 0, [=] { kernel(args...); }}, accesses, on);
}

static float *allocate(int count) {
  void *memory;
  cudaMalloc(&memory, count * sizeof(float));
  cudaMemsetAsync(memory, 0, count * sizeof(float), stream);
  return static_cast<float *>(memory);
}

static emulator::Access writes(float *data, int count) {
  return {data, count * sizeof(float), true};
}
static emulator::Access reads(float *data, int count) {
  return {data, count * sizeof(float), false};
}

/// Reverses a block's elements through shared memory.
__global__ void reverse(float *data) {
  __shared__ float kept[64];
  kept[threadIdx.x] = data[threadIdx.x];
  __syncthreads();
  data[threadIdx.x] = kept[63 - threadIdx.x];
}

/// The same without its barrier.
__global__ void reverseRacing(float *data) {
  __shared__ float kept[64];
  kept[threadIdx.x] = data[threadIdx.x];
  data[threadIdx.x] = kept[63 - threadIdx.x];
}

/// Reverses a row per block; block 2 without its barrier where `races`.
__global__ void reverseRows(float *data, bool races) {
  __shared__ float kept[64];
  float *row = data + blockIdx.x * 64;
  kept[threadIdx.x] = row[threadIdx.x];
  if (!races || blockIdx.x != 2)
    __syncthreads();
  row[threadIdx.x] = kept[63 - threadIdx.x];
}

__global__ void divergent(float *data) {
  if (threadIdx.x < 40)
    __syncthreads();
  data[threadIdx.x] = 1;
}

__global__ void twoBarriers(float *data) {
  if (threadIdx.x < 32)
    __syncthreads();
  else
    __syncthreads();
  data[threadIdx.x] = 1;
}

/// The same line of a helper, but two of its instantiations, which keep partial results apart.
__global__ void twoReductions(float *data) {
  if (threadIdx.x < 32)
    data[threadIdx.x] = dsc::cuda::blockReduce<dsc::cuda::Sum>(1.0f);
  else
    data[threadIdx.x] = dsc::cuda::blockReduce<dsc::cuda::Maximum>(1.0f);
}

__global__ void divergentShuffle(float *data) {
  if (threadIdx.x % 2 == 0)
    data[threadIdx.x] = __shfl_xor_sync(~0u, data[threadIdx.x], 2);
}

__global__ void beyond(float *data, int count) { data[int(threadIdx.x) + count] = 1; }

/// Four floats at once that begin between.
__global__ void misaligned(float *data) {
  float four[4];
  dsc::cuda::loadFour(data, 1, four);
  data[threadIdx.x] = four[0];
}

/// The same without a helper that looks.
__global__ void misalignedDirectly(float *data) {
  float4 *fours = reinterpret_cast<float4 *>(data + 1);
  fours[threadIdx.x % 4] = make_float4(1, 2, 3, 4);
}

__global__ void beyondShared(float *data) {
  __shared__ float kept[64];
  kept[threadIdx.x + 1] = data[threadIdx.x];
  __syncthreads();
  data[threadIdx.x] = kept[threadIdx.x];
}

/// A shuffle between writes and reads of other lanes; only a barrier would order them.
__global__ void reverseBehindShuffle(float *data) {
  unsigned lane = threadIdx.x % 32;
  float before = data[threadIdx.x];
  data[threadIdx.x] = __shfl_xor_sync(~0u, before, 1);
  __shfl_xor_sync(~0u, before, 1);
  data[threadIdx.x] += data[threadIdx.x - lane + 31 - lane];
}

/// Either half of a warp for itself, then both.
__global__ void shuffleHalves(float *data) {
  unsigned mask = threadIdx.x % 32 < 16 ? 0xffffu : 0xffff0000u;
  float other = __shfl_xor_sync(mask, data[threadIdx.x], 1);
  data[threadIdx.x] = __shfl_xor_sync(~0u, other, 16) + 1;
}

/// Halves, which are objects here, in shared memory.
__global__ void sumHalves(float *data) {
  data[threadIdx.x] = __half2float(dsc::cuda::blockReduce<dsc::cuda::Sum>(__half(1.0f)));
}

/// Adds up shared memory of which half was written.
__global__ void sumOfUnwritten(float *data) {
  __shared__ float kept[64];
  if (threadIdx.x < 32)
    kept[threadIdx.x] = 1;
  __syncthreads();
  float sum = 0;
  for (int i = 0; i < 64; ++i)
    sum += kept[i];
  data[threadIdx.x] = sum;
}

/// All blocks write one place.
__global__ void sameCell(float *data) { data[0] += 1; }

/// One thread of each block writes it: many that touch nothing end in between.
__global__ void sameCellOfFew(float *data) {
  if (threadIdx.x == 0)
    data[0] = 1;
}

__global__ void fill(float *data, float value) { data[threadIdx.x] = value; }
__global__ void add(float *to, const float *from) { to[threadIdx.x] += from[threadIdx.x]; }

static void good() {
  float *data = allocate(64), host[64];
  cudaEvent_t event;
  cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
  launch("fill", fill, 1, 64, {writes(data, 64)}, stream, data, 2.0f);
  cudaEventRecord(event, stream);
  cudaStreamWaitEvent(other, event);
  launch("add", add, 1, 64, {writes(data, 64)}, other, data, data);
  cudaEventRecord(event, other);
  cudaStreamWaitEvent(stream, event);
  launch("reverse", reverse, 1, 64, {writes(data, 64)}, stream, data);
  cudaMemcpyAsync(host, data, sizeof(host), cudaMemcpyDeviceToHost, stream);
  cudaStreamSynchronize(stream);
  printf("good: %g %g\n", host[0], host[63]);
  cudaEventDestroy(event);
  cudaFree(data);
}

template <typename Kernel> static void run(const char *name, Kernel kernel, dim3 blocks = 1) {
  float *data = allocate(64);
  launch(name, kernel, blocks, 64, {writes(data, 64)}, stream, data);
  cudaDeviceSynchronize();
  cudaFree(data);
}

/// What comes of memory that nobody wrote, of the device and of a block.
static void unwritten() {
  void *memory;
  cudaMalloc(&memory, 128 * sizeof(float));
  float *data = static_cast<float *>(memory), host[128];
  launch("sumOfUnwritten", sumOfUnwritten, 1, 64, {writes(data, 64)}, stream, data);
  cudaMemcpyAsync(host, memory, sizeof(host), cudaMemcpyDeviceToHost, stream);
  cudaStreamSynchronize(stream);
  printf("unwritten: %d %d\n", std::isnan(host[0]), std::isnan(host[127]));
  cudaFree(memory);
}

/// Blocks of few threads: to ThreadSanitizer, all of them differ from those of the blocks before.
static void rows(bool races) {
  float *data = allocate(4 * 64);
  launch("reverseRows", reverseRows, 4, 64, {writes(data, 4 * 64)}, stream, data, races);
  cudaDeviceSynchronize();
  cudaFree(data);
}

static void raceOfFew() {
  float *data = allocate(64);
  launch("sameCellOfFew", sameCellOfFew, 2, 512, {writes(data, 64)}, stream, data);
  cudaDeviceSynchronize();
  cudaFree(data);
}

static void outOfBounds() {
  float *data = allocate(64), *next = allocate(64);
  launch("beyond", beyond, 1, 64, {writes(data, 64)}, stream, data, 1);
  cudaDeviceSynchronize();
  cudaFree(next);
}

/// Another buffer of the same allocation is out of bounds too.
static void wrongBuffer() {
  float *data = allocate(256);
  launch("beyond", beyond, 1, 64, {writes(data, 64)}, stream, data, 64);
  cudaDeviceSynchronize();
}

/// Four bytes that were one kernel's own, and the four beside them, are none of the next one's.
static void besideOwn() {
  float *data = allocate(64);
  launch("fill", fill, 1, 1, {writes(data + 1, 1)}, stream, data + 1, 2.0f);
  launch("beyond", beyond, 1, 1, {writes(data + 32, 1)}, stream, data + 32, -32);
  cudaDeviceSynchronize();
}

static void noDependency() {
  float *data = allocate(64), *sum = allocate(64);
  cudaDeviceSynchronize();
  launch("fill", fill, 1, 64, {writes(data, 64)}, stream, data, 2.0f);
  launch("add", add, 1, 64, {writes(sum, 64), reads(data, 64)}, other, sum, data);
  cudaDeviceSynchronize();
}

/// Work that is no kernel is named with the range around it.
static void copyWithoutDependency() {
  float *data = allocate(64), *copied = allocate(64);
  cudaDeviceSynchronize();
  launch("fill", fill, 1, 64, {writes(data, 64)}, stream, data, 2.0f);
  nvtxRangePushA(std::string("node 'copy'").c_str());
  cudaMemcpyAsync(copied, data, 256, cudaMemcpyDeviceToDevice, other);
}

/// A buffer that is said to be longer than its memory.
static void tooLong() {
  float *data = allocate(64);
  launch("fill", fill, 1, 64, {writes(data, 65)}, stream, data, 2.0f);
}

static void usedAfterFree() {
  float *data = allocate(64);
  cudaDeviceSynchronize();
  cudaFree(data);
  launch("fill", fill, 1, 64, {writes(data, 64)}, stream, data, 2.0f);
}

static void copyBeyond() {
  float *data = allocate(64), host[65] = {};
  cudaMemcpyAsync(data, host, sizeof(host), cudaMemcpyHostToDevice, stream);
}

static void freedInUse() {
  float *data = allocate(64);
  launch("fill", fill, 1, 64, {writes(data, 64)}, stream, data, 2.0f);
  cudaFree(data);
}

static void leftOver() {
  allocate(64);
  cudaDeviceSynchronize();
}

static void tooManyThreads() {
  float *data = allocate(64);
  launch("fill", fill, 1, 2048, {writes(data, 64)}, stream, data, 2.0f);
  cudaDeviceSynchronize();
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

static void ask(cudaError_t error, const char *what) {
  if (error != cudaSuccess) {
    printf("%s: %s\n", what, cudaGetErrorString(error));
    exit(1);
  }
}

/// data = 2, then sum += data on another stream and data reversed here; `orders` by events.
static void captureFork(float *data, float *sum, cudaEvent_t event, bool orders) {
  launch("fill", fill, 1, 64, {writes(data, 64)}, stream, data, 2.0f);
  cudaEventRecord(event, stream);
  ask(cudaStreamWaitEvent(other, event), "wait");
  launch("add", add, 1, 64, {writes(sum, 64), reads(data, 64)}, other, sum, data);
  cudaEventRecord(event, other);
  if (orders)
    ask(cudaStreamWaitEvent(stream, event), "wait");
  launch("reverse", reverse, 1, 64, {writes(data, 64)}, stream, data);
  ask(cudaStreamWaitEvent(stream, event), "wait");
}

/// Captured once, launched three times: sum is 3 * 2.
static void goodGraph() {
  float *data = allocate(64), *sum = allocate(64), host[64];
  cudaEvent_t event;
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
  cudaDeviceSynchronize();
  ask(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), "begin");
  captureFork(data, sum, event, true);
  ask(cudaStreamEndCapture(stream, &graph), "end");
  ask(cudaGraphInstantiate(&exec, graph), "instantiate");
  cudaGraphDestroy(graph);
  for (int i = 0; i < 3; ++i)
    ask(cudaGraphLaunch(exec, stream), "launch");
  cudaMemcpyAsync(host, sum, sizeof(host), cudaMemcpyDeviceToHost, stream);
  cudaStreamSynchronize(stream);
  printf("good: %g %g\n", host[0], host[63]);
  cudaGraphExecDestroy(exec);
  cudaEventDestroy(event);
  cudaFree(data);
  cudaFree(sum);
}

static void unorderedGraph() {
  cudaEvent_t event;
  float *data = allocate(64), *sum = allocate(64);
  cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
  cudaDeviceSynchronize();
  cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal);
  captureFork(data, sum, event, false);
}

static void unjoinedGraph() {
  cudaEvent_t event;
  float *data = allocate(64);
  cudaGraph_t graph;
  cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
  cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal);
  cudaEventRecord(event, stream);
  cudaStreamWaitEvent(other, event);
  launch("fill", fill, 1, 64, {writes(data, 64)}, other, data, 2.0f);
  ask(cudaStreamEndCapture(stream, &graph), "end");
}

/// The host cannot wait for what only becomes a graph.
static void waitInCapture() {
  cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal);
  ask(cudaStreamSynchronize(stream), "synchronize");
}

/// A stream of a graph cannot wait for what no graph holds.
static void isolatedWait() {
  cudaEvent_t event;
  cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
  cudaEventRecord(event, other);
  cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal);
  ask(cudaStreamWaitEvent(stream, event), "wait");
}

static void leftGraph() {
  cudaGraph_t graph;
  cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal);
  ask(cudaStreamEndCapture(stream, &graph), "end");
}

/// The graph's memory is gone when it is launched again.
static void staleGraph() {
  float *data = allocate(64);
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  cudaDeviceSynchronize();
  cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal);
  launch("fill", fill, 1, 64, {writes(data, 64)}, stream, data, 2.0f);
  ask(cudaStreamEndCapture(stream, &graph), "end");
  ask(cudaGraphInstantiate(&exec, graph), "instantiate");
  ask(cudaGraphLaunch(exec, stream), "launch");
  cudaDeviceSynchronize();
  cudaFree(data);
  ask(cudaGraphLaunch(exec, stream), "launch");
}

static void launchOfDestroyed() {
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal);
  ask(cudaStreamEndCapture(stream, &graph), "end");
  ask(cudaGraphInstantiate(&exec, graph), "instantiate");
  cudaGraphDestroy(graph);
  cudaGraphExecDestroy(exec);
  ask(cudaGraphLaunch(exec, stream), "launch");
}

/// Reads a lane that takes no part.
__global__ void strayShuffle(float *data) {
  if (threadIdx.x % 32 < 16)
    data[threadIdx.x] = __shfl_sync(0xffffu, data[threadIdx.x], 20);
}

/// Takes part in a shuffle that is not its own.
__global__ void strayLane(float *data) {
  data[threadIdx.x] = __shfl_sync(0xffffu, data[threadIdx.x], 0);
}

static void wrongWay() {
  float *data = allocate(64), host[64] = {};
  ask(cudaMemcpyAsync(host, data, sizeof(host), cudaMemcpyHostToDevice, stream), "copy");
}

static void destroyedStream() {
  cudaStream_t gone = other;
  cudaStreamDestroy(other);
  cudaStreamSynchronize(gone);
}

int main(int, char **argv) {
  const std::map<std::string, void (*)()> cases = {
      {"good", good},
      {"divergent", [] { run("divergent", divergent); }},
      {"two-barriers", [] { run("twoBarriers", twoBarriers); }},
      {"two-reductions", [] { run("twoReductions", twoReductions); }},
      {"divergent-shuffle", [] { run("divergentShuffle", divergentShuffle); }},
      {"shared-race", [] { run("reverseRacing", reverseRacing); }},
      {"shuffle-race", [] { run("reverseBehindShuffle", reverseBehindShuffle); }},
      {"unwritten", unwritten},
      {"good-rows", [] { rows(false); }},
      {"shared-race-in-one-block", [] { rows(true); }},
      {"global-race", [] { run("sameCell", sameCell, 4); }},
      {"race-of-few", raceOfFew},
      {"shared-bounds", [] { run("beyondShared", beyondShared); }},
      {"bounds", outOfBounds},
      {"misaligned", [] { run("misaligned", misaligned); }},
      {"wrong-buffer", wrongBuffer},
      {"misaligned-directly", [] { run("misalignedDirectly", misalignedDirectly); }},
      {"shuffle-halves", [] { run("shuffleHalves", shuffleHalves); }},
      {"sum-halves", [] { run("sumHalves", sumHalves); }},
      {"beside-own", besideOwn},
      {"no-dependency", noDependency},
      {"freed-in-use", freedInUse},
      {"too-long", tooLong},
      {"used-after-free", usedAfterFree},
      {"copy-beyond", copyBeyond},
      {"wrong-way", wrongWay},
      {"stray-shuffle", [] { run("strayShuffle", strayShuffle); }},
      {"stray-lane", [] { run("strayLane", strayLane); }},
      {"stale-graph", staleGraph},
      {"launch-of-destroyed", launchOfDestroyed},
      {"left-capture",
       [] {
         cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal);
         exit(0);
       }},
      {"default-stream", [] { cudaStreamSynchronize(nullptr); }},
      {"destroyed-stream", destroyedStream},
      {"left-over", leftOver},
      {"good-graph", goodGraph},
      {"unordered-graph", unorderedGraph},
      {"unjoined-graph", unjoinedGraph},
      {"wait-in-capture", waitInCapture},
      {"isolated-wait", isolatedWait},
      {"left-graph", leftGraph},
      {"open-range", [] { nvtxRangePushA("open"); }},
      {"no-range", [] { nvtxRangePop(); }},
      {"copy-without-dependency", copyWithoutDependency},
      {"too-many-threads", tooManyThreads}};
  cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking);
  cases.at(argv[1])();
  cudaStreamDestroy(stream);
  cudaStreamDestroy(other);
  puts("ended");
}
