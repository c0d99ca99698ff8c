//===- cuda_runtime.h - CUDA as the emulator offers it --------------------===//
//
// Stands in for the toolkit's header where a package is built for the host: the
// same names, as far as generated code and runtime/device/cuda use them. A kernel
// is a plain function here; its threads are fibers (Block.cpp), streams run late
// and in random order (Streams.cpp).
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_EMULATOR_CUDA_RUNTIME_H
#define DSC_RUNTIME_EMULATOR_CUDA_RUNTIME_H

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <source_location>
#include <type_traits>
#include <vector>

//===----------------------------------------------------------------------===//
// Language
//===----------------------------------------------------------------------===//

/// Tells the sources of runtime/device/cuda what they are built for.
#define DSC_EMULATOR 1

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
/// One block at a time runs on a thread of the host. Only plain statics have red zones; those of a
/// thread are new to ThreadSanitizer with each block; those in a section are filled with a pattern
/// before each launch. (g++ has no sections for templates' variables.)
#if defined(__SANITIZE_ADDRESS__)
#define __shared__ static
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __shared__ static
#elif defined(__clang__) && !__has_feature(thread_sanitizer)
#define __shared__ static __attribute__((section("dsc_shared")))
#define DSC_SHARED_SECTION 1
#endif
#endif
#ifndef __shared__
#define __shared__ static thread_local
#endif

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

extern thread_local dim3 threadIdx, blockIdx, blockDim, gridDim;
constexpr int warpSize = 32;

//===----------------------------------------------------------------------===//
// What threads of a block do together
//===----------------------------------------------------------------------===//

namespace emulator {

/// Where in the kernel a thread waits, and in which instantiation of a helper.
struct Site {
  const char *what = "";
  std::source_location place;

  const char *file() const { return place.file_name(); }
  unsigned line() const { return place.line(); }
};

/// What new memory is filled with: no number as float, -1 as integer.
constexpr int unwritten = 0xFF;

/// Shared memory of a module, which is filled before each launch.
struct SharedSection {
  SharedSection(char *begin, char *end);
  ~SharedSection();
  SharedSection(const SharedSection &) = delete;
  char *begin, *end;
};

void barrier(Site site);
/// Waits for all lanes of `mask`; what they wrote before is seen behind it.
void syncWarp(unsigned mask, Site site);
/// Gives `value`, waits for all lanes of `mask`, and returns what lane `source` gave. As on a
/// device, shuffles and votes order nothing that lies in memory.
uint64_t exchange(unsigned mask, uint64_t value, unsigned source, Site site);
/// The lanes of `mask` that gave something else than 0.
unsigned vote(unsigned mask, bool value, Site site);
/// Ends the program unless `memory` is a multiple of `bytes`, as an access to so many at once
/// needs.
inline void requireAligned(const void *memory, size_t bytes) {
  void failMisaligned(const void *memory, size_t bytes);
  if (reinterpret_cast<uintptr_t>(memory) % bytes != 0)
    failMisaligned(memory, bytes);
}
unsigned laneId();
/// The block's dynamic shared memory.
void *sharedMemory();

template <typename T> uint64_t toBits(T value) {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>);
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof(T));
  return bits;
}

template <typename T> T fromBits(uint64_t bits) {
  T value;
  memcpy(static_cast<void *>(&value), &bits, sizeof(T)); // a half's bits are private
  return value;
}

template <typename T> T shuffle(unsigned mask, T value, unsigned source, Site site) {
  return fromBits<T>(exchange(mask, toBits(value), source, site));
}

} // namespace emulator

#ifdef DSC_SHARED_SECTION
extern "C" char __start_dsc_shared[] __attribute__((weak, visibility("hidden")));
extern "C" char __stop_dsc_shared[] __attribute__((weak, visibility("hidden")));
namespace {
const emulator::SharedSection dscSharedSection(__start_dsc_shared, __stop_dsc_shared);
} // namespace
#endif

#define DSC_SITE(what)                                                                             \
  emulator::Site { what, place }
#define DSC_HERE std::source_location place = std::source_location::current()

