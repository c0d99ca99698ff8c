//===- ProgramBuilder.h - Random programs with their results --------------===//
//
// A program is drawn op by op, and each op is evaluated by the interpreter at
// once, in f64 and rounded: what the program must compute is known when it is
// complete. An op whose result would be huge, not finite or badly conditioned is
// taken back, so that errors stay comparable.
//
//   Value x = program.operand(f32({3, 4}), {.low = 0.1});   // an argument, an
//       earlier value, or one of those transposed, sliced, broadcast, reshaped
//   program.make<train::LogOp>(x);                          // null if taken back
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TEST_CPUCHECK_PROGRAMBUILDER_H
#define DSC_TEST_CPUCHECK_PROGRAMBUILDER_H

#include "Comparison.h"
#include "dialects/Train/TrainDialect.h"
#include "dsc/Interpreter/Interpreter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <random>

namespace dsc::cpucheck {

using Shape = llvm::SmallVector<int64_t>;

/// A seeded source of choices, the same on every machine.
class Draw {
public:
  explicit Draw(uint64_t seed) : generator(seed) {}

  int64_t below(int64_t bound) {
    return static_cast<int64_t>(generator() % static_cast<uint64_t>(bound));
  }
  int64_t between(int64_t low, int64_t high) { return low + below(high - low + 1); }
  /// True in `percent` of cases.
  bool chance(int64_t percent) { return below(100) < percent; }
  template <typename T> T pick(std::initializer_list<T> choices) {
    return choices.begin()[below(static_cast<int64_t>(choices.size()))];
  }
  template <typename Range> auto &pickFrom(Range &range) {
    return range[static_cast<size_t>(below(static_cast<int64_t>(range.size())))];
  }
  template <typename T> void shuffle(llvm::SmallVectorImpl<T> &items) {
    for (size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[static_cast<size_t>(below(static_cast<int64_t>(i)))]);
    }
  }
  Shape permutation(int64_t rank);
  int64_t size();
  /// Of few elements, mostly of odd and small sizes, some of size 1.
  Shape shape(int64_t lowestRank, int64_t highestRank, int64_t mostElements = 1500);
  /// Some of the dimensions 0 ... rank-1, ascending.
  Shape subset(int64_t rank, bool mayBeEmpty = true);

private:
  std::mt19937_64 generator;
};

int64_t countOf(llvm::ArrayRef<int64_t> shape);

/// What an operand's values must be.
struct Want {
  double low = -2.0, high = 2.0; // floats
  int64_t bound = 8;             // integers, in [0, bound)
  bool exact = false;            // known to the last bit, for ops that are not continuous
};

class ProgramBuilder {
public:
  ProgramBuilder(mlir::ModuleOp module, llvm::StringRef name, uint64_t seed, bool derives);

  /// A value of the type: new or used before, directly or through shape ops.
  mlir::Value operand(mlir::RankedTensorType type, const Want &want = {});
  /// A shape: new, or that of an earlier value, so that ops chain.
  Shape shape(int64_t lowestRank, int64_t highestRank, int64_t mostElements = 1500);
  /// An operand of the program's float type.
  mlir::Value operand(llvm::ArrayRef<int64_t> shape, const Want &want = {}) {
    return operand(floats(shape), want);
  }
  /// A new argument of the program.
  mlir::Value argument(mlir::RankedTensorType type, const Want &want = {});

  mlir::RankedTensorType floats(llvm::ArrayRef<int64_t> shape) {
    return mlir::RankedTensorType::get(shape, floatType);
  }
  mlir::RankedTensorType f32(llvm::ArrayRef<int64_t> shape) {
    return mlir::RankedTensorType::get(shape, builder.getF32Type());
  }
  /// An i32 or i64 tensor.
  mlir::RankedTensorType indices(llvm::ArrayRef<int64_t> shape) {
    return mlir::RankedTensorType::get(shape, draw.chance(50) ? builder.getI32Type()
                                                              : builder.getI64Type());
  }
  mlir::RankedTensorType booleans(llvm::ArrayRef<int64_t> shape) {
    return mlir::RankedTensorType::get(shape, builder.getI1Type());
  }

  /// Builds and evaluates an op; null if it was taken back.
  template <typename OpTy, typename... Args> OpTy make(Args &&...args) {
    auto op = OpTy::create(builder, loc, std::forward<Args>(args)...);
    return keep(op) ? op : nullptr;
  }

  /// Evaluates an op that was built; false if it was taken back.
  bool keep(mlir::Operation *op);

  /// Ends the program. Its results are what nothing uses, and some others.
  void finish();

  llvm::StringRef getName() { return function.getName(); }
  const Expected &expected(mlir::Value value) const { return known.find(value)->second; }
  llvm::ArrayRef<mlir::Value> getResults() const { return results; }
  llvm::ArrayRef<Tensor> getArguments() const { return arguments; }
  mlir::func::FuncOp getFunction() { return function; }
  unsigned getNumOps() const { return numOps; }

  mlir::OpBuilder builder;
  mlir::Location loc;
  Draw draw;
  mlir::Type floatType;

private:
  bool isWellBehaved(const Expected &expected, double operands);
  bool satisfies(mlir::Value value, const Want &want);
  mlir::Value adaptEarlier(mlir::RankedTensorType type, const Want &want);
  mlir::Value constant(mlir::RankedTensorType type, const Want &want);

  mlir::func::FuncOp function;
  bool derives; // operands may be derived from others by shape ops
  int depth = 0;
  unsigned numOps = 0;
  Interpreter exact, rounding;
  llvm::DenseMap<mlir::Value, Expected> known;
  llvm::SmallVector<mlir::Value> values; // what operands are picked from
  llvm::SmallVector<Tensor> arguments;
  llvm::SmallVector<mlir::Value> results;
};

} // namespace dsc::cpucheck

#endif // DSC_TEST_CPUCHECK_PROGRAMBUILDER_H
