//===- ExecLowering.h - How train ops become exec IR ----------------------===//
//
// The lowering walks a program once. Ops that compute are lowered where they
// stand. Ops that only say where elements are (broadcast, transpose, slice,
// reshape, iota, constants) are *deferred*: their users ask for
//
//   resolve(value, map)  an operand of a loop nest: a tensor and an indexing map
//   strided(value)       an operand of a library call: a buffer and strides
//   materialize(value)   a dense tensor, copied only if nothing else works
//
// so that most of them cost nothing. How one op is lowered is registered beside
// its family (Elementwise.cpp, Linear.cpp, ...), keyed by the op's class.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_LOWERING_EXECLOWERING_H
#define DSC_LIB_LOWERING_EXECLOWERING_H

#include "dialects/Exec/ExecDialect.h"
#include "dialects/Exec/TargetModel.h"
#include "dialects/Train/TrainDialect.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"

namespace dsc {

/// One operand of a loop nest, seen from the nest's iteration space.
struct NestOperand {
  enum class Kind { Tensor, Constant, Index } kind;
  mlir::Value source;       // Tensor
  mlir::AffineMap map;      // Tensor: iteration -> source
  mlir::TypedAttr constant; // Constant: the element
  mlir::AffineExpr index;   // Index: of the iteration's dimensions
  mlir::Type elementType;
};

/// The least work of a call.
struct Cost {
  int64_t flops = 0;
  int64_t bytes = std::numeric_limits<int64_t>::max(); // no more than operands and results have

  /// That of an op, and of `also`, which the call reads besides.
  static Cost of(train::CostOpInterface op, mlir::Value also = nullptr);
  /// Of elements of `type` that are read and written.
  static Cost ofMoving(mlir::Type type) { return {0, 2 * train::getTensorBytes(type)}; }
};

/// A tensor as a library routine sees it; strides and offset count elements.
struct Strided {
  mlir::Value source;
  int64_t offset = 0;
  llvm::SmallVector<int64_t> shape, strides;
};

class ExecLowering;

/// A tensor that a call's result is added to next, and that nothing else reads: the call can do
/// so itself.
struct Accumulator {
  mlir::Value buffer;    // the exec tensor
  mlir::Value offeredTo; // where the end of a micro-batch adds: the part that it adds
  train::AddOp add;      // elsewhere: what adds
};

/// What a call may add to: only what other calls computed, or what kernels did, too, which
/// might compute the sum at less cost.
enum class AddendKind : uint8_t { OfCalls, Any };

/// How ops are lowered, by class.
class LoweringRegistry {
public:
  using Lower = std::function<llvm::LogicalResult(mlir::Operation *, ExecLowering &)>;

  template <typename OpTy, typename Fn> void add(Fn lower) {
    table[mlir::TypeID::get<OpTy>()] = [lower](mlir::Operation *op, ExecLowering &lowering) {
      return lower(llvm::cast<OpTy>(op), lowering);
    };
  }
  const Lower *find(mlir::Operation *op) const {
    auto it = table.find(op->getName().getTypeID());
    return it == table.end() ? nullptr : &it->second;
  }

  /// Says that the op's routine knows floats of f32 only.
  template <typename OpTy> void addF32Only() { f32Only.insert(mlir::TypeID::get<OpTy>()); }
  bool computesInF32(mlir::Operation *op) const {
    return f32Only.contains(op->getName().getTypeID());
  }

  /// Says that it knows f16 and bf16, too.
  template <typename OpTy> void addHalves() { halves.insert(mlir::TypeID::get<OpTy>()); }
  bool takesHalves(mlir::Operation *op) const { return halves.contains(op->getName().getTypeID()); }

  /// All families, with the routines that `target` alone has.
  static LoweringRegistry makeFor(const TargetModel &target);

private:
  llvm::DenseMap<mlir::TypeID, Lower> table;
  llvm::DenseSet<mlir::TypeID> f32Only, halves;
};

void registerElementwiseLowerings(LoweringRegistry &registry);
void registerReduceLowerings(LoweringRegistry &registry);
void registerLoopLowerings(LoweringRegistry &registry);
void registerLinearLowerings(LoweringRegistry &registry, const TargetModel &target);
void registerPoolLowerings(LoweringRegistry &registry);
void registerIndexLowerings(LoweringRegistry &registry);
void registerAttentionLowerings(LoweringRegistry &registry);
void registerMoveLowerings(LoweringRegistry &registry);
void registerRandomLowerings(LoweringRegistry &registry);
void registerOptimizerLowerings(LoweringRegistry &registry, const TargetModel &target);

class ExecLowering {
public:
  ExecLowering(mlir::OpBuilder &builder, const LoweringRegistry &registry)
      : builder(builder), registry(registry) {}

