//===- Conv.cpp - Convolutions by cuDNN -----------------------------------===//
//
// cuDNN takes any strides for tensors and packed weights. One spatial dimension
// becomes two, since its descriptors begin there.
//
//===----------------------------------------------------------------------===//
#include "device/cuda/Routines.h"
#include "device/cuda/library/PlainConv.h"

#include <cudnn.h>

#include <map>

namespace dsc::cuda {

namespace {

constexpr size_t workspaceBytes = 64 << 20;

bool check(Step &step, cudnnStatus_t status) {
  if (status != CUDNN_STATUS_SUCCESS)
    step.fail("convolution", cudnnGetErrorString(status));
  return !step.failed;
}

struct Library {
  cudnnHandle_t handle = nullptr;
  void *workspace = nullptr;

  static Library &get(Step &step) {
    static Library library;
    if (!library.handle && check(step, cudnnCreate(&library.handle)) &&
        check(step, cudnnSetStream(library.handle, step.stream)))
      step.check(cudaMalloc(&library.workspace, workspaceBytes), "the convolutions' workspace");
    return library;
  }
};

using Ints = std::vector<int>;

Ints narrow(const Sizes &sizes) { return {sizes.begin(), sizes.end()}; }

/// A spatial list with at least two entries.
Ints spatial(const Sizes &sizes, int filler) {
  Ints ints = narrow(sizes);
  if (ints.size() == 1)
    ints.push_back(filler);
  return ints;
}

Ints withLeading(int64_t first, int64_t second, Ints rest) {
  rest.insert(rest.begin(), {static_cast<int>(first), static_cast<int>(second)});
  return rest;
}

/// Strides with one for the dimension that was added.
Ints stridesOf(const Sizes &strides) {
  Ints ints = narrow(strides);
  if (ints.size() == 3)
    ints.push_back(1);
  return ints;
}

/// What cuDNN keeps of a shape.
struct Plan {
  cudnnTensorDescriptor_t input = nullptr, output = nullptr, bias = nullptr;
  cudnnFilterDescriptor_t weight = nullptr;
  cudnnConvolutionDescriptor_t convolution = nullptr;
  cudnnActivationDescriptor_t relu = nullptr;
  bool prepared = false;

