//===- LoopPlacement.h - Where loops keep what they carry and collect ------===//
//
// A stack holds the rows of an output. A carried value that is an output, too, lives
// in the output's stack, which then has one row more, for its first value:
//
//   row         0    1    2    ...   n       after n iterations
//               h0   h1   h2   ...   hn      iteration t reads row t, writes row t + 1
//               |  rows before  |            an output of what the iteration reads
//                    |  rows after   |       an output of what it yields
//
// (with `reverse` from row n down to row 0). So the states of a recurrence, and the
// states before each step that its gradient reads, are one buffer that nothing is
// copied into. (Rows of odd sizes, which routines could not read there, are copied.) Any other
// carried value stays at one place: the region computes it there where the old value is not needed
// any more, and elsewhere copies it.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_LOWERING_LOOPPLACEMENT_H
#define DSC_LIB_LOWERING_LOOPPLACEMENT_H

#include "lib/Lowering/InPlaceRules.h"
#include "llvm/ADT/FunctionExtras.h"

#include <memory>
#include <vector>

namespace dsc {

/// Decides before buffers exist, and adds the copies that are needed.
class LoopPlacement {
public:
  /// Builds a dense copy of a value, into the buffer of another if given.
  using Copy = llvm::unique_function<mlir::Value(mlir::OpBuilder &, mlir::Location,
                                                 mlir::Value value, mlir::Value into)>;

  LoopPlacement(InPlaceRules &rules, bool inPlace, Copy copy)
      : rules(rules), inPlace(inPlace), copy(std::move(copy)) {}

  void prepare(exec::LoopOp loop);

  struct Stack {
    int64_t rows, rowBytes;
  };
  /// A value that begins in row `first` of a stack, and is `step` rows further with
  /// each iteration of its loop.
  struct Row {
    const Stack *stack;
    int64_t first, step;
  };
  /// The value's row; null where it lies elsewhere.
  const Row *findRow(mlir::Value value) const {
    auto it = rows.find(value);
    return it == rows.end() ? nullptr : &it->second;
  }
  /// The carried argument in whose place the value is computed; null where it is not.
  mlir::Value findReplaced(mlir::Value value) const { return replaced.lookup(value); }

private:
  void alignInputs(exec::LoopOp loop);
  void separateCarries(exec::LoopOp loop);
  void placeInStack(exec::LoopOp loop, unsigned carry);
  void placeOutput(exec::LoopOp loop, unsigned output);
  void placeCarry(exec::LoopOp loop, unsigned carry);
  mlir::Value copyAtEnd(exec::LoopOp loop, unsigned yielded, mlir::Value into = nullptr);
  mlir::Value ownRoot(exec::LoopOp loop, unsigned yielded);
  bool isFree(exec::LoopOp loop, mlir::Value root) const;
  bool mayReplace(mlir::Value root, mlir::BlockArgument argument);
  const Stack *addStack(int64_t numRows, mlir::Value row);

  InPlaceRules &rules;
  bool inPlace;
  Copy copy;
  std::vector<std::unique_ptr<Stack>> stacks;
  llvm::DenseMap<mlir::Value, Row> rows;
  llvm::DenseMap<mlir::Value, mlir::Value> replaced;
};

} // namespace dsc

#endif // DSC_LIB_LOWERING_LOOPPLACEMENT_H
