//===- Linear.cpp - Products and convolutions as library calls ------------===//

#include "lib/Lowering/ExecLowering.h"

#include "abi/CpuRoutines.h"
#include "dialects/Train/ChannelBlocks.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc;

//===----------------------------------------------------------------------===//
// Epilogues: bias and activation that follow a product or convolution
//===----------------------------------------------------------------------===//

namespace {
/// What follows a call and can be computed as its output is written.
struct Epilogue {
  Value bias;             // one element per channel, or null
  int64_t activation = 0; // its flag
  Value result;           // the train value that the call then computes
  SmallVector<Operation *> absorbed;
};
} // namespace

/// The vector that `value` repeats along the channels, which are two dimensions where they lie
/// in blocks; or null.
static Value channelVector(Value value, ArrayRef<int64_t> channelDims) {
  auto broadcast = value.getDefiningOp<train::BroadcastOp>();
  if (!broadcast) {
    return nullptr;
  }
  int64_t channels = 1;
  for (int64_t dim : channelDims) {
    channels *= tensorType(value).getDimSize(static_cast<unsigned>(dim));
  }
  // Dimensions of size 1 around the channels do not matter.
  RankedTensorType vector = tensorType(broadcast.getX());
  for (auto [size, dim] : llvm::zip_equal(vector.getShape(), broadcast.getDims())) {
    if (size != 1 && !llvm::is_contained(channelDims, dim)) {
      return nullptr;
    }
  }
  return channels > 1 && vector.getNumElements() == channels ? broadcast.getX() : nullptr;
}

/// Whether a call can read the value now: a variable, or computed before.
static bool isThere(Value value, const ExecLowering &lowering) {
  if (auto reshape = value.getDefiningOp<train::ReshapeOp>()) {
    return lowering.isLowered(value) || isThere(reshape.getX(), lowering);
  }
  return lowering.isLowered(value) || value.getDefiningOp<train::ReadOp>() ||
         value.getDefiningOp<train::ConstantOp>();
}

/// The routine's flag for an activation; 0 for what it cannot end in.
using ActivationFlag = function_ref<int64_t(Operation *)>;

/// Finds bias and activation behind `result`, as far as nothing else reads the values
/// between.
static Epilogue findEpilogue(Value result, ArrayRef<int64_t> channelDims, ActivationFlag flagOf,
                             ExecLowering &lowering) {
  Epilogue epilogue;
  epilogue.result = result;
  if (!result.hasOneUse() || !lowering.epilogues) {
    return epilogue;
  }
  if (auto add = dyn_cast<train::AddOp>(*result.user_begin())) {
    Value other = add.getA() == result ? add.getB() : add.getA();
    Value bias = channelVector(other, channelDims);
    if (bias && isThere(bias, lowering)) {
      epilogue.bias = bias;
      epilogue.result = add.getResult();
      epilogue.absorbed.push_back(add);
    }
  }
  // An activation may have other readers behind it, but nothing may read before it.
  if (epilogue.result.hasOneUse()) {
    Operation *reader = *epilogue.result.user_begin();
    epilogue.activation = flagOf(reader);
    if (epilogue.activation != 0) {
      epilogue.result = reader->getResult(0);
      epilogue.absorbed.push_back(reader);
    }
  }
  return epilogue;
}

static int64_t convActivation(Operation *op) { return isa<train::ReluOp>(op) ? DSC_CONV_RELU : 0; }

static int64_t productActivation(Operation *op, const TargetModel &target) {
  if (isa<train::ReluOp>(op)) {
    return DSC_MATMUL_RELU;
  }
  auto gelu = dyn_cast<train::GeluOp>(op);
  if (!gelu) {
    return 0;
  }
  bool isErf = gelu.getApproximation() == train::GeluApproximation::Erf;
  int64_t flag = isErf ? DSC_MATMUL_GELU_ERF : DSC_MATMUL_GELU_TANH;
  return target.hasProductActivation(flag) ? flag : 0;
}

//===----------------------------------------------------------------------===//
// Dot
//===----------------------------------------------------------------------===//

/// The stride of dimensions `dims` of x counted as one, if they merge.
static std::optional<int64_t> mergedStride(const Strided &x, ArrayRef<int64_t> dims) {
  std::optional<int64_t> stride; // of the innermost proper dimension
  int64_t extent = 1;            // elements below the current dimension
  for (int64_t dim : llvm::reverse(dims)) {
    size_t d = static_cast<size_t>(dim);
    if (x.shape[d] == 1) {
      continue;
    }
    if (!stride) {
      stride = x.strides[d];
    } else if (x.strides[d] != *stride * extent) {
      return std::nullopt;
    }
    extent *= x.shape[d];
  }
  return stride.value_or(1);
}

