//===- PatchConv.cpp - Convolutions as products with patches --------------===//
#include "device/cpu/PatchConv.h"

#include "abi/CpuRoutines.h"
#include "device/cpu/Move.h"
#include "device/cpu/Parallel.h"
#include "device/cpu/Scratch.h"

#include <algorithm>
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

/// Index `number` of a row-major space of the dims from `first` on.
memory::dims indexOf(int64_t number, const memory::dims &dims, size_t first) {
  memory::dims index(dims.size() - first);
  for (size_t i = index.size(); i-- > 0; number /= dims[first + i])
    index[i] = number % dims[first + i];
  return index;
}

memory matrix(int64_t rows, int64_t columns) {
  return dnnlView(dnnlTensor({rows, columns}, {columns, 1}));
}

/// A matrix whose columns lie `line` apart.
memory transposedMatrix(int64_t rows, int64_t columns, int64_t line) {
  return dnnlView(dnnlTensor({rows, columns}, {1, line}));
}

/// What the three have in common: a row of patches for each output position of each image,
/// [(n, position), (c, tap)], and a product.
class PatchConvolver : public Convolver {
protected:
  explicit PatchConvolver(const ConvShape &shape);

  void prepare(memory left, memory right, memory result);
  /// The scratch memory of the product; `run` multiplies what the matrices' handles name.
  size_t productBytes() const { return scratchpad.get_desc().get_size(); }
  void multiply(void *scratch);

  void gatherPatches(const float *input, float *to, int64_t line) const;
  void addPatches(const float *patches, float *input) const;
  /// Copies between the output tensor and a matrix [k, (n, position)] or [(n, position), k].
  void copyOutput(bool channelsFirst, const float *tensor, float *matrix) const;
  void writeOutput(const float *matrix, float *tensor) const;

  ConvShape shape;
  int64_t images, inputs, outputs, positions, taps; // positions of an image, taps of a channel
  int64_t rows = images * positions, patch = inputs * taps;
  memory left, right, result;

private:
  struct OutputMatrix {
    memory::dims dims, strides; // of the tensor, in the order of the matrix
  };
  OutputMatrix outputMatrix(bool channelsFirst) const;
  void findTaps(int64_t position, int64_t *offsets) const;
  /// Calls body(channel, taps) for each channel of an image: where its plane begins, and where the
  /// patch has its taps.
  template <typename Body> void forEachChannel(Body &&body) const;

  std::vector<int64_t> offsets; // of the taps of each position within a plane; -1 in the padding
  memory scratchpad;
  dnnl::matmul product;
};

PatchConvolver::PatchConvolver(const ConvShape &shape)
    : shape(shape), images(shape.input.dims[0]), inputs(shape.input.dims[1]),
      outputs(shape.output.dims[1]), positions(sizeOf(shape.output.dims, 2)),
      taps(sizeOf(shape.weight.dims, 2)), offsets(positions * taps) {
  for (int64_t position = 0; position < positions; ++position)
    findTaps(position, offsets.data() + position * taps);
}

void PatchConvolver::findTaps(int64_t position, int64_t *to) const {
  memory::dims at = indexOf(position, shape.output.dims, 2);
  for (int64_t tap = 0; tap < taps; ++tap) {
    memory::dims kernel = indexOf(tap, shape.weight.dims, 2);
    to[tap] = 0;
    for (size_t i = 0; i < at.size() && to[tap] >= 0; ++i) {
      int64_t in = at[i] * shape.strides[i] - shape.low[i] + kernel[i] * (shape.dilations[i] + 1);
      bool isInside = in >= 0 && in < shape.input.dims[i + 2];
      to[tap] = isInside ? to[tap] + in * shape.input.strides[i + 2] : -1;
    }
  }
}

void PatchConvolver::prepare(memory leftMatrix, memory rightMatrix, memory resultMatrix) {
  left = std::move(leftMatrix);
  right = std::move(rightMatrix);
  result = std::move(resultMatrix);
  dnnl::matmul::desc what(left.get_desc(), right.get_desc(), result.get_desc());
  dnnl::matmul::primitive_desc how(what, dnnlAttributes(), dnnlEngine());
  scratchpad = dnnlView(how.scratchpad_desc());
  product = dnnl::matmul(how);
}

void PatchConvolver::multiply(void *scratch) {
  scratchpad.set_data_handle(scratch);
  product.execute(dnnlStream(), {{DNNL_ARG_SRC, left},
                                 {DNNL_ARG_WEIGHTS, right},
                                 {DNNL_ARG_DST, result},
                                 {DNNL_ARG_SCRATCHPAD, scratchpad}});
}

