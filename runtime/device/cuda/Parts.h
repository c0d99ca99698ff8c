//===- Parts.h - One launch over many tensors -----------------------------===//
//
// A kernel that does the same to many tensors, such as the update of all parameters, is
// launched once. Each tensor (with what belongs to it) is a part: so many rows and columns,
// some blocks of threads of its own, and buffers of its own, by their places in the arena.
// The parts stand in a table in step.cu, which lies on the device:
//
//   static __device__ const Part<2> update_parts[] = {{0, 2000, 1, {0, 8192}},   // blocks 0..7
//                                                     {8, 300, 1, {16384, 20480}}}; // 8, 9
//
// A kernel says how much of a part each buffer holds, and its blocks look for their own:
//
//   __global__ void update(Parts<PerElement<float>, PerElement<const float>> parts, ...) {
//     auto part = parts.own();
//     float *weight = part.at<0>();
//     int32_t i = part.block * 256 + (int32_t)threadIdx.x;
//     if (i < part.rows)
//       ...
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CUDA_PARTS_H
#define DSC_RUNTIME_DEVICE_CUDA_PARTS_H

#include <cuda_runtime.h>

#include <cstdint>
#include <tuple>
#include <type_traits>
#include <vector>

namespace dsc::cuda {

/// A part with N buffers, whose first bytes in the arena `places` are.
template <int N> struct Part {
  int32_t firstBlock, rows, columns;
  int64_t places[N];
};

// How many elements a buffer has.
template <typename T> struct PerPart {
  using Element = T;
  static int64_t count(int64_t, int64_t) { return 1; }
};
template <typename T> struct PerRow {
  using Element = T;
  static int64_t count(int64_t rows, int64_t) { return rows; }
};
template <typename T> struct PerColumn {
  using Element = T;
  static int64_t count(int64_t, int64_t columns) { return columns; }
};
template <typename T> struct PerElement {
  using Element = T;
  static int64_t count(int64_t rows, int64_t columns) { return rows * columns; }
};

/// The part of this block.
template <typename... Buffers> struct OwnPart {
  const int64_t *places;
  char *arena;
  int32_t block, rows, columns; // the first: this block's number within the part

  template <int I> __device__ auto *at() const {
    using Buffer = std::tuple_element_t<I, std::tuple<Buffers...>>;
    return reinterpret_cast<typename Buffer::Element *>(arena + places[I]);
  }
};

/// A kernel's table of parts. There is at least one, and blocks for all.
template <typename... Buffers> struct Parts {
  const Part<sizeof...(Buffers)> *table;
  int32_t count;
  char *arena;

  __device__ OwnPart<Buffers...> own() const; // Kernel.h

#ifdef DSC_EMULATOR
  void addAccesses(std::vector<emulator::Access> &accesses) const {
    for (int32_t i = 0; i < count; ++i) {
      const int64_t *place = table[i].places;
      (addAccess<Buffers>(accesses, table[i], *place++), ...);
    }
  }

private:
  template <typename Buffer>
  void addAccess(std::vector<emulator::Access> &accesses, const Part<sizeof...(Buffers)> &part,
                 int64_t place) const {
    using Element = typename Buffer::Element;
    size_t bytes = static_cast<size_t>(Buffer::count(part.rows, part.columns)) * sizeof(Element);
    accesses.push_back({arena + place, bytes, !std::is_const_v<Element>});
  }
#endif
};

/// What a step gives for a kernel's table.
template <int N> struct PartTable {
  const Part<N> *table; // on the device
  int32_t count;
  char *arena;

  template <typename... Buffers>
    requires(sizeof...(Buffers) == N)
  operator Parts<Buffers...>() const {
    return {table, count, arena};
  }
};

} // namespace dsc::cuda

#endif // DSC_RUNTIME_DEVICE_CUDA_PARTS_H