inline void __syncthreads(DSC_HERE) { emulator::barrier(DSC_SITE("__syncthreads")); }
inline void __syncwarp(unsigned mask = ~0u, DSC_HERE) {
  emulator::syncWarp(mask, DSC_SITE("__syncwarp"));
}
template <typename T> T __shfl_sync(unsigned mask, T value, int source, int width = 32, DSC_HERE) {
  unsigned lane = emulator::laneId(), from = lane / width * width + source % width;
  return emulator::shuffle(mask, value, from, DSC_SITE("__shfl_sync"));
}
template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32, DSC_HERE) {
  unsigned lane = emulator::laneId(), from = lane ^ lanes;
  bool inside = from / width <= lane / width;
  return emulator::shuffle(mask, value, inside ? from : lane, DSC_SITE("__shfl_xor_sync"));
}
template <typename T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, DSC_HERE) {
  unsigned lane = emulator::laneId(), from = lane + delta;
  bool inside = from / width == lane / width;
  return emulator::shuffle(mask, value, inside ? from : lane, DSC_SITE("__shfl_down_sync"));
}
template <typename T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, DSC_HERE) {
  unsigned lane = emulator::laneId();
  bool inside = lane % width >= delta;
  return emulator::shuffle(mask, value, inside ? lane - delta : lane, DSC_SITE("__shfl_up_sync"));
}
inline unsigned __ballot_sync(unsigned mask, int value, DSC_HERE) {
  return emulator::vote(mask, value != 0, DSC_SITE("__ballot_sync"));
}
inline int __any_sync(unsigned mask, int value, DSC_HERE) {
  return emulator::vote(mask, value != 0, DSC_SITE("__any_sync")) != 0;
}
inline int __all_sync(unsigned mask, int value, DSC_HERE) {
  return emulator::vote(mask, value == 0, DSC_SITE("__all_sync")) == 0;
}

inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline double rsqrt(double x) { return 1.0 / std::sqrt(x); }
inline int __float_as_int(float x) { return emulator::fromBits<int>(emulator::toBits(x)); }
inline float __int_as_float(int x) { return emulator::fromBits<float>(emulator::toBits(x)); }
inline unsigned __umulhi(unsigned x, unsigned y) { return uint64_t(x) * y >> 32; }

#ifdef __clang__
/// Not structs, of which its sanitizer sees no copy at a misaligned place.
using float2 = float __attribute__((ext_vector_type(2)));
using float4 = float __attribute__((ext_vector_type(4)));
#else
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
#endif
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

//===----------------------------------------------------------------------===//
// What the host asks for
//===----------------------------------------------------------------------===//

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorIllegalState = 401,
  cudaErrorStreamCaptureUnsupported = 900,
  cudaErrorStreamCaptureInvalidated = 901,
  cudaErrorStreamCaptureUnjoined = 904,
  cudaErrorStreamCaptureIsolation = 905
};
enum cudaMemcpyKind {
  cudaMemcpyHostToDevice = 1,
  cudaMemcpyDeviceToHost,
  cudaMemcpyDeviceToDevice
};
enum { cudaStreamNonBlocking = 1, cudaEventDisableTiming = 2 };
typedef struct EmulatedStream *cudaStream_t;
typedef struct EmulatedEvent *cudaEvent_t;
typedef struct EmulatedGraph *cudaGraph_t;
typedef struct EmulatedGraphExec *cudaGraphExec_t;
enum cudaStreamCaptureMode { cudaStreamCaptureModeGlobal = 0, cudaStreamCaptureModeThreadLocal };
typedef void (*cudaHostFn_t)(void *);
struct cudaDeviceProp {
  char name[256];
  int major, minor;
};

const char *cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();
cudaError_t cudaSetDevice(int index);
cudaError_t cudaGetDevice(int *index);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int index);
cudaError_t cudaMalloc(void **memory, size_t bytes);
cudaError_t cudaFree(void *memory);
/// Variables of the device are the host's own.
cudaError_t cudaGetSymbolAddress(void **memory, const void *variable);
cudaError_t cudaMallocHost(void **memory, size_t bytes);
cudaError_t cudaFreeHost(void *memory);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream);
cudaError_t cudaMemsetAsync(void *memory, int value, size_t bytes, cudaStream_t stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags = 0);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaDeviceSynchronize();
cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void *data);
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph,
                                 unsigned long long flags = 0);
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec);

namespace emulator {

/// Bytes that a task reads or writes.
struct Access {
  const void *memory;
  size_t bytes;
  bool isWrite;
};

/// A kernel's launch as the emulator runs it.
struct Launch {
  const char *name; // of the kernel
  const char *node; // the ONNX nodes it came from
  dim3 grid, block;
  size_t sharedBytes;
  std::function<void()> thread; // what each thread runs
};

/// Puts a kernel on a stream. The accesses are checked against those of other
/// streams, and in builds with AddressSanitizer the kernel may touch nothing else.
void launch(Launch launch, std::vector<Access> accesses, cudaStream_t stream);
/// The same for a function of the host, such as a library call's stand-in; errors name the NVTX
/// range around it.
void enqueue(const char *name, std::function<void()> function, std::vector<Access> accesses,
             cudaStream_t stream);

/// The innermost NVTX range that is open; "" outside of all.
const char *currentRange();

/// Seeds the order of blocks, threads and streams (EMULATOR_SEED at start, else 1).
void setSeed(uint64_t seed);

} // namespace emulator

#endif // DSC_RUNTIME_EMULATOR_CUDA_RUNTIME_H
