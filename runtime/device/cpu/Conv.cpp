//===- Conv.cpp - Convolution and its two gradients -----------------------===//
//
// oneDNN's fast kernels want blocked layouts, our tensors are row-major: in general
// it pays to reorder operands inside the routine (`Blocked`). It does not where the
// product is a plain matrix product per image, or where a block of channels would be
// mostly padding (`Direct`); and tensors that are channels-last already are taken as
// they are (`ChannelsLast`), as are those whose channels lie in blocks that it wants. The first
// layer of an image model has too few channels for any of this and a kernel of its own
// (ThinConv.h), the last layers too few positions, and a product with patches instead
// (PatchConv.h).
//
//===----------------------------------------------------------------------===//
#include "abi/CpuRoutines.h"
#include "device/cpu/ConvShape.h"
#include "device/cpu/Move.h"
#include "device/cpu/PatchConv.h"
#include "device/cpu/Scratch.h"
#include "device/cpu/ThinConv.h"

#include <optional>

using namespace dsc;
using dnnl::memory;

namespace {

using Direction = ConvDirection;
enum class Layouts : uint8_t { Direct, ChannelsLast, Blocked };

/// Below this many channels a block of 16 loses more to padding than a direct product to im2col.
constexpr int64_t fewChannels = 8;

Layouts chooseLayouts(const ConvShape &shape, Direction direction) {
  if (shape.input.isChannelsLast() && shape.output.isChannelsLast() && !shape.input.isRowMajor())
    return Layouts::ChannelsLast;
  if (direction == Direction::WeightGrad || shape.groups > 1)
    return Layouts::Blocked;
  bool many = shape.groupOutputs() >= fewChannels;
  if (direction == Direction::Forward && shape.groupInputs() <= thinChannels && many)
    return Layouts::Blocked;
  bool few = std::min(shape.groupInputs(), shape.groupOutputs()) < fewChannels;
  bool blocked = shape.input.isBlocked() || shape.output.isBlocked();
  return few || (shape.isPointwise() && !blocked) ? Layouts::Direct : Layouts::Blocked;
}

/// K C spatial becomes G K/G C/G spatial, as oneDNN wants it when there are groups.
ConvTensor grouped(const ConvTensor &weight, int64_t groups) {
  if (groups == 1)
    return weight;
  ConvTensor result = weight;
  result.dims[0] /= groups;
  result.dims.insert(result.dims.begin(), groups);
  result.strides.insert(result.strides.begin(), result.dims[1] * weight.strides[0]);
  return result;
}

memory::dims channelsLastStrides(const memory::dims &dims) {
  memory::dims order{dims[0]};
  order.insert(order.end(), dims.begin() + 2, dims.end());
  order.push_back(dims[1]);
  memory::dims dense = rowMajorStrides(order), strides{dense[0], 1};
  strides.insert(strides.end(), dense.begin() + 1, dense.end() - 1);
  return strides;
}

/// Channels in blocks, as oneDNN describes them.
memory::desc blockedDesc(const ConvTensor &tensor) {
  using Tag = memory::format_tag;
  constexpr Tag tags[3][2] = {
      {Tag::aBc8b, Tag::aBc16b}, {Tag::aBcd8b, Tag::aBcd16b}, {Tag::aBcde8b, Tag::aBcde16b}};
  return {tensor.dims, memory::data_type::f32,
          tags[tensor.dims.size() - 3][tensor.block == 8 ? 0 : 1]};
}

/// One argument of the primitive: the tensor of the call, and how it gets into (or out of) the
/// layout that the primitive wants.
struct ConvArgument {
  int number; // DNNL_ARG_...
  int buffer; // of the call
  bool written = false;
  std::optional<CopyLoop> spread; // a broadcast tensor is written out densely first
  memory user, wanted, reorderPad;
  std::optional<dnnl::reorder> reorder;
  size_t spreadPlace = 0, wantedPlace = 0, padPlace = 0;

  ConvArgument(int number, int buffer, ConvTensor tensor, bool written);
  void want(const memory::desc &desc);
  void reserve(Scratch &scratch);
  void enter(const Scratch &scratch, void *address);
  void leave();

private:
  void runReorder(memory &from, memory &to);
};

ConvArgument::ConvArgument(int number, int buffer, ConvTensor tensor, bool written)
    : number(number), buffer(buffer), written(written) {
  if (tensor.isBlocked()) {
    user = dnnlView(blockedDesc(tensor));
    return;
  }
  memory::dims dense = rowMajorStrides(tensor.dims);
  if (!written && tensor.isBroadcast())
    spread = copyLoop(tensor.dims, dense, tensor.strides);
  // Dimensions of size 1 may carry any stride; give them the one that compares equal.
  bool channelsLast = tensor.dims.size() > 2 && tensor.isChannelsLast();
  if (spread || tensor.isRowMajor())
    tensor.strides = dense;
  else if (channelsLast)
    tensor.strides = channelsLastStrides(tensor.dims);
  user = dnnlView(dnnlTensor(tensor.dims, tensor.strides));
}

void ConvArgument::want(const memory::desc &desc) {
  wanted = dnnlView(desc);
  if (desc == user.get_desc())
    return;
  memory::desc from = user.get_desc(), to = desc;
  if (written)
    std::swap(from, to);
  dnnl::reorder::primitive_desc how(dnnlEngine(), from, dnnlEngine(), to, dnnlAttributes());
  reorder.emplace(how);
  reorderPad = dnnlView(how.scratchpad_desc());
}

void ConvArgument::reserve(Scratch &scratch) {
  if (spread)
    spreadPlace = scratch.reserve(user.get_desc().get_size());
  if (!reorder)
    return;
  wantedPlace = scratch.reserve(wanted.get_desc().get_size());
  padPlace = scratch.reserve(reorderPad.get_desc().get_size());
}

void ConvArgument::runReorder(memory &from, memory &to) {
  reorder->execute(dnnlStream(),
                   {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}, {DNNL_ARG_SCRATCHPAD, reorderPad}});
}