  bool prepare(Step &step, const Conv &shape);
};

bool setTensor(Step &step, cudnnTensorDescriptor_t &tensor, const Ints &dims, const Ints &strides) {
  return check(step, cudnnCreateTensorDescriptor(&tensor)) &&
         check(step,
               cudnnSetTensorNdDescriptor(tensor, CUDNN_DATA_FLOAT, static_cast<int>(dims.size()),
                                          dims.data(), strides.data()));
}

/// cuDNN has no different pads at the two ends and takes weights in their own order only.
bool fits(const Conv &shape) {
  int64_t stride = 1;
  Sizes dims = shape.kernel;
  dims.insert(dims.begin(), {shape.k, shape.c / shape.groups});
  for (size_t i = dims.size(); i-- > 0; stride *= dims[i])
    if (dims[i] > 1 && shape.weightStrides[i] != stride)
      return false;
  return shape.lowPads == shape.highPads;
}

bool Plan::prepare(Step &step, const Conv &shape) {
  if (prepared)
    return true;
  Ints kernel = spatial(shape.kernel, 1);
  Ints inputDims = withLeading(shape.n, shape.c, spatial(shape.input, 1));
  Ints outputDims = withLeading(shape.n, shape.k, spatial(shape.output, 1));
  Ints weightDims = withLeading(shape.k, shape.c / shape.groups, kernel);
  Ints biasDims(inputDims.size(), 1), biasStrides(inputDims.size(), 1);
  biasDims[1] = biasStrides[0] = static_cast<int>(shape.k);
  Ints pads = spatial(shape.lowPads, 0), strides = spatial(shape.strides, 1);
  Ints dilations = spatial(shape.dilations, 1);
  prepared =
      setTensor(step, input, inputDims, stridesOf(shape.inputStrides)) &&
      setTensor(step, output, outputDims, stridesOf(shape.outputStrides)) &&
      setTensor(step, bias, biasDims, biasStrides) &&
      check(step, cudnnCreateFilterDescriptor(&weight)) &&
      check(step,
            cudnnSetFilterNdDescriptor(weight, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NCHW,
                                       static_cast<int>(weightDims.size()), weightDims.data())) &&
      check(step, cudnnCreateConvolutionDescriptor(&convolution)) &&
      check(step, cudnnSetConvolutionNdDescriptor(convolution, static_cast<int>(pads.size()),
                                                  pads.data(), strides.data(), dilations.data(),
                                                  CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT)) &&
      check(step, cudnnSetConvolutionGroupCount(convolution, static_cast<int>(shape.groups))) &&
      check(step, cudnnSetConvolutionMathType(convolution, CUDNN_FMA_MATH)) &&
      check(step, cudnnCreateActivationDescriptor(&relu)) &&
      check(step,
            cudnnSetActivationDescriptor(relu, CUDNN_ACTIVATION_RELU, CUDNN_PROPAGATE_NAN, 0));
  return prepared;
}

Plan &planOf(const Conv &shape) {
  static std::map<Sizes, Plan> plans;
  Sizes key = {shape.n, shape.c, shape.k, shape.groups};
  for (const Sizes *list : {&shape.input, &shape.kernel, &shape.strides, &shape.dilations,
                            &shape.lowPads, &shape.highPads, &shape.output, &shape.inputStrides,
                            &shape.weightStrides, &shape.outputStrides})
    key.insert(key.end(), list->begin(), list->end());
  return plans[key];
}

constexpr float one = 1, zero = 0;

/// The first algorithm of the heuristics' list that is deterministic and whose
/// working memory suffices; null where there is none.
template <typename Perf> const Perf *choose(const Perf *list, int count) {
  for (int i = 0; i < count; ++i)
    if (list[i].status == CUDNN_STATUS_SUCCESS && list[i].determinism == CUDNN_DETERMINISTIC &&
        list[i].memory <= workspaceBytes)
      return &list[i];
  return nullptr;
}

} // namespace

void conv(Step &step, const Conv &shape, Buffers buffers) {
  if (!fits(shape))
    return plainConv(step, shape, buffers);
  const Buffer *buffer = buffers.begin();
  Plan &plan = planOf(shape);
  Library &library = Library::get(step);
  if (step.failed || !plan.prepare(step, shape))
    return;
  cudnnConvolutionFwdAlgoPerf_t list[8];
  int count = 0;
  if (!check(step, cudnnGetConvolutionForwardAlgorithm_v7(library.handle, plan.input, plan.weight,
                                                          plan.convolution, plan.output, 8, &count,
                                                          list)))
    return;
  const auto *chosen = choose(list, count);
  if (!chosen)
    return plainConv(step, shape, buffers);
  bool hasBias = (shape.flags & DSC_CONV_BIAS) != 0;
  void *output = buffer[hasBias ? 3 : 2].data;
  bool good = check(step, cudnnConvolutionForward(library.handle, &one, plan.input, buffer[0].data,
                                                  plan.weight, buffer[1].data, plan.convolution,
                                                  chosen->algo, library.workspace, workspaceBytes,
                                                  &zero, plan.output, output));
  if (good && hasBias)
    good = check(step, cudnnAddTensor(library.handle, &one, plan.bias, buffer[2].data, &one,
                                      plan.output, output));
  if (good && (shape.flags & DSC_CONV_RELU))
    check(step, cudnnActivationForward(library.handle, plan.relu, &one, plan.output, output, &zero,
                                       plan.output, output));
}

void convInputGrad(Step &step, const Conv &shape, Buffers buffers) {
  if (!fits(shape))
    return plainConvInputGrad(step, shape, buffers);
  const Buffer *buffer = buffers.begin();
  Plan &plan = planOf(shape);
  Library &library = Library::get(step);
  if (step.failed || !plan.prepare(step, shape))
    return;
  cudnnConvolutionBwdDataAlgoPerf_t list[8];
  int count = 0;
  if (!check(step, cudnnGetConvolutionBackwardDataAlgorithm_v7(library.handle, plan.weight,
                                                               plan.output, plan.convolution,
                                                               plan.input, 8, &count, list)))
    return;
  const auto *chosen = choose(list, count);
  if (!chosen)
    return plainConvInputGrad(step, shape, buffers);
  check(step, cudnnConvolutionBackwardData(library.handle, &one, plan.weight, buffer[1].data,
                                           plan.output, buffer[0].data, plan.convolution,
                                           chosen->algo, library.workspace, workspaceBytes, &zero,
                                           plan.input, buffer[2].data));
}

void convWeightGrad(Step &step, const Conv &shape, Buffers buffers) {
  if (!fits(shape))
    return plainConvWeightGrad(step, shape, buffers);
  const Buffer *buffer = buffers.begin();
  Plan &plan = planOf(shape);
  Library &library = Library::get(step);
  if (step.failed || !plan.prepare(step, shape))
    return;
  cudnnConvolutionBwdFilterAlgoPerf_t list[8];
  int count = 0;
  if (!check(step, cudnnGetConvolutionBackwardFilterAlgorithm_v7(library.handle, plan.input,
                                                                 plan.output, plan.convolution,
                                                                 plan.weight, 8, &count, list)))
    return;
  const auto *chosen = choose(list, count);
  if (!chosen)
    return plainConvWeightGrad(step, shape, buffers);
  check(step, cudnnConvolutionBackwardFilter(library.handle, &one, plan.input, buffer[0].data,
                                             plan.output, buffer[1].data, plan.convolution,
                                             chosen->algo, library.workspace, workspaceBytes, &zero,
                                             plan.weight, buffer[2].data));
}

} // namespace dsc::cuda