  mlir::OpBuilder &builder;

  // How many of each were built, for the pass's statistics.
  unsigned numGenerics = 0, numCalls = 0, numEpilogues = 0, numJoined = 0, numAccumulated = 0;

  /// Whether calls may write their results as parts of a concatenation.
  bool joinParts = true;
  /// Whether products and scattered sums are added to a tensor where it lies.
  bool accumulate = true;
  /// Whether products and convolutions take in the bias and activation behind them.
  bool epilogues = true;
  /// Whether the target may use kernels of its own instead of its library's.
  bool ownKernels = true;
  /// Whether what depends on no iteration is computed before a loop.
  bool hoistInvariants = true;

  /// Lowers one op of the program's body.
  llvm::LogicalResult lower(mlir::Operation *op);

  /// Says that a call computes what these ops would.
  void absorb(llvm::ArrayRef<mlir::Operation *> ops) {
    absorbed.insert_range(ops);
    numEpilogues += static_cast<unsigned>(ops.size());
  }

  bool isLowered(mlir::Value value) const { return lowered.contains(value); }
  /// Says that the train value is this exec tensor.
  void set(mlir::Value value, mlir::Value execValue) {
    lowered[value] = execValue;
    names[execValue].insert(value);
  }
  /// Says that the train value is a transpose of another one.
  void setTransposed(mlir::Value value, mlir::Value other, llvm::ArrayRef<int64_t> permutation) {
    transposed[value] = {other, llvm::SmallVector<int64_t>(permutation)};
  }

  /// The dense exec tensor of a train value.
  mlir::Value materialize(mlir::Value value);
  /// `map` takes the nest's iteration space to the value's indices.
  NestOperand resolve(mlir::Value value, mlir::AffineMap map);
  /// Where a routine finds the value's elements.
  Strided strided(mlir::Value value);

  using Body = llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::ValueRange)>;
  /// A parallel nest over `type`'s shape; `body` gets one scalar per operand.
  mlir::Value buildElementwise(mlir::Location loc, mlir::RankedTensorType type,
                               mlir::ValueRange operands, Body body, int64_t flops);
  /// A nest over the kept dimensions, then the reduced ones. `body` gets the
  /// operand's element and the accumulator.
  mlir::Value buildReduction(mlir::Location loc, mlir::Value x, llvm::ArrayRef<int64_t> dims,
                             mlir::TypedAttr neutral, Body body);

  /// A library call; `shifts` are the operands' first elements.
  mlir::ResultRange buildCall(mlir::Location loc, llvm::StringRef routine, mlir::TypeRange results,
                              mlir::ValueRange operands, llvm::ArrayRef<int64_t> ints,
                              llvm::ArrayRef<double> floats, llvm::ArrayRef<int64_t> shifts,
                              Cost cost);

  /// Where a call should write `result`: through the transpose that follows it,
  /// if there is exactly one; other users then find it as a transpose of that.
  struct Output {
    mlir::Value value; // the train value that the buffer will hold
    mlir::RankedTensorType type;
    llvm::SmallVector<int64_t> strides; // in the dimensions of `result`
  };
  /// `sharing`: also where the result has users besides the transpose.
  Output planOutput(mlir::Value result, bool sharing = false);
  /// Records the call's result; see planOutput.
  void setOutput(mlir::Value result, const Output &output, mlir::Value execValue);

  /// The part of a concatenation that `result` becomes, through transposes and
  /// reshapes, and nothing else reads: a call can write it there.
  struct Part {
    train::ConcatOp whole;
    int64_t offset;                     // in the whole's dense buffer
    llvm::SmallVector<int64_t> strides; // in the dimensions of `result`
  };
  std::optional<Part> planPart(mlir::Value result) const;