template <typename Body> void PatchConvolver::forEachChannel(Body &&body) const {
  const ConvTensor &tensor = shape.input;
  for (int64_t c = 0; c < inputs; ++c)
    body(c / tensor.block * tensor.blockStride() + c % tensor.block * tensor.strides[1], c * taps);
}

void PatchConvolver::gatherPatches(const float *input, float *to, int64_t line) const {
  parallelFor(rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t *from = offsets.data() + row % positions * taps;
      const float *image = input + row / positions * shape.input.strides[0];
      float *patchRow = to + row * line;
      forEachChannel([&](int64_t plane, int64_t first) {
        for (int64_t tap = 0; tap < taps; ++tap)
          patchRow[first + tap] = from[tap] < 0 ? 0.0f : image[plane + from[tap]];
      });
    }
  });
}

void PatchConvolver::addPatches(const float *patches, float *input) const {
  parallelFor(images, 1, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      float *image = input + n * shape.input.strides[0];
      std::fill(image, image + sizeOf(shape.input.dims, 1), 0.0f);
      for (int64_t position = 0; position < positions; ++position) {
        const int64_t *at = offsets.data() + position * taps;
        const float *patchRow = patches + (n * positions + position) * patch;
        forEachChannel([&](int64_t plane, int64_t first) {
          for (int64_t tap = 0; tap < taps; ++tap)
            if (at[tap] >= 0)
              image[plane + at[tap]] += patchRow[first + tap];
        });
      }
    }
  });
}

PatchConvolver::OutputMatrix PatchConvolver::outputMatrix(bool channelsFirst) const {
  const ConvTensor &tensor = shape.output; // a channel is a block and a place in it
  OutputMatrix m{{images}, {tensor.strides[0]}};
  m.dims.insert(m.dims.end(), tensor.dims.begin() + 2, tensor.dims.end());
  m.strides.insert(m.strides.end(), tensor.strides.begin() + 2, tensor.strides.end());
  auto insert = [&](memory::dims &dims, int64_t blocks, int64_t place) {
    dims.insert(channelsFirst ? dims.begin() : dims.end(), {blocks, place});
  };
  insert(m.dims, outputs / tensor.block, tensor.block);
  insert(m.strides, tensor.blockStride(), tensor.strides[1]);
  return m;
}

void PatchConvolver::copyOutput(bool channelsFirst, const float *tensor, float *to) const {
  OutputMatrix m = outputMatrix(channelsFirst);
  copyStrided(sizeof(float), copyLoop(m.dims, rowMajorStrides(m.dims), m.strides), to, tensor);
}

void PatchConvolver::writeOutput(const float *from, float *tensor) const {
  OutputMatrix m = outputMatrix(/*channelsFirst=*/true);
  copyStrided(sizeof(float), copyLoop(m.dims, m.strides, rowMajorStrides(m.dims)), tensor, from);
}

/// output[k, (n, position)] = sum over (c, tap) of weight[k, (c, tap)] * patch[(n, position), (c,
/// tap)]
class PatchForward : public PatchConvolver {
public:
  explicit PatchForward(const ConvShape &shape) : PatchConvolver(shape) {
    prepare(matrix(outputs, patch), transposedMatrix(patch, rows, line), matrix(outputs, rows));
  }

  int32_t run(void *const *buffers) override {
    bool hasBias = shape.flags & DSC_CONV_BIAS;
    Scratch scratch;
    size_t patchPlace = scratch.reserve(rows * line * sizeof(float));
    size_t resultPlace = scratch.reserve(result.get_desc().get_size());
    size_t padPlace = scratch.reserve(productBytes());
    if (!scratch.allocate())
      return 1;
    gatherPatches(static_cast<const float *>(buffers[0]), scratch.floatsAt(patchPlace), line);
    left.set_data_handle(buffers[1]);
    right.set_data_handle(scratch.at(patchPlace));
    result.set_data_handle(scratch.at(resultPlace));
    multiply(scratch.at(padPlace));
    finish(scratch.floatsAt(resultPlace), hasBias ? static_cast<float *>(buffers[2]) : nullptr);
    writeOutput(scratch.floatsAt(resultPlace), static_cast<float *>(buffers[hasBias ? 3 : 2]));
    return 0;
  }

private:
  /// Bias and activation.
  void finish(float *to, const float *bias) const {
    bool relu = shape.flags & DSC_CONV_RELU;
    if (!bias && !relu)
      return;
    parallelFor(outputs, 16, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin * rows; i < end * rows; ++i) {
        float value = to[i] + (bias ? bias[i / rows] : 0.0f);
        to[i] = relu && value < 0.0f ? 0.0f : value;
      }
    });
  }

  /// Patches that lie a multiple of 2 KB apart would share few sets of the cache.
  int64_t line = patch + 16;
};

