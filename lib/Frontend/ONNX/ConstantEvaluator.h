//===- ConstantEvaluator.h - Train ops on known operands -------*- C++ -*-===//
//
// Evaluates the ops that shape arithmetic and mask construction are imported to.
// Because importers translate an ONNX node to train ops first and evaluation
// follows, each ONNX operator is understood in one place only, and each train op,
// in lib/Evaluation.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_CONSTANTEVALUATOR_H
#define DSC_FRONTEND_ONNX_CONSTANTEVALUATOR_H

#include "HostTensor.h"

#include "dialects/Train/TrainDialect.h"
#include "dsc/Evaluation/Registry.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"

#include <memory>

namespace dsc::onnx {

class ConstantEvaluator {
public:
  /// Learns the op's results if all its operands are known and it is a function of
  /// them; the op must be verified.
  void visit(mlir::Operation *op);

  /// Takes the value's elements for these.
  void assume(mlir::Value value, HostTensor elements) { learn(value, std::move(elements)); }

  /// Whether the value's elements are known.
  bool knows(mlir::Value value) const { return known.contains(value); }

  /// The value's elements; null if they are not known, or too many.
  const HostTensor *lookup(mlir::Value value);

  /// Replaces known values that other ops need by constants, and erases what is
  /// dead after that.
  void materialize(mlir::Block &block);

private:
  /// Masks are often one matrix repeated for every batch entry and head. So `core`
  /// has size 1 along dimensions in which the value repeats, and elementwise ops
  /// compute on cores; `whole` is made when something asks for all elements.
  struct Known {
    HostTensor core;
    std::unique_ptr<HostTensor> whole;
  };

  using Types = llvm::SmallVector<mlir::RankedTensorType>;
  void learnConstant(train::ConstantOp op);
  void learnBroadcast(train::BroadcastOp op);
  void learnElementwise(mlir::Operation *op, const Evaluator &evaluator, Types types);
  void learnWhole(mlir::Operation *op, const Evaluator &evaluator, const Types &types);
  void learnAll(mlir::Operation *op, std::vector<HostTensor> values);
  void learn(mlir::Value value, HostTensor core);
  mlir::Value build(mlir::OpBuilder &builder, mlir::Value value);

  llvm::DenseMap<mlir::Value, Known> known;
};

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_CONSTANTEVALUATOR_H
