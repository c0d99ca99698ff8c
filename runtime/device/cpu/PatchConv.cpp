//===- PatchConv.cpp - A weight gradient as a product with patches --------===//
#include "device/cpu/PatchConv.h"

#include "device/cpu/Move.h"
#include "device/cpu/Parallel.h"
#include "device/cpu/Scratch.h"

#include <vector>

using namespace dsc;
using dnnl::memory;

namespace {

int64_t sizeOf(const memory::dims &dims, size_t first) {
  int64_t size = 1;
  for (size_t i = first; i < dims.size(); ++i)
    size *= dims[i];
  return size;
}

memory matrix(int64_t rows, int64_t columns) {
  return dnnlView(dnnlTensor({rows, columns}, {columns, 1}));
}

/// Index `number` of a row-major space of the dims from `first` on.
memory::dims indexOf(int64_t number, const memory::dims &dims, size_t first) {
  memory::dims index(dims.size() - first);
  for (size_t i = index.size(); i-- > 0; number /= dims[first + i])
    index[i] = number % dims[first + i];
  return index;
}

class PatchWeightGrad : public Convolver {
public:
  explicit PatchWeightGrad(const ConvShape &shape);
  int32_t run(void *const *buffers) override;

private:
  void gatherGrads(const float *outputGrad, float *to) const;
  void findTaps(int64_t position, int64_t *offsets) const;
  void gatherPatches(const float *input, float *to) const;
  void writeWeights(const float *from, float *to) const;

  ConvShape shape;
  int64_t images, inputs, outputs, positions, taps; // positions of an image, taps of a channel
  memory grads, patches, weights, scratchpad;
  dnnl::matmul product;
};

PatchWeightGrad::PatchWeightGrad(const ConvShape &shape)
    : shape(shape), images(shape.input.dims[0]), inputs(shape.input.dims[1]),
      outputs(shape.output.dims[1]), positions(sizeOf(shape.output.dims, 2)),
      taps(sizeOf(shape.weight.dims, 2)), grads(matrix(outputs, images * positions)),
      patches(matrix(images * positions, inputs * taps)), weights(matrix(outputs, inputs * taps)) {
  dnnl::matmul::desc what(grads.get_desc(), patches.get_desc(), weights.get_desc());
  dnnl::matmul::primitive_desc how(what, dnnlAttributes(), dnnlEngine());
  scratchpad = dnnlView(how.scratchpad_desc());
  product = dnnl::matmul(how);
}

void PatchWeightGrad::gatherGrads(const float *outputGrad, float *to) const {
  const ConvTensor &tensor = shape.output; // to blocks, channels of a block, images, positions
  memory::dims dims = {outputs / tensor.block, tensor.block, images};
  memory::dims strides = {tensor.blockStride(), tensor.strides[1], tensor.strides[0]};
  dims.insert(dims.end(), tensor.dims.begin() + 2, tensor.dims.end());
  strides.insert(strides.end(), tensor.strides.begin() + 2, tensor.strides.end());
  copyStrided(sizeof(float), copyLoop(dims, rowMajorStrides(dims), strides), to, outputGrad);
}

/// Where the taps of one output position lie in a channel; -1 in the padding.
void PatchWeightGrad::findTaps(int64_t position, int64_t *offsets) const {
  memory::dims at = indexOf(position, shape.output.dims, 2);
  for (int64_t tap = 0; tap < taps; ++tap) {
    memory::dims kernel = indexOf(tap, shape.weight.dims, 2);
    offsets[tap] = 0;
    for (size_t i = 0; i < at.size() && offsets[tap] >= 0; ++i) {
      int64_t in = at[i] * shape.strides[i] - shape.low[i] + kernel[i] * (shape.dilations[i] + 1);
      bool isInside = in >= 0 && in < shape.input.dims[i + 2];
      offsets[tap] = isInside ? offsets[tap] + in * shape.input.strides[i + 2] : -1;
    }
  }
}

void PatchWeightGrad::gatherPatches(const float *input, float *to) const {
  const ConvTensor &tensor = shape.input;
  int64_t nextBlock = tensor.blockStride() - (tensor.block - 1) * tensor.strides[1];
  std::vector<int64_t> offsets(positions * taps);
  for (int64_t position = 0; position < positions; ++position)
    findTaps(position, offsets.data() + position * taps);
  parallelFor(images * positions, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t *from = offsets.data() + row % positions * taps;
      const float *channel = input + row / positions * tensor.strides[0];
      float *patch = to + row * inputs * taps;
      for (int64_t c = 1; c <= inputs; ++c, patch += taps) {
        for (int64_t tap = 0; tap < taps; ++tap)
          patch[tap] = from[tap] < 0 ? 0.0f : channel[from[tap]];
        channel += c % tensor.block ? tensor.strides[1] : nextBlock;
      }
    }
  });
}

void PatchWeightGrad::writeWeights(const float *from, float *to) const {
  const memory::dims &dims = shape.weight.dims;
  CopyLoop loop = copyLoop(dims, shape.weight.strides, rowMajorStrides(dims));
  copyStrided(sizeof(float), loop, to, from);
}

int32_t PatchWeightGrad::run(void *const *buffers) {
  bool isDense = shape.weight.isRowMajor();
  Scratch scratch;
  size_t gradPlace = scratch.reserve(grads.get_desc().get_size());
  size_t patchPlace = scratch.reserve(patches.get_desc().get_size());
  size_t weightPlace = scratch.reserve(isDense ? 0 : weights.get_desc().get_size());
  size_t padPlace = scratch.reserve(scratchpad.get_desc().get_size());
  if (!scratch.allocate())
    return 1;
  gatherPatches(static_cast<const float *>(buffers[0]), scratch.floatsAt(patchPlace));
  gatherGrads(static_cast<const float *>(buffers[1]), scratch.floatsAt(gradPlace));
  grads.set_data_handle(scratch.at(gradPlace));
  patches.set_data_handle(scratch.at(patchPlace));
  weights.set_data_handle(isDense ? buffers[2] : scratch.at(weightPlace));
  scratchpad.set_data_handle(scratch.at(padPlace));
  product.execute(dnnlStream(), {{DNNL_ARG_SRC, grads},
                                 {DNNL_ARG_WEIGHTS, patches},
                                 {DNNL_ARG_DST, weights},
                                 {DNNL_ARG_SCRATCHPAD, scratchpad}});
  if (!isDense)
    writeWeights(scratch.floatsAt(weightPlace), static_cast<float *>(buffers[2]));
  return 0;
}

} // namespace

bool dsc::hasFewPositions(const ConvShape &shape, ConvDirection direction) {
  constexpr int64_t few = 16, most = int64_t(1) << 24; // elements of all patches: 64 MB
  int64_t positions = sizeOf(shape.output.dims, 2), patch = sizeOf(shape.weight.dims, 1);
  return direction == ConvDirection::WeightGrad && shape.groups == 1 && positions <= few &&
         shape.input.dims[0] * positions * patch <= most;
}

Convolver *dsc::makePatchWeightGrad(const ConvShape &shape) { return new PatchWeightGrad(shape); }