/// Makes the argument ready for the primitive.
void ConvArgument::enter(const Scratch &scratch, void *address) {
  if (spread) {
    copyStrided(sizeof(float), *spread, scratch.at(spreadPlace), address);
    address = scratch.at(spreadPlace);
  }
  user.set_data_handle(address);
  wanted.set_data_handle(reorder ? scratch.at(wantedPlace) : address);
  if (!reorder)
    return;
  reorderPad.set_data_handle(scratch.at(padPlace));
  if (!written)
    runReorder(user, wanted);
}

/// Brings a result into the layout of the call.
void ConvArgument::leave() {
  if (written && reorder)
    runReorder(wanted, user);
}

/// A convolution by oneDNN.
class Conv : public Convolver {
public:
  Conv(const ConvShape &shape, Direction direction);
  int32_t run(void *const *buffers) override;

private:
  using Forward = dnnl::convolution_forward;
  memory::desc activation(const ConvTensor &tensor) const;
  memory::desc weights() const;
  Forward::primitive_desc describeForward(const memory::desc *biasDesc, bool relu) const;
  template <typename Gradient> typename Gradient::primitive_desc describeGradient() const;
  void makeForward(bool hasBias, bool relu);
  void makeInputGrad();
  void makeWeightGrad();
  void finish(const memory::desc &scratchDesc) { scratchpad = dnnlView(scratchDesc); }

  ConvShape shape;
  ConvTensor weightTensor;
  Layouts layouts;
  std::vector<ConvArgument> arguments;
  memory scratchpad;
  dnnl::primitive primitive;
};

memory::desc Conv::activation(const ConvTensor &tensor) const {
  if (layouts == Layouts::Blocked)
    return dnnlAnyLayout(tensor.dims);
  return dnnlTensor(tensor.dims, layouts == Layouts::Direct ? rowMajorStrides(tensor.dims)
                                                            : channelsLastStrides(tensor.dims));
}

memory::desc Conv::weights() const {
  if (layouts == Layouts::Direct)
    return dnnlTensor(weightTensor.dims, rowMajorStrides(weightTensor.dims));
  return dnnlAnyLayout(weightTensor.dims);
}

Conv::Forward::primitive_desc Conv::describeForward(const memory::desc *biasDesc, bool relu) const {
  auto attributes = dnnlAttributes();
  if (relu) {
    dnnl::post_ops after;
    appendRelu(after);
    attributes.set_post_ops(after);
  }
  auto kind = dnnl::prop_kind::forward_training;
  auto algorithm = dnnl::algorithm::convolution_direct;
  memory::desc input = activation(shape.input), output = activation(shape.output);
  Forward::desc what = biasDesc
                           ? Forward::desc(kind, algorithm, input, weights(), *biasDesc, output,
                                           shape.strides, shape.dilations, shape.low, shape.high)
                           : Forward::desc(kind, algorithm, input, weights(), output, shape.strides,
                                           shape.dilations, shape.low, shape.high);
  return {what, attributes, dnnlEngine()};
}

static ConvTensor biasTensor(const ConvShape &shape) { return {{shape.output.dims[1]}, {1}}; }

static memory::desc biasDescOf(const ConvShape &shape) {
  return dnnlTensor({shape.output.dims[1]}, {1});
}

void Conv::makeForward(bool hasBias, bool relu) {
  memory::desc biasDesc = biasDescOf(shape);
  auto how = describeForward(hasBias ? &biasDesc : nullptr, relu);
  arguments.emplace_back(DNNL_ARG_SRC, 0, shape.input, false).want(how.src_desc());
  arguments.emplace_back(DNNL_ARG_WEIGHTS, 1, weightTensor, false).want(how.weights_desc());
  if (hasBias)
    arguments.emplace_back(DNNL_ARG_BIAS, 2, biasTensor(shape), false).want(biasDesc);
  arguments.emplace_back(DNNL_ARG_DST, hasBias ? 3 : 2, shape.output, true).want(how.dst_desc());
  primitive = Forward(how);
  finish(how.scratchpad_desc());
}