  /// Says that the micro-batch ends in adding `part` to `buffer`.
  void offerAccumulator(mlir::Value part, mlir::Value buffer) { accumulators[part] = buffer; }
  /// Whether the part is still to be added.
  bool isToBeAdded(mlir::Value part) const { return accumulators.contains(part); }
  std::optional<Accumulator> findAccumulator(mlir::Value result, AddendKind kind);
  /// Records that a call, whose last operand is the accumulator, added `result` to it.
  void setAccumulated(mlir::Value result, Accumulator accumulator, mlir::Value execValue);

private:
  mlir::Value findAddend(train::AddOp add, mlir::Value result, AddendKind kind);
  NestOperand resolveIn(mlir::Value value, mlir::AffineMap map, llvm::ArrayRef<int64_t> sizes,
                        unsigned numKnown);
  mlir::Value materializeDeferred(mlir::Value value);
  /// A dense copy made by a strided move.
  mlir::Value copy(mlir::Value value);

  struct Transposed {
    mlir::Value other;
    llvm::SmallVector<int64_t> permutation;
  };

  const LoweringRegistry &registry;
  llvm::DenseMap<mlir::Value, mlir::Value> lowered;
  llvm::DenseMap<mlir::Value, llvm::SmallDenseSet<mlir::Value, 1>> names; // the way back
  llvm::DenseMap<mlir::Value, Transposed> transposed;
  llvm::SmallPtrSet<mlir::Operation *, 8> absorbed;
  llvm::DenseMap<mlir::Value, mlir::Value> accumulators; // of parts that none took in so far
};

/// Rewrites ops whose routines do not have their element types by others that do.
void fitRoutineTypes(mlir::ModuleOp module, const LoweringRegistry &registry);

/// Lets the parts of a whole op stand for its results, and returns them in order. The op stays,
/// behind them, without readers.
llvm::SmallVector<mlir::Operation *> replaceByParts(train::DecomposableOpInterface op);

/// Ops that only say where elements are; their users ask.
bool isDeferred(mlir::Operation *op);

/// Whether the channels on both sides of a convolution are worth blocks, none of which crosses a
/// group; a depthwise convolution has none in this sense.
bool fillChannelBlocks(int64_t inputs, int64_t outputs, int64_t groups, int64_t block);

/// Marks that a call's only result is written into its operand's buffer, which
/// is not among the routine's buffers otherwise.
inline constexpr llvm::StringLiteral kInPlaceAttr = "exec.in_place";

/// The first of the values that share a buffer because calls work in place.
mlir::Value inPlaceRoot(mlir::Value value);

/// Whether a call writes its result into what the operand holds.
bool isInPlace(mlir::OpOperand &operand);

/// Whether a call works in place on a result of the op.
bool isOverwritten(mlir::Operation *op);

/// A dense tensor that does not exist yet, as a routine will see it.
Strided denseOf(mlir::Value value);

/// Strides of a dense row-major tensor.
llvm::SmallVector<int64_t> denseStrides(llvm::ArrayRef<int64_t> shape);
/// Whether the op is a call of a routine that moves or writes elements, one by one.
bool isMove(mlir::Operation *op);

/// A call of a routine without a least number of bytes; `shifts` are the operands' first elements.
exec::CallOp createCall(mlir::OpBuilder &builder, mlir::Location loc, llvm::StringRef routine,
                        mlir::TypeRange results, mlir::ValueRange operands,
                        llvm::ArrayRef<int64_t> ints, llvm::ArrayRef<double> floats,
                        llvm::ArrayRef<int64_t> shifts, int64_t flops);
/// A dense tensor of elements with these bits, in the buffer of `into` if given.
mlir::Value buildFill(mlir::OpBuilder &builder, mlir::Location loc, mlir::RankedTensorType type,
                      int64_t pattern, mlir::Value into);
/// Dense tensors of elements of so many bytes with these bits, filled by one call.
mlir::ValueRange buildFills(mlir::OpBuilder &builder, mlir::Location loc, mlir::TypeRange types,
                            int64_t elementBytes, int64_t pattern);
/// A copy of a dense tensor, in the buffer of `into` if given.
mlir::Value buildDenseCopy(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                           mlir::Value into);

/// The bits that all elements of a constant are; none where they differ, and of other values.
std::optional<int64_t> filledWith(mlir::Value value);
/// Whether a constant is filled in where it is needed rather than kept with the program: its
/// elements are equal, and would take more than a cache line.
bool isFilled(exec::ConstantOp constant);

inline mlir::RankedTensorType tensorType(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

/// The DscType of an element type (runtime/abi/Abi.h).
int64_t dscTypeOf(mlir::Type type);
/// Bytes of an element in memory.
int64_t elementBytes(mlir::Type type);

} // namespace dsc

#endif // DSC_LIB_LOWERING_EXECLOWERING_H
