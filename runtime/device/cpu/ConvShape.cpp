//===- ConvShape.cpp - The ints of a convolution --------------------------===//
#include "device/cpu/ConvShape.h"

#include "abi/CpuRoutines.h"
#include "device/cpu/Operands.h"

#include <algorithm>

using namespace dsc;
using dnnl::memory;

bool ConvTensor::empty() const { return std::count(dims.begin(), dims.end(), 0) > 0; }

int64_t ConvTensor::blockStride() const {
  int64_t stride = block;
  for (size_t i = 2; i < dims.size(); ++i)
    stride *= dims[i];
  return isBlocked() ? stride : strides[1];
}

/// Whether walking the dims in `order`, innermost last, steps through memory densely.
static bool isDense(const ConvTensor &tensor, const std::vector<size_t> &order) {
  int64_t expected = 1;
  for (size_t i = order.size(); i-- > 0; expected *= tensor.dims[order[i]])
    if (tensor.dims[order[i]] != 1 && tensor.strides[order[i]] != expected)
      return false;
  return true;
}

bool ConvTensor::isRowMajor() const {
  if (isBlocked())
    return false;
  std::vector<size_t> order(dims.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  return isDense(*this, order);
}

bool ConvTensor::isChannelsLast() const {
  if (isBlocked())
    return false;
  std::vector<size_t> order{0};
  for (size_t i = 2; i < dims.size(); ++i)
    order.push_back(i);
  order.push_back(1);
  return isDense(*this, order);
}

bool ConvTensor::isBroadcast() const {
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] > 1 && strides[i] <= 0)
      return true;
  return false;
}

static memory::dims takeDims(Operands &operands, int64_t count) {
  const int64_t *values = operands.take(count);
  return values ? memory::dims(values, values + count) : memory::dims();
}

/// `values` with two leading entries.
static memory::dims prefixed(int64_t first, int64_t second, const memory::dims &values) {
  memory::dims result{first, second};
  result.insert(result.end(), values.begin(), values.end());
  return result;
}

bool ConvShape::read(const DscCall *call) {
  Operands operands(call);
  spatial = operands.rank(1, 3);
  int64_t batch = operands.size(), inputs = operands.size(), outputs = operands.size();
  groups = operands.next();
  memory::dims inputDims = takeDims(operands, spatial), kernel = takeDims(operands, spatial);
  strides = takeDims(operands, spatial);
  dilations = takeDims(operands, spatial);
  low = takeDims(operands, spatial);
  high = takeDims(operands, spatial);
  memory::dims outputDims = takeDims(operands, spatial);
  input.strides = takeDims(operands, spatial + 2);
  weight.strides = takeDims(operands, spatial + 2);
  output.strides = takeDims(operands, spatial + 2);
  flags = operands.next();
  if (!operands.ok())
    return false;
  if (groups < 1 || inputs % groups || outputs % groups) {
    dscSetError("%s: %lld groups do not divide %lld input and %lld output channels", call->name,
                static_cast<long long>(groups), static_cast<long long>(inputs),
                static_cast<long long>(outputs));
    return false;
  }
  input.dims = prefixed(batch, inputs, inputDims);
  weight.dims = prefixed(outputs, inputs / groups, kernel);
  output.dims = prefixed(batch, outputs, outputDims);
  if (!readBlocks(call) || !check(call))
    return false;
  for (int64_t &dilation : dilations)
    --dilation;
  return true;
}

bool ConvShape::readBlocks(const DscCall *call) {
  for (auto [tensor, flag] :
       {std::pair(&input, DSC_CONV_INPUT_BLOCKED), std::pair(&output, DSC_CONV_OUTPUT_BLOCKED)}) {
    if (!(flags & flag))
      continue;
    tensor->block = tensor->strides.back();
    if ((tensor->block != 8 && tensor->block != 16) || tensor->dims[1] % tensor->block) {
      dscSetError("%s: expected blocks of 8 or 16 that divide %lld channels, got %lld", call->name,
                  static_cast<long long>(tensor->dims[1]), static_cast<long long>(tensor->block));
      return false;
    }
  }
  return true;
}

bool ConvShape::check(const DscCall *call) const {
  for (int64_t i = 0; i < spatial; ++i) {
    int64_t kernel = weight.dims[2 + i];
    if (kernel < 1 || strides[i] < 1 || dilations[i] < 1 || low[i] < 0 || high[i] < 0) {
      dscSetError("%s: kernel, strides and dilations must be at least 1, pads at least 0",
                  call->name);
      return false;
    }
    int64_t reach = input.dims[2 + i] + low[i] + high[i] - dilations[i] * (kernel - 1) - 1;
    int64_t expected = reach < 0 ? 0 : reach / strides[i] + 1;
    if (output.dims[2 + i] != expected) {
      dscSetError("%s: expected output dimension %lld to be %lld, got %lld", call->name,
                  static_cast<long long>(i) + 2, static_cast<long long>(expected),
                  static_cast<long long>(output.dims[2 + i]));
      return false;
    }
  }
  return true;
}

bool ConvShape::isPointwise() const {
  auto all = [](const memory::dims &values, int64_t value) {
    return std::all_of(values.begin(), values.end(), [=](int64_t v) { return v == value; });
  };
  return all(memory::dims(weight.dims.begin() + 2, weight.dims.end()), 1) && all(strides, 1) &&
         all(low, 0) && all(high, 0);
}