static int64_t productOf(ArrayRef<int64_t> shape, ArrayRef<int64_t> dims) {
  int64_t size = 1;
  for (int64_t dim : dims) {
    size *= shape[static_cast<size_t>(dim)];
  }
  return size;
}

namespace {
/// One operand of a matrix product: strides of the batch, its own and the
/// contracted dimensions.
struct MatrixOperand {
  Value source;
  int64_t offset;
  SmallVector<int64_t> batch;
  int64_t free, contracted;
};
} // namespace

/// Merges dimensions, in x's own layout or else in a dense copy of it.
static MatrixOperand matrixOperand(ExecLowering &lowering, Value value, ArrayRef<int64_t> batch,
                                   ArrayRef<int64_t> free, ArrayRef<int64_t> contracted) {
  Strided x = lowering.strided(value);
  auto freeStride = mergedStride(x, free), contractedStride = mergedStride(x, contracted);
  if (!freeStride || !contractedStride) {
    Value dense = lowering.materialize(value);
    x = {dense, 0, SmallVector<int64_t>(tensorType(value).getShape()),
         denseStrides(tensorType(value).getShape())};
    freeStride = mergedStride(x, free);
    contractedStride = mergedStride(x, contracted);
  }
  MatrixOperand operand{
      x.source, x.offset, {}, freeStride.value_or(0), contractedStride.value_or(0)};
  for (int64_t dim : batch) {
    operand.batch.push_back(x.strides[static_cast<size_t>(dim)]);
  }
  return operand;
}

/// Orders the contracted pairs so that they merge in both operands: as they lie
/// in a's layout.
static void sortContracted(SmallVectorImpl<int64_t> &aDims, SmallVectorImpl<int64_t> &bDims) {
  SmallVector<std::pair<int64_t, int64_t>> pairs;
  for (auto [a, b] : llvm::zip_equal(aDims, bDims)) {
    pairs.emplace_back(a, b);
  }
  llvm::sort(pairs);
  for (auto [index, pair] : llvm::enumerate(pairs)) {
    std::tie(aDims[index], bDims[index]) = pair;
  }
}

/// Whether `dims` can be read as one dimension, where `value` lies or in a dense copy of it.
static bool dimsMerge(ExecLowering &lowering, Value value, ArrayRef<int64_t> dims) {
  Strided dense{nullptr, 0, SmallVector<int64_t>(tensorType(value).getShape()),
                denseStrides(tensorType(value).getShape())};
  return mergedStride(lowering.strided(value), dims) || mergedStride(dense, dims);
}

namespace {
/// An operand of a product with its dimensions by what they are.
struct DotOperand {
  Value value;
  SmallVector<int64_t> batch, free, contract;
};

/// Where a product is written: the strides of its rows and columns as a matrix.
struct DotOutput {
  ExecLowering::Output place;
  SmallVector<int64_t> mDims, nDims;
  std::optional<int64_t> mStride, nStride;

  void setStrides(RankedTensorType type) {
    Strided out{nullptr, 0, SmallVector<int64_t>(type.getShape()), place.strides};
    mStride = mergedStride(out, mDims);
    nStride = mergedStride(out, nDims);
  }
};
} // namespace

/// Copies the operand with its dimensions as batch, free, contracted, unless they lie so that a
/// matrix product can read them.
static void reorder(DotOperand &operand, train::DotOp op, ExecLowering &lowering) {
  if (dimsMerge(lowering, operand.value, operand.contract) &&
      dimsMerge(lowering, operand.value, operand.free)) {
    return;
  }
  SmallVector<int64_t> order(operand.batch);
  llvm::append_range(order, operand.free);
  llvm::append_range(order, operand.contract);
  OpBuilder train(op);
  operand.value = train::TransposeOp::create(train, op.getLoc(), operand.value, order);
  lowering.set(operand.value, lowering.materialize(operand.value));
  int64_t next = 0;
  for (auto *list : {&operand.batch, &operand.free, &operand.contract}) {
    for (int64_t &dim : *list) {
      dim = next++;
    }
  }
}

