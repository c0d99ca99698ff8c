//===- Case.h - One drawn instance of one op, with its inputs -------------===//
//
// A generator draws shapes, attributes and values of one op:
//
//   static Operation *drawSoftmax(CaseBuilder &c) {
//     SmallVector<int64_t> shape = c.shape(1, 3);
//     return c.create<train::SoftmaxOp>(c.real(shape), c.draw.dimOf(shape));
//   }
//
// The case becomes the function @op from the op's operands to its results.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_GRADCHECK_CASE_H
#define DSC_GRADCHECK_CASE_H

#include "dialects/Train/TrainDialect.h"
#include "dsc/Interpreter/Interpreter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <functional>
#include <map>

namespace dsc::gradcheck {

using Shape = llvm::SmallVector<int64_t>;

/// Random choices, a function of the seed alone.
class Draw {
public:
  explicit Draw(uint64_t seed) : state(seed) {}

  uint64_t bits();
  /// An integer in [low, high].
  int64_t integer(int64_t low, int64_t high);
  bool flag() { return integer(0, 1) == 1; }
  double real(double low, double high);
  int64_t dimOf(llvm::ArrayRef<int64_t> shape) {
    return integer(0, static_cast<int64_t>(shape.size()) - 1);
  }
  /// 0 ... count-1 in random order.
  Shape permutation(int64_t count);
  /// An ascending part of 0 ... count-1.
  Shape subset(int64_t count);

private:
  uint64_t state;
};

struct Case {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp function;
  mlir::Operation *op = nullptr;
  llvm::SmallVector<Tensor> inputs;         // per operand
  llvm::SmallVector<bool> isDifferentiable; // per operand
  llvm::SmallVector<bool> hasGradient;      // per result: a finite float
  bool isPiecewiseConstant = false;         // its derivative is zero where it exists
  double step = 1e-3;                       // of differences; 1 between whole numbers
  bool movesOnly = false;                   // it computes nothing: no flops
  std::optional<unsigned> offsetOperand;    // counts elements before the first one
  /// Results by number of an op with EvaluationOpInterface, in evaluation.
  std::function<std::map<size_t, Tensor>(const Case &)> evaluate;
};

class CaseBuilder {
public:
  CaseBuilder(mlir::MLIRContext *context, uint64_t seed);

  /// A shape of at least two elements, of rank low to high.
  Shape shape(int64_t low, int64_t high);

  // Operands in order. All floats are f64.
  mlir::Value real(llvm::ArrayRef<int64_t> shape, double low = -2.0, double high = 2.0);
  mlir::Value positive(llvm::ArrayRef<int64_t> shape) { return real(shape, 0.5, 2.0); }
  /// 0.3 <= |x| <= 2.
  mlir::Value awayFromZero(llvm::ArrayRef<int64_t> shape);
  /// Multiples of 0.1 plus `offset`, no two alike: no ties, and no kink nearby.
  mlir::Value distinct(llvm::ArrayRef<int64_t> shape, double offset = 0.03);
  mlir::Value index(llvm::ArrayRef<int64_t> shape, int64_t size);
  /// A vector of these numbers, under a shape if one is given.
  mlir::Value given(std::vector<double> values, llvm::ArrayRef<int64_t> shape = {});
  mlir::Value boolean(llvm::ArrayRef<int64_t> shape);
  /// i64 in [low, high].
  mlir::Value integer(llvm::ArrayRef<int64_t> shape, int64_t low, int64_t high);
  mlir::Value scalarF32(double value);
  mlir::Value scalarI64(int64_t value);
  /// The last operand gets no gradient.
  void freeze() { result.isDifferentiable.back() = false; }
  Tensor &lastInput() { return result.inputs.back(); }

  mlir::RankedTensorType f64(llvm::ArrayRef<int64_t> shape);
  mlir::RankedTensorType type(llvm::ArrayRef<int64_t> shape, mlir::Type element);
  mlir::RankedTensorType typeOf(mlir::Value value) {
    return mlir::cast<mlir::RankedTensorType>(value.getType());
  }

  template <typename OpTy, typename... Args> mlir::Operation *create(Args &&...args) {
    return OpTy::create(builder, builder.getUnknownLoc(), std::forward<Args>(args)...);
  }

  /// Ends the function after the op.
  Case finish(mlir::Operation *op);

  Draw draw;
  mlir::OpBuilder builder;
  Case result;

private:
  mlir::Value add(Tensor value);
};

using Generator = mlir::Operation *(*)(CaseBuilder &);

/// Generators by op name.
class Generators {
public:
  template <typename OpTy> void add(Generator generator) {
    byName[OpTy::getOperationName()] = generator;
  }
  Generator lookup(llvm::StringRef name) const { return byName.lookup(name); }

private:
  llvm::StringMap<Generator> byName;
};

// One file per family of the dialect.
void addControl(Generators &generators);
void addElementwise(Generators &generators);
void addShape(Generators &generators);
void addReduce(Generators &generators);
void addLinear(Generators &generators);
void addPool(Generators &generators);
void addIndex(Generators &generators);
void addNorm(Generators &generators);
void addAttention(Generators &generators);
void addLoss(Generators &generators);
void addRandom(Generators &generators);
void addOptimizer(Generators &generators);

} // namespace dsc::gradcheck

#endif // DSC_GRADCHECK_CASE_H
