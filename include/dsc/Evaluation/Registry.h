//===- Registry.h - How each op is evaluated ------------------------------===//
//
// What an op computes is said once, by a function per op class that its family
// registers. The interpreter runs programs by it, the frontend folds constants.
//
//   static LogicalResult evalNeg(train::NegOp op, Evaluation &e) {
//     for (size_t i = 0; i < e.result(0).size(); ++i)
//       e.result(0).floats[i] = -e.operand(0).floats[i];
//     return success();
//   }
//   registry.add<train::NegOp>(evalNeg);
//
// Results come in as zeros of their type and are rounded to it afterwards, so
// that an evaluator computes in double and is its op's mathematical definition.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_EVALUATION_REGISTRY_H
#define DSC_EVALUATION_REGISTRY_H

#include "dsc/Evaluation/Tensor.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"

#include <cassert>
#include <functional>

namespace dsc {

class Frame;

/// One evaluation of one op.
class Evaluation {
public:
  Evaluation(llvm::ArrayRef<const Tensor *> operands, llvm::MutableArrayRef<Tensor> results,
             Frame *frame)
      : operands(operands), results(results), frame(frame) {}

  const Tensor &operand(size_t i) const { return *operands[i]; }
  size_t numOperands() const { return operands.size(); }
  Tensor &result(size_t i) { return results[i]; }

  /// The program that is running, for the interpreter's own ops: those with regions,
  /// variables and scalars. Functions of the operands alone do without.
  Frame &program() {
    assert(frame && "not an op that can be evaluated alone");
    return *frame;
  }

private:
  llvm::ArrayRef<const Tensor *> operands;
  llvm::MutableArrayRef<Tensor> results;
  Frame *frame;
};

using Evaluator = std::function<llvm::LogicalResult(mlir::Operation *, Evaluation &)>;

class Registry {
public:
  template <typename OpTy, typename Function> void add(Function evaluate) {
    evaluators[mlir::TypeID::get<OpTy>()] = [evaluate](mlir::Operation *op, Evaluation &e) {
      return evaluate(llvm::cast<OpTy>(op), e);
    };
  }

  /// Null where nothing is registered for the op.
  const Evaluator *lookup(mlir::Operation *op) const;

private:
  llvm::DenseMap<mlir::TypeID, Evaluator> evaluators;
};

// The families of the train dialect, one file each in lib/Evaluation.
void registerElementwise(Registry &registry);
void registerShape(Registry &registry);
void registerReduce(Registry &registry);
void registerLinear(Registry &registry);
void registerPool(Registry &registry);
void registerIndex(Registry &registry);
void registerNorm(Registry &registry);
void registerAttention(Registry &registry);
void registerLoss(Registry &registry);
void registerRandom(Registry &registry);
void registerOptimizer(Registry &registry);

/// Every op of the train dialect whose results depend on its operands alone.
const Registry &functionRegistry();

} // namespace dsc

#endif // DSC_EVALUATION_REGISTRY_H
