//===- Placement.h - Placed exec programs as lists of calls ---------------===//
//
// What every target writes down in its own language: the launches and calls of a
// program in order, and where each finds its buffers (spaces of runtime/abi/Abi.h).
//
//===----------------------------------------------------------------------===//
#ifndef DSC_ANALYSIS_PLACEMENT_H
#define DSC_ANALYSIS_PLACEMENT_H

#include "dialects/Exec/ExecDialect.h"
#include "mlir/IR/BuiltinOps.h"

#include <vector>

namespace dsc {

/// In the first iteration of the loops around, outermost first; with each one's next
/// iteration it moves by that one's stride.
struct Place {
  int32_t space;
  int64_t offset; // bytes
  llvm::SmallVector<int64_t, 1> strides = {};
};

/// The bytes of all exec.constants, each once.
class ConstantPool {
public:
  static constexpr int64_t kAlignment = 64; // of each constant's first byte

  int64_t add(mlir::ElementsAttr value);
  llvm::ArrayRef<char> getBytes() const { return bytes; }

private:
  void append(mlir::ElementsAttr value);
  std::vector<char> bytes;
  llvm::DenseMap<mlir::Attribute, int64_t> known;
};

/// A buffer of a call: a value, and the place of its first element that the call
/// touches.
struct PlacedBuffer {
  mlir::Value value;
  Place place;
  int64_t shift = 0; // elements of the value that lie before
};

/// A launch or a call; `buffers` are its operands, then its results. An operand
/// that a result is written into counts as the result only.
struct PlacedCall {
  mlir::Operation *op;
  llvm::SmallVector<PlacedBuffer> buffers;

  size_t numOperands() const { return buffers.size() - op->getNumResults(); }
};

/// Calls [begin, end) run `count` times in a row; `depth` loops are around.
struct PlacedLoop {
  exec::LoopOp op;
  size_t begin, end;
  int64_t count;
  size_t depth;
};

/// Calls [bodyBegin, bodyEnd) run once per micro-batch, those before and behind once.
struct PlacedProgram {
  exec::ProgramOp op;
  std::vector<PlacedCall> calls;
  std::vector<PlacedLoop> loops; // by `begin`, an outer one before those inside of it
  size_t bodyBegin = 0, bodyEnd = 0;
  int64_t microbatches = 1;
};

/// Reads the places off a module whose buffers are placed.
class Placement {
public:
  explicit Placement(mlir::ModuleOp exec) : symbols(exec) {}

  PlacedProgram place(exec::ProgramOp program);
  /// A launch or a call alone.
  PlacedCall placeCall(mlir::Operation *op);
  exec::KernelOp kernelOf(exec::LaunchOp launch) {
    return symbols.lookup<exec::KernelOp>(launch.getKernel());
  }
  const ConstantPool &getConstants() const { return constants; }

private:
  Place placeOf(mlir::Value value);
  Place placeOfArgument(mlir::BlockArgument argument);
  Place placeOfLoopArgument(exec::LoopOp loop, size_t index);
  void collect(mlir::Block &block, PlacedProgram &placed);
  void collectLoop(exec::LoopOp loop, PlacedProgram &placed);

  mlir::SymbolTable symbols;
  ConstantPool constants;
};

/// The value behind views of the same bytes.
mlir::Value lookThroughViews(mlir::Value value);

/// The names of the nodes a location stands for, at most four.
std::string originOf(mlir::Location loc, size_t most = 4);

/// Bytes of an element in memory; i1 takes one.
int64_t bytesOfElement(mlir::Type type);

/// The least bytes that a launch or call must move.
int64_t leastBytes(mlir::Operation *op);

} // namespace dsc

#endif // DSC_ANALYSIS_PLACEMENT_H
