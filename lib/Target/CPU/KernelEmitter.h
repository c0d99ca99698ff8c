//===- KernelEmitter.h - Loops and vectors for a planned kernel ----------===//
//
// Walks a KernelPlan from the outside in. Values found so far live in scopes,
// one per loop entered; a load is emitted in the outermost scope that knows all
// indices it depends on, and element work is evaluated on demand by whatever
// stage needs it.
//
// KernelLoops.cpp holds the loops, KernelValues.cpp what is computed in them.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_TARGET_CPU_KERNELEMITTER_H
#define DSC_LIB_TARGET_CPU_KERNELEMITTER_H

#include "KernelPlan.h"
#include "LaneBuilder.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace dsc::cpu {

/// What is known inside one loop.
struct Scope {
  llvm::DenseMap<mlir::Value, Lanes> values;
  std::vector<std::pair<std::pair<mlir::Value, LinearAccess>, Lanes>> loads;
};

/// One reduction while its loop runs: an accumulator per output and copy.
struct Accumulators {
  const Statement *statement = nullptr;
  llvm::SmallVector<Lanes> outputs;
};

class KernelEmitter {
public:
  KernelEmitter(const KernelPlan &plan, mlir::Region &code)
      : plan(plan), kernel(plan.kernel), code(code),
        b(code.getLoc(), mlir::OpBuilder::atBlockEnd(&code.front())), lanes(b, plan.lanes) {}

  void emit();

private:
  // Loops over P.
  void emitPart(mlir::Value part);
  void emitNumberedBlock(mlir::Value block);
  void emitBlocks();
  void emitRest();
  void emitBlock(mlir::Value first, unsigned copies, unsigned tailLanes);
  void emitRow();
  void setIndices(mlir::Value linear, llvm::ArrayRef<unsigned> dims);

  // Loops over Q.
  void emitStage();
  llvm::SmallVector<Accumulators> startAccumulators();
  void finishAccumulators(llvm::ArrayRef<Accumulators> accumulators);
  void emitLoop(unsigned dim, llvm::SmallVector<Accumulators> &accumulators);
  void emitVectorLoop(llvm::SmallVector<Accumulators> &accumulators);
  void emitIteration(llvm::SmallVector<Accumulators> &accumulators);
  template <typename Fn>
  void emitFor(int64_t extent, int64_t step, llvm::SmallVector<Accumulators> &accumulators,
               Fn body);
  void accumulate(Accumulators &accumulators);

  // Values.
  Lanes operandLanes(const Statement &statement, unsigned number);
  Lanes computedLanes(mlir::Value value);
  Lanes constantLanes(mlir::TypedAttr attr);
  const Lanes *find(mlir::Value value) const;
  Lanes loadOperand(mlir::Value operand, const LinearAccess &access);
  void hoistLoads();
  llvm::SmallVector<Lanes> evaluate(const Statement &statement, llvm::ArrayRef<Lanes> outputs = {});
  llvm::SmallVector<Lanes> evaluateOperation(mlir::Operation &op,
                                             const llvm::DenseMap<mlir::Value, Lanes> &local);
  Lanes evaluateExtract(mlir::tensor::ExtractOp op, llvm::ArrayRef<Lanes> operands);
  Lanes evaluateIndex(mlir::linalg::IndexOp op);
  Lanes evaluateExpression(mlir::AffineExpr expr, mlir::AffineMap map,
                           llvm::ArrayRef<Lanes> operands);
  mlir::Operation *cloneOperation(mlir::Operation &op, llvm::ArrayRef<mlir::Value> operands,
                                  bool isVector);
  void protectTail(mlir::Operation &op, llvm::SmallVectorImpl<Lanes> &operands);

  // Stores.
  void storeResult(unsigned number);
  void storeScratch(const Statement &statement);
  Lanes readKept(mlir::Value value);
  bool isKept(const Statement &statement) const;
  mlir::Value scratchBase(mlir::Value value);
  Position scratchPosition();

  const KernelPlan &plan;
  const KernelAnalysis &kernel;
  mlir::Region &code;
  mlir::ImplicitLocOpBuilder b;
  LaneBuilder lanes;
  Position at;
  unsigned stage = 0; // the loop over Q being emitted, or next
  std::vector<Scope> scopes;
  llvm::SmallVector<mlir::Value> buffers; // operands, then results
  mlir::Value scratch;
};

} // namespace dsc::cpu

#endif // DSC_LIB_TARGET_CPU_KERNELEMITTER_H