/// patchGradient[(n, position), (c, tap)] = sum over k of outputGrad[(n, position), k]
///                                                       * weight[k, (c, tap)]
class PatchInputGrad : public PatchConvolver {
public:
  explicit PatchInputGrad(const ConvShape &shape) : PatchConvolver(shape) {
    prepare(matrix(rows, outputs), matrix(outputs, patch), matrix(rows, patch));
  }

  int32_t run(void *const *buffers) override {
    Scratch scratch;
    size_t gradPlace = scratch.reserve(left.get_desc().get_size());
    size_t patchPlace = scratch.reserve(result.get_desc().get_size());
    size_t padPlace = scratch.reserve(productBytes());
    if (!scratch.allocate())
      return 1;
    copyOutput(/*channelsFirst=*/false, static_cast<const float *>(buffers[0]),
               scratch.floatsAt(gradPlace));
    left.set_data_handle(scratch.at(gradPlace));
    right.set_data_handle(buffers[1]);
    result.set_data_handle(scratch.at(patchPlace));
    multiply(scratch.at(padPlace));
    addPatches(scratch.floatsAt(patchPlace), static_cast<float *>(buffers[2]));
    return 0;
  }
};

/// weightGradient[k, (c, tap)] = sum over (n, position) of outputGrad[k, (n, position)]
///                                                        * patch[(n, position), (c, tap)]
class PatchWeightGrad : public PatchConvolver {
public:
  explicit PatchWeightGrad(const ConvShape &shape) : PatchConvolver(shape) {
    prepare(matrix(outputs, rows), matrix(rows, patch), matrix(outputs, patch));
  }

  int32_t run(void *const *buffers) override {
    bool isDense = shape.weight.isRowMajor();
    Scratch scratch;
    size_t gradPlace = scratch.reserve(left.get_desc().get_size());
    size_t patchPlace = scratch.reserve(right.get_desc().get_size());
    size_t weightPlace = scratch.reserve(isDense ? 0 : result.get_desc().get_size());
    size_t padPlace = scratch.reserve(productBytes());
    if (!scratch.allocate())
      return 1;
    gatherPatches(static_cast<const float *>(buffers[0]), scratch.floatsAt(patchPlace), patch);
    copyOutput(/*channelsFirst=*/true, static_cast<const float *>(buffers[1]),
               scratch.floatsAt(gradPlace));
    left.set_data_handle(scratch.at(gradPlace));
    right.set_data_handle(scratch.at(patchPlace));
    result.set_data_handle(isDense ? buffers[2] : scratch.at(weightPlace));
    multiply(scratch.at(padPlace));
    if (!isDense)
      writeWeights(scratch.floatsAt(weightPlace), static_cast<float *>(buffers[2]));
    return 0;
  }

private:
  void writeWeights(const float *from, float *to) const {
    const memory::dims &dims = shape.weight.dims;
    CopyLoop loop = copyLoop(dims, shape.weight.strides, rowMajorStrides(dims));
    copyStrided(sizeof(float), loop, to, from);
  }
};

} // namespace

bool dsc::hasFewPositions(const ConvShape &shape, ConvDirection direction) {
  constexpr int64_t most = int64_t(1) << 24; // elements of all patches, which alone take 64 MB
  bool isWeightGrad = direction == ConvDirection::WeightGrad;
  int64_t few = isWeightGrad ? 16 : 8;
  int64_t positions = sizeOf(shape.output.dims, 2), patch = sizeOf(shape.weight.dims, 1);
  bool isDense = shape.weight.isRowMajor() && (shape.input.isBlocked() || shape.input.isRowMajor());
  return (isWeightGrad || isDense) && shape.groups == 1 && positions <= few &&
         shape.input.dims[0] * positions * patch <= most;
}

Convolver *dsc::makePatchConv(const ConvShape &shape, ConvDirection direction) {
  if (direction == ConvDirection::Forward)
    return new PatchForward(shape);
  if (direction == ConvDirection::InputGrad)
    return new PatchInputGrad(shape);
  return new PatchWeightGrad(shape);
}
