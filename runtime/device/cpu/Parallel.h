//===- Parallel.h - The one thread pool of a trainer ----------------------===//
//
// Splits an index range over the threads of libgomp, which oneDNN runs on as
// well: one pool, no oversubscription. The split is a fixed function of extent,
// grain and thread count, so that the same thread count gives the same bits.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CPU_PARALLEL_H
#define DSC_RUNTIME_DEVICE_CPU_PARALLEL_H

#include <cstdint>
#include <memory>
#include <type_traits>

/// Computes the part [begin, end); parts run at the same time.
using DscParallelBody = void (*)(void *context, int64_t begin, int64_t end);

/// Splits [0, extent) into at most one contiguous part per thread, none smaller than `grain`
/// (unless the extent is), and returns when all are done. One part, or a call from inside another
/// parallel region, runs on the calling thread. Bodies must not throw.
extern "C" void dscParallelFor(int64_t extent, int64_t grain, DscParallelBody body, void *context);

namespace dsc {

/// How many parts `dscParallelFor` makes of [0, extent).
int64_t parallelParts(int64_t extent, int64_t grain);

/// The number of threads parallel regions use, oneDNN's included. Starts as the number of
/// processors this process may run on.
void setThreadCount(int count);
int threadCount();

/// The same for a lambda (begin, end).
template <typename Body> void parallelFor(int64_t extent, int64_t grain, Body &&body) {
  using Plain = std::remove_reference_t<Body>;
  auto run = [](void *context, int64_t begin, int64_t end) {
    (*static_cast<Plain *>(context))(begin, end);
  };
  dscParallelFor(extent, grain, run,
                 const_cast<void *>(static_cast<const void *>(std::addressof(body))));
}

} // namespace dsc

#endif // DSC_RUNTIME_DEVICE_CPU_PARALLEL_H