/// Of the input or of the weights.
template <typename Gradient> typename Gradient::primitive_desc Conv::describeGradient() const {
  typename Gradient::desc what(dnnl::algorithm::convolution_direct, activation(shape.input),
                               weights(), activation(shape.output), shape.strides, shape.dilations,
                               shape.low, shape.high);
  return {what, dnnlAttributes(), dnnlEngine(), describeForward(nullptr, false)};
}

void Conv::makeInputGrad() {
  auto how = describeGradient<dnnl::convolution_backward_data>();
  arguments.emplace_back(DNNL_ARG_DIFF_DST, 0, shape.output, false).want(how.diff_dst_desc());
  arguments.emplace_back(DNNL_ARG_WEIGHTS, 1, weightTensor, false).want(how.weights_desc());
  arguments.emplace_back(DNNL_ARG_DIFF_SRC, 2, shape.input, true).want(how.diff_src_desc());
  primitive = dnnl::convolution_backward_data(how);
  finish(how.scratchpad_desc());
}

void Conv::makeWeightGrad() {
  auto how = describeGradient<dnnl::convolution_backward_weights>();
  arguments.emplace_back(DNNL_ARG_SRC, 0, shape.input, false).want(how.src_desc());
  arguments.emplace_back(DNNL_ARG_DIFF_DST, 1, shape.output, false).want(how.diff_dst_desc());
  arguments.emplace_back(DNNL_ARG_DIFF_WEIGHTS, 2, weightTensor, true)
      .want(how.diff_weights_desc());
  primitive = dnnl::convolution_backward_weights(how);
  finish(how.scratchpad_desc());
}

Conv::Conv(const ConvShape &shape, Direction direction)
    : shape(shape), weightTensor(grouped(shape.weight, shape.groups)),
      layouts(chooseLayouts(shape, direction)) {
  if (direction == Direction::Forward)
    makeForward(shape.flags & DSC_CONV_BIAS, shape.flags & DSC_CONV_RELU);
  else if (direction == Direction::InputGrad)
    makeInputGrad();
  else
    makeWeightGrad();
}

int32_t Conv::run(void *const *buffers) {
  Scratch scratch;
  size_t padPlace = scratch.reserve(scratchpad.get_desc().get_size());
  for (ConvArgument &argument : arguments)
    argument.reserve(scratch);
  if (!scratch.allocate())
    return 1;
  scratchpad.set_data_handle(scratch.at(padPlace));
  std::unordered_map<int, memory> map{{DNNL_ARG_SCRATCHPAD, scratchpad}};
  for (ConvArgument &argument : arguments) {
    argument.enter(scratch, buffers[argument.buffer]);
    map.emplace(argument.number, argument.wanted);
  }
  primitive.execute(dnnlStream(), map);
  for (ConvArgument &argument : arguments)
    argument.leave();
  return 0;
}

void zero(const ConvTensor &tensor, void *out) {
  FillLoop loop;
  loop.add(tensor.dims[1] / tensor.block, {tensor.blockStride()});
  for (size_t i = 0; i < tensor.dims.size(); ++i)
    loop.add(i == 1 ? tensor.block : tensor.dims[i], {tensor.strides[i]});
  fillStrided(sizeof(float), loop, out, 0);
}

/// What a convolution of nothing writes: oneDNN refuses or ignores empty tensors.
void runEmpty(const ConvShape &shape, Direction direction, void *const *buffers) {
  if (direction == Direction::InputGrad)
    zero(shape.input, buffers[2]);
  if (direction == Direction::WeightGrad)
    zero(shape.weight, buffers[2]);
}

Convolver *makeConvolver(const ConvShape &shape, Direction direction) {
  bool ownKernels = !(shape.flags & DSC_CONV_LIBRARY);
  if (ownKernels && isThin(shape, direction))
    return makeThinConv(shape, direction);
  if (ownKernels && hasFewPositions(shape, direction))
    return makePatchConv(shape, direction);
  return new Conv(shape, direction);
}

int32_t convolve(const DscCall *call, void *const *buffers, Direction direction) {
  return withDnnlErrors(call, [&] {
    if (!*call->state) {
      ConvShape shape;
      if (!shape.read(call))
        return 1;
      if (shape.input.empty() || shape.output.empty()) {
        if (Scratch none; !none.allocate()) // ends a measurement
          return 1;
        runEmpty(shape, direction, buffers);
        return 0;
      }
      setState(call, makeConvolver(shape, direction));
    }
    return stateOf<Convolver>(call)->run(buffers);
  });
}

} // namespace

int32_t dscCpuConv(const DscCall *call, void *const *buffers) {
  return convolve(call, buffers, Direction::Forward);
}

int32_t dscCpuConvInputGrad(const DscCall *call, void *const *buffers) {
  return convolve(call, buffers, Direction::InputGrad);
}

int32_t dscCpuConvWeightGrad(const DscCall *call, void *const *buffers) {
  return convolve(call, buffers, Direction::WeightGrad);
}
