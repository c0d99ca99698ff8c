// Small programs for the emulator: one that is right, and one for each mistake it
// promises to find. Usage: kernels CASE
#include <cuda_runtime.h>

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

__global__ void divergentShuffle(float *data) {
  if (threadIdx.x % 2 == 0)
    data[threadIdx.x] = __shfl_xor_sync(~0u, data[threadIdx.x], 2);
}

__global__ void beyond(float *data, int count) { data[threadIdx.x + count] = 1; }

__global__ void beyondShared(float *data) {
  __shared__ float kept[64];
  kept[threadIdx.x + 1] = data[threadIdx.x];
  __syncthreads();
  data[threadIdx.x] = kept[threadIdx.x];
}

/// All blocks write one place.
__global__ void sameCell(float *data) { data[0] += 1; }

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

static void noDependency() {
  float *data = allocate(64), *sum = allocate(64);
  cudaDeviceSynchronize();
  launch("fill", fill, 1, 64, {writes(data, 64)}, stream, data, 2.0f);
  launch("add", add, 1, 64, {writes(sum, 64), reads(data, 64)}, other, sum, data);
  cudaDeviceSynchronize();
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

int main(int, char **argv) {
  const std::map<std::string, void (*)()> cases = {
      {"good", good},
      {"divergent", [] { run("divergent", divergent); }},
      {"two-barriers", [] { run("twoBarriers", twoBarriers); }},
      {"divergent-shuffle", [] { run("divergentShuffle", divergentShuffle); }},
      {"shared-race", [] { run("reverseRacing", reverseRacing); }},
      {"global-race", [] { run("sameCell", sameCell, 4); }},
      {"shared-bounds", [] { run("beyondShared", beyondShared); }},
      {"bounds", outOfBounds},
      {"wrong-buffer", wrongBuffer},
      {"no-dependency", noDependency},
      {"left-over", leftOver},
      {"too-many-threads", tooManyThreads}};
  cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking);
  cases.at(argv[1])();
  cudaStreamDestroy(stream);
  cudaStreamDestroy(other);
  puts("ended");
}