/// `result` where its user wants it, if rows and columns can be merged there; else densely.
static DotOutput planDotOutput(train::DotOp op, Value result, size_t nBatch, size_t nRows,
                               ExecLowering &lowering) {
  RankedTensorType type = op.getType();
  DotOutput output{lowering.planOutput(result), {}, {}, {}, {}};
  output.mDims = llvm::to_vector(llvm::seq<int64_t>(nBatch, nBatch + nRows));
  output.nDims = llvm::to_vector(llvm::seq<int64_t>(nBatch + nRows, type.getRank()));
  output.setStrides(type);
  if (!output.mStride || !output.nStride) {
    output.place = {result, tensorType(result), denseStrides(type.getShape())};
    output.setStrides(type);
  }
  return output;
}

namespace {
/// A product of matrices on its way to a call.
class DotCall {
public:
  DotCall(train::DotOp op, ExecLowering &lowering, const TargetModel &target);
  void build();

private:
  Epilogue chooseEpilogue(const TargetModel &target);
  int64_t flags() const;
  SmallVector<int64_t> ints() const;

  train::DotOp op;
  ExecLowering &lowering;
  RankedTensorType type;
  DotOperand a, b;
  MatrixOperand lhs, rhs;
  Epilogue epilogue;
  DotOutput output;
  std::optional<Accumulator> accumulator;
};
} // namespace

DotCall::DotCall(train::DotOp op, ExecLowering &lowering, const TargetModel &target)
    : op(op), lowering(lowering), type(op.getType()),
      a{op.getA(), SmallVector<int64_t>(op.getABatch()), op.getAFree(),
        SmallVector<int64_t>(op.getAContract())},
      b{op.getB(), SmallVector<int64_t>(op.getBBatch()), op.getBFree(),
        SmallVector<int64_t>(op.getBContract())} {
  sortContracted(a.contract, b.contract);
  reorder(a, op, lowering);
  reorder(b, op, lowering);
  lhs = matrixOperand(lowering, a.value, a.batch, a.free, a.contract);
  rhs = matrixOperand(lowering, b.value, b.batch, b.free, b.contract);
  epilogue = chooseEpilogue(target);
  output = planDotOutput(op, epilogue.result, a.batch.size(), a.free.size(), lowering);
  if (!epilogue.activation && type.getElementType().isF32()) {
    accumulator = lowering.findAccumulator(output.place.value, AddendKind::OfCalls);
  }
}

Epilogue DotCall::chooseEpilogue(const TargetModel &target) {
  Epilogue none;
  none.result = op.getResult();
  if (b.free.size() != 1 || !type.getElementType().isF32()) {
    return none;
  }
  auto flagOf = [&](Operation *reader) { return productActivation(reader, target); };
  return findEpilogue(op.getResult(), {type.getRank() - 1}, flagOf, lowering);
}

int64_t DotCall::flags() const {
  return (epilogue.bias ? DSC_MATMUL_BIAS : 0) | epilogue.activation |
         (accumulator ? DSC_MATMUL_ACCUMULATE : 0) | (lowering.ownKernels ? 0 : DSC_MATMUL_LIBRARY);
}

/// In the order of abi/CpuRoutines.h.
SmallVector<int64_t> DotCall::ints() const {
  size_t nBatch = a.batch.size();
  SmallVector<int64_t> ints = {dscTypeOf(type.getElementType()), static_cast<int64_t>(nBatch)};
  llvm::append_range(ints, type.getShape().take_front(nBatch));
  ints.push_back(productOf(type.getShape(), output.mDims));
  ints.push_back(productOf(type.getShape(), output.nDims));
  ints.push_back(productOf(tensorType(a.value).getShape(), a.contract));
  llvm::append_range(ints, lhs.batch);
  ints.append({lhs.free, lhs.contracted});
  llvm::append_range(ints, rhs.batch);
  ints.append({rhs.contracted, rhs.free});
  llvm::append_range(ints, ArrayRef<int64_t>(output.place.strides).take_front(nBatch));
  ints.append({*output.mStride, *output.nStride, flags()});
  return ints;
}

void DotCall::build() {
  SmallVector<Value> operands = {lhs.source, rhs.source};
  SmallVector<int64_t> shifts = {lhs.offset, rhs.offset};
  Cost cost = Cost::of(op, epilogue.bias);
  if (epilogue.bias) {
    operands.push_back(lowering.materialize(epilogue.bias));
    shifts.push_back(0);
  }
  if (accumulator) {
    operands.push_back(accumulator->buffer);
    shifts.push_back(0);
    cost.bytes += train::getTensorBytes(type);
  }
  Value result = lowering.buildCall(op.getLoc(), "Matmul", output.place.type, operands, ints(), {},
                                    shifts, cost)[0];
  lowering.absorb(epilogue.absorbed);
  if (accumulator) {
    lowering.setAccumulated(output.place.value, *accumulator, result);
  } else {
    lowering.setOutput(epilogue.result, output.place, result);
  }
}

