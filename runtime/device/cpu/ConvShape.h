//===- ConvShape.h - The ints of a convolution ----------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CPU_CONVSHAPE_H
#define DSC_RUNTIME_DEVICE_CPU_CONVSHAPE_H

#include "device/cpu/Dnnl.h"

namespace dsc {

enum class ConvDirection : uint8_t { Forward, InputGrad, WeightGrad };

/// Up to this many input channels a convolution is thin: no block of channels fills a vector.
constexpr int64_t thinChannels = 3;

/// A tensor of a convolution in logical order: N C spatial, or K C spatial.
struct ConvTensor {
  dnnl::memory::dims dims, strides; // strides within a block of channels
  int64_t block = 1;                // channels side by side: dense as n, blocks, spatial, c

  bool empty() const;
  /// Whether elements lie densely in the order of the dims (n c spatial).
  bool isRowMajor() const;
  /// Whether elements lie densely in the order n spatial c.
  bool isChannelsLast() const;
  bool isBlocked() const { return block > 1; }
  /// From one block of channels to the next.
  int64_t blockStride() const;
  /// Whether some dimension is broadcast, which oneDNN cannot express.
  bool isBroadcast() const;
};

struct ConvShape {
  int64_t spatial, groups, flags;
  ConvTensor input, weight, output;
  dnnl::memory::dims strides, dilations, low, high; // dilations as oneDNN counts: 0 is dense

  /// False, with the error set, where the ints are not acceptable.
  bool read(const DscCall *call);

  int64_t groupInputs() const { return input.dims[1] / groups; }
  int64_t groupOutputs() const { return output.dims[1] / groups; }
  /// A kernel of one point that visits every element: a matrix product per image.
  bool isPointwise() const;

private:
  bool readBlocks(const DscCall *call);
  bool check(const DscCall *call) const;
};

} // namespace dsc

#endif // DSC_RUNTIME_DEVICE_CPU_CONVSHAPE_H
