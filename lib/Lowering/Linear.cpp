//===- Linear.cpp - Products and convolutions as library calls ------------===//

#include "lib/Lowering/ExecLowering.h"

#include "abi/CpuRoutines.h"
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

/// The vector that `value` repeats along `channelDim`, or null.
static Value channelVector(Value value, int64_t channelDim) {
  auto broadcast = value.getDefiningOp<train::BroadcastOp>();
  if (!broadcast) {
    return nullptr;
  }
  // Dimensions of size 1 around the channels do not matter.
  int64_t channels = tensorType(value).getDimSize(static_cast<unsigned>(channelDim));
  if (tensorType(broadcast.getX()).getNumElements() != channels) {
    return nullptr;
  }
  for (auto [index, dim] : llvm::enumerate(broadcast.getDims())) {
    int64_t size = tensorType(broadcast.getX()).getDimSize(static_cast<unsigned>(index));
    if (size != 1 && dim != channelDim) {
      return nullptr;
    }
    if (dim == channelDim && size != channels) {
      return nullptr;
    }
  }
  return channels > 1 ? broadcast.getX() : nullptr;
}

/// The routine's flag for an activation; 0 for what it cannot end in.
using ActivationFlag = function_ref<int64_t(Operation *)>;

/// Finds bias and activation behind `result`, as far as nothing else reads the values
/// between.
static Epilogue findEpilogue(Value result, int64_t channelDim, ActivationFlag flagOf,
                             ExecLowering &lowering) {
  Epilogue epilogue;
  epilogue.result = result;
  if (!result.hasOneUse() || !lowering.epilogues) {
    return epilogue;
  }
  if (auto add = dyn_cast<train::AddOp>(*result.user_begin())) {
    Value other = add.getA() == result ? add.getB() : add.getA();
    Value bias = channelVector(other, channelDim);
    // The bias must be there already: a variable, or computed before.
    if (bias && (lowering.isLowered(bias) || bias.getDefiningOp<train::ReadOp>() ||
                 bias.getDefiningOp<train::ConstantOp>())) {
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

static LogicalResult lowerDot(train::DotOp op, ExecLowering &lowering, const TargetModel &target) {
  DotOperand a{op.getA(), SmallVector<int64_t>(op.getABatch()), op.getAFree(),
               SmallVector<int64_t>(op.getAContract())};
  DotOperand b{op.getB(), SmallVector<int64_t>(op.getBBatch()), op.getBFree(),
               SmallVector<int64_t>(op.getBContract())};
  sortContracted(a.contract, b.contract);
  reorder(a, op, lowering);
  reorder(b, op, lowering);
  MatrixOperand lhs = matrixOperand(lowering, a.value, a.batch, a.free, a.contract);
  MatrixOperand rhs = matrixOperand(lowering, b.value, b.batch, b.free, b.contract);

  RankedTensorType type = op.getType();
  size_t nBatch = a.batch.size();
  Epilogue epilogue;
  epilogue.result = op.getResult();
  if (b.free.size() == 1 && type.getElementType().isF32()) {
    auto flagOf = [&](Operation *reader) { return productActivation(reader, target); };
    epilogue = findEpilogue(op.getResult(), type.getRank() - 1, flagOf, lowering);
  }
  DotOutput output = planDotOutput(op, epilogue.result, nBatch, a.free.size(), lowering);

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
  ints.append({*output.mStride, *output.nStride});
  std::optional<Accumulator> accumulator;
  if (!epilogue.activation && type.getElementType().isF32()) {
    accumulator = lowering.findAccumulator(output.place.value, AddendKind::OfCalls);
  }
  ints.push_back((epilogue.bias ? DSC_MATMUL_BIAS : 0) | epilogue.activation |
                 (accumulator ? DSC_MATMUL_ACCUMULATE : 0) |
                 (lowering.ownKernels ? 0 : DSC_MATMUL_LIBRARY));

  SmallVector<Value> operands = {lhs.source, rhs.source};
  SmallVector<int64_t> shifts = {lhs.offset, rhs.offset};
  if (epilogue.bias) {
    operands.push_back(lowering.materialize(epilogue.bias));
    shifts.push_back(0);
  }
  Cost cost = Cost::of(op, epilogue.bias);
  if (accumulator) {
    operands.push_back(accumulator->buffer);
    shifts.push_back(0);
    cost.bytes += train::getTensorBytes(type);
  }
  Value result = lowering.buildCall(op.getLoc(), "Matmul", output.place.type, operands, ints, {},
                                    shifts, cost)[0];
  lowering.absorb(epilogue.absorbed);
  if (accumulator) {
    lowering.setAccumulated(output.place.value, *accumulator, result);
  } else {
    lowering.setOutput(epilogue.result, output.place, result);
  }
  return success();
}

/// Of a gelu that no product ends in: its parts are lowered instead.
static LogicalResult lowerGelu(train::GeluOp op, ExecLowering &lowering) {
  OpBuilder train(op);
  Operation *before = op->getPrevNode();
  op.getY().replaceAllUsesWith(op.decompose(train)[0]);
  Operation *part = before ? before->getNextNode() : &op->getBlock()->front();
  for (; part != op; part = part->getNextNode()) {
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

/// The flag that says whose kernels compute a convolution.
static int64_t whose(const ExecLowering &lowering) {
  return lowering.ownKernels ? 0 : DSC_CONV_LIBRARY;
}

static LogicalResult lowerConv(train::ConvOp op, ExecLowering &lowering) {
  Strided x = nestedStrided(op.getX(), lowering), w = nestedStrided(op.getW(), lowering);
  Epilogue epilogue = findEpilogue(op.getResult(), 1, convActivation, lowering);
  int64_t flags = (epilogue.bias ? DSC_CONV_BIAS : 0) | epilogue.activation | whose(lowering);
  SmallVector<Value> operands = {x.source, w.source};
  SmallVector<int64_t> shifts = {x.offset, w.offset};
  if (epilogue.bias) {
    operands.push_back(lowering.materialize(epilogue.bias));
    shifts.push_back(0);
  }
  Value result = lowering.buildCall(op.getLoc(), "Conv", op.getType(), operands,
                                    convInts(op, x, w, denseOf(op.getResult()), flags), {}, shifts,
                                    Cost::of(op, epilogue.bias))[0];
  lowering.absorb(epilogue.absorbed);
  lowering.set(epilogue.result, result);
  return success();
}

static LogicalResult lowerConvInputGrad(train::ConvInputGradOp op, ExecLowering &lowering) {
  Strided dy = nestedStrided(op.getDy(), lowering), w = nestedStrided(op.getW(), lowering);
  lowering.set(op.getDx(),
               lowering.buildCall(op.getLoc(), "ConvInputGrad", op.getType(), {dy.source, w.source},
                                  convInts(op, denseOf(op.getDx()), w, dy, whose(lowering)), {},
                                  {dy.offset, w.offset}, Cost::of(op))[0]);
  return success();
}

static LogicalResult lowerConvWeightGrad(train::ConvWeightGradOp op, ExecLowering &lowering) {
  Strided x = nestedStrided(op.getX(), lowering), dy = nestedStrided(op.getDy(), lowering);
  lowering.set(op.getDw(), lowering.buildCall(
                               op.getLoc(), "ConvWeightGrad", op.getType(), {x.source, dy.source},
                               convInts(op, x, denseOf(op.getDw()), dy, whose(lowering)), {},
                               {x.offset, dy.offset}, Cost::of(op))[0]);
  return success();
}

void dsc::registerLinearLowerings(LoweringRegistry &registry, const TargetModel &target) {
  registry.add<train::DotOp>([&target](train::DotOp op, ExecLowering &lowering) {
    return lowerDot(op, lowering, target);
  });
  registry.add<train::GeluOp>(lowerGelu);
  registry.add<train::ConvOp>(lowerConv);
  registry.add<train::ConvInputGradOp>(lowerConvInputGrad);
  registry.add<train::ConvWeightGradOp>(lowerConvWeightGrad);
  registry.addF32Only<train::DotOp>();
  registry.addF32Only<train::ConvOp>();
  registry.addF32Only<train::ConvInputGradOp>();
  registry.addF32Only<train::ConvWeightGradOp>();
}