static LogicalResult lowerDot(train::DotOp op, ExecLowering &lowering, const TargetModel &target) {
  DotCall(op, lowering, target).build();
  return success();
}

/// Of a gelu that no product ends in: its parts are lowered instead.
static LogicalResult lowerGelu(train::GeluOp op, ExecLowering &lowering) {
  for (Operation *part : replaceByParts(op)) {
    if (failed(lowering.lower(part))) {
      return failure();
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

/// The ints that all three convolutions share, given where x, w and y lie.
template <typename OpTy>
static SmallVector<int64_t> convInts(OpTy op, const Strided &x, const Strided &w, const Strided &y,
                                     int64_t flags) {
  size_t spatial = x.shape.size() - 2;
  SmallVector<int64_t> ints = {static_cast<int64_t>(spatial), x.shape[0], x.shape[1], w.shape[0],
                               static_cast<int64_t>(op.getGroups())};
  auto append = [&](ArrayRef<int64_t> list) { llvm::append_range(ints, list); };
  append(ArrayRef<int64_t>(x.shape).drop_front(2));
  append(ArrayRef<int64_t>(w.shape).drop_front(2));
  append(op.getStrides());
  append(op.getDilations());
  append(op.getLow());
  append(op.getHigh());
  append(ArrayRef<int64_t>(y.shape).drop_front(2));
  append(x.strides);
  append(w.strides);
  append(y.strides);
  ints.push_back(flags);
  return ints;
}

/// Whether each dimension steps over all elements of those with smaller strides.
static bool isNested(const Strided &x) {
  SmallVector<std::pair<int64_t, int64_t>> dims; // stride, size
  for (auto [size, stride] : llvm::zip_equal(x.shape, x.strides)) {
    if (size > 1) {
      dims.emplace_back(stride, size);
    }
  }
  llvm::sort(dims);
  int64_t covered = 1;
  for (auto [stride, size] : dims) {
    if (stride < covered) {
      return false;
    }
    covered = stride * size;
  }
  return true;
}

/// Where a convolution finds an operand. oneDNN takes no strides that repeat
/// elements, nor slices whose dimensions interleave.
static Strided nestedStrided(Value value, ExecLowering &lowering) {
  Strided x = lowering.strided(value);
  if (isNested(x)) {
    return x;
  }
  lowering.materialize(value);
  return lowering.strided(value);
}

namespace {
/// The tensors [N, C, S...] of a convolution, plain or with their channels in blocks of the
/// target's size, where both sides fill some.
class ConvTensors {
public:
  template <typename OpTy>
  ConvTensors(OpTy op, Value x, Value y, ExecLowering &lowering, const TargetModel &target)
      : lowering(lowering), block(target.getChannelBlock()) {
    int64_t inputs = tensorType(x).getDimSize(1), outputs = tensorType(y).getDimSize(1);
    fills = block > 1 && fillChannelBlocks(inputs, outputs, op.getGroups(), block);
  }

  /// Where an operand lies; `blocked` is the flag that says so of blocks.
  Strided read(Value operand, int64_t blocked);
  /// Where the result goes, and which value then is the call's.
  std::pair<Value, Strided> write(Value result, int64_t blocked);

  int64_t flags = 0;

private:
  Strided stridesWithinBlock(Value plain, int64_t blocked);

  ExecLowering &lowering;
  int64_t block;
  bool fills;
};
} // namespace

Strided ConvTensors::stridesWithinBlock(Value plain, int64_t blocked) {
  flags |= blocked;
  Strided x = denseOf(plain);
  x.strides[1] = 1;
  for (int64_t &stride : MutableArrayRef(x.strides).drop_front(2)) {
    stride *= block;
  }
  return x;
}

Strided ConvTensors::read(Value operand, int64_t blocked) {
  Value blocks = fills ? train::findBlocks(operand, block) : nullptr;
  if (!blocks) {
    return nestedStrided(operand, lowering);
  }
  Strided x = stridesWithinBlock(operand, blocked);
  x.source = lowering.materialize(blocks);
  return x;
}

std::pair<Value, Strided> ConvTensors::write(Value result, int64_t blocked) {
  Value blocks = fills ? train::findReadBlocks(result, block) : nullptr;
  return blocks ? std::pair(blocks, stridesWithinBlock(result, blocked))
                : std::pair(result, denseOf(result));
}

/// The flag that says whose kernels compute a convolution.
static int64_t whose(const ExecLowering &lowering) {
  return lowering.ownKernels ? 0 : DSC_CONV_LIBRARY;
}

static LogicalResult lowerConv(train::ConvOp op, ExecLowering &lowering,
                               const TargetModel &target) {
  ConvTensors tensors(op, op.getX(), op.getY(), lowering, target);
  Strided x = tensors.read(op.getX(), DSC_CONV_INPUT_BLOCKED);
  Strided w = nestedStrided(op.getW(), lowering);
  auto [computed, y] = tensors.write(op.getResult(), DSC_CONV_OUTPUT_BLOCKED);
  SmallVector<int64_t> channelDims = {1};
  if (computed != op.getResult()) {
    channelDims.push_back(tensorType(computed).getRank() - 1);
  }
  Epilogue epilogue = findEpilogue(computed, channelDims, convActivation, lowering);
  int64_t flags =
      tensors.flags | (epilogue.bias ? DSC_CONV_BIAS : 0) | epilogue.activation | whose(lowering);
  SmallVector<Value> operands = {x.source, w.source};
  SmallVector<int64_t> shifts = {x.offset, w.offset};
  if (epilogue.bias) {
    operands.push_back(lowering.materialize(epilogue.bias));
    shifts.push_back(0);
  }
  Value result =
      lowering.buildCall(op.getLoc(), "Conv", computed.getType(), operands,
                         convInts(op, x, w, y, flags), {}, shifts, Cost::of(op, epilogue.bias))[0];
  lowering.absorb(epilogue.absorbed);
  lowering.set(epilogue.result, result);
  return success();
}

static LogicalResult lowerConvInputGrad(train::ConvInputGradOp op, ExecLowering &lowering,
                                        const TargetModel &target) {
  ConvTensors tensors(op, op.getDx(), op.getDy(), lowering, target);
  Strided dy = tensors.read(op.getDy(), DSC_CONV_OUTPUT_BLOCKED);
  Strided w = nestedStrided(op.getW(), lowering);
  auto [computed, dx] = tensors.write(op.getDx(), DSC_CONV_INPUT_BLOCKED);
  lowering.set(computed,
               lowering.buildCall(op.getLoc(), "ConvInputGrad", computed.getType(),
                                  {dy.source, w.source},
                                  convInts(op, dx, w, dy, tensors.flags | whose(lowering)), {},
                                  {dy.offset, w.offset}, Cost::of(op))[0]);
  return success();
}

static LogicalResult lowerConvWeightGrad(train::ConvWeightGradOp op, ExecLowering &lowering,
                                         const TargetModel &target) {
  ConvTensors tensors(op, op.getX(), op.getDy(), lowering, target);
  Strided x = tensors.read(op.getX(), DSC_CONV_INPUT_BLOCKED);
  Strided dy = tensors.read(op.getDy(), DSC_CONV_OUTPUT_BLOCKED);
  lowering.set(
      op.getDw(),
      lowering.buildCall(op.getLoc(), "ConvWeightGrad", op.getType(), {x.source, dy.source},
                         convInts(op, x, denseOf(op.getDw()), dy, tensors.flags | whose(lowering)),
                         {}, {x.offset, dy.offset}, Cost::of(op))[0]);
  return success();
}

/// Registers a lowering that asks the target.
template <typename OpTy>
static void addFor(const TargetModel &target, LoweringRegistry &registry,
                   LogicalResult (*lower)(OpTy, ExecLowering &, const TargetModel &)) {
  registry.add<OpTy>(
      [&target, lower](OpTy op, ExecLowering &lowering) { return lower(op, lowering, target); });
  registry.addF32Only<OpTy>();
}

void dsc::registerLinearLowerings(LoweringRegistry &registry, const TargetModel &target) {
  addFor<train::DotOp>(target, registry, lowerDot);
  addFor<train::ConvOp>(target, registry, lowerConv);
  addFor<train::ConvInputGradOp>(target, registry, lowerConvInputGrad);
  addFor<train::ConvWeightGradOp>(target, registry, lowerConvWeightGrad);
  registry.add<train::GeluOp>(lowerGelu);
  if (target.multipliesHalves()) {
    registry.addHalves<train::DotOp>();
  }
}
