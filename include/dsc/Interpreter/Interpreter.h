//===- Interpreter.h - The reference interpreter --------------------------===//
//
// Runs programs one op at a time, slowly and plainly, independent of every
// target: what the passes and targets compute is compared with it.
//
//   Interpreter interpreter(module);
//   interpreter.setScalar("lr", 1e-3);
//   FailureOr<SmallVector<Tensor>> results = interpreter.call("train", {x, labels});
//   const Tensor *weight = interpreter.getVariable("fc.weight");   // after the step
//
// Every op's result is rounded to its element type; with Options::f64 all float
// types are f64 instead. Errors are diagnostics at the op.
//
// A dialect joins by a Registry (Evaluation/Registry.h). Several ranks are several Frames
// over one module, which is why a program's state lives there.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_INTERPRETER_INTERPRETER_H
#define DSC_INTERPRETER_INTERPRETER_H

#include "dsc/Evaluation/Registry.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace dsc {

/// Loops and branches; variables, scalars and micro-batches.
void registerControl(Registry &registry);
void registerStep(Registry &registry);

/// Every op of the train dialect.
const Registry &trainRegistry();

class Interpreter {
public:
  struct Options {
    bool f64 = false; // compute every float type in f64, without rounding
  };

  explicit Interpreter(mlir::ModuleOp module) : Interpreter(module, Options()) {}
  Interpreter(mlir::ModuleOp module, Options options, const Registry &registry = trainRegistry());

  /// Variables keep their values from call to call. They start with their
  /// initial values; those of #train.weights must be set.
  llvm::LogicalResult setVariable(llvm::StringRef name, Tensor value);
  /// Null where the variable has no value yet.
  const Tensor *getVariable(llvm::StringRef name) const;

  /// The value of `train.scalar "name"`; one for a parameter only is called
  /// "name.parameter" and goes before the common one.
  void setScalar(llvm::StringRef name, Tensor value) { scalars[name] = std::move(value); }
  void setScalar(llvm::StringRef name, double value);
  const Tensor *getScalar(llvm::StringRef name) const;

  /// Runs a function or step. Its writes show in the variables afterwards.
  llvm::FailureOr<llvm::SmallVector<Tensor>> call(llvm::StringRef symbol,
                                                  llvm::ArrayRef<Tensor> arguments);

  /// Evaluates one op without regions on given operands.
  llvm::FailureOr<llvm::SmallVector<Tensor>> evaluate(mlir::Operation *op,
                                                      llvm::ArrayRef<Tensor> operands);

  /// Rounds a value as results are.
  void round(Tensor &tensor) const;

  mlir::ModuleOp module;

private:
  friend class Frame;

  Options options;
  const Registry &registry;
  llvm::StringMap<Tensor> variables;
  llvm::StringMap<Tensor> scalars;
};

/// One running call: the values of its SSA names and its pending writes.
class Frame {
public:
  explicit Frame(Interpreter &interpreter) : interpreter(interpreter) {}

  /// Runs a block and returns its terminator's operands.
  llvm::FailureOr<llvm::SmallVector<Tensor>> run(mlir::Block &block,
                                                 llvm::ArrayRef<Tensor> arguments);
  /// Evaluates one op on given operands.
  llvm::LogicalResult evaluate(mlir::Operation *op, llvm::ArrayRef<const Tensor *> operands,
                               llvm::SmallVectorImpl<Tensor> &results);
  const Tensor &get(mlir::Value value) const { return *values.find(value)->second; }

  Interpreter &interpreter;
  llvm::StringMap<Tensor> writes; // variables' values after the call

private:
  llvm::LogicalResult runOp(mlir::Operation *op);

  // By pointer: an op's operands stay in place while its region adds values.
  llvm::DenseMap<mlir::Value, std::unique_ptr<Tensor>> values;
};

} // namespace dsc

#endif // DSC_INTERPRETER_INTERPRETER_H
