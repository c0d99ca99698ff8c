//===- KernelEmitter.h - One kernel as a CUDA function --------------------===//
//
// From a kernel on tensors (include/dsc/Analysis/KernelAnalysis.h) to a function
// of the EmitC dialect. The form says what a thread iterates over; everything else
// is the same for all forms:
//
//   load what belongs to the row
//   for each stage: loop over the thread's part of Q, reduce among the threads
//   store what belongs to the row
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_TARGET_CUDA_KERNELEMITTER_H
#define DSC_LIB_TARGET_CUDA_KERNELEMITTER_H

#include "KernelForm.h"
#include "ScalarOps.h"

#include "dsc/Analysis/KernelNeeds.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace dsc::cuda {

/// The discardable attribute that holds the name of an op's result, of a loop's
/// index, or (as an array) of a function's arguments.
inline constexpr llvm::StringLiteral kNameAttr = "dsc.name";

/// What the function of a kernel for any size calls its table, and a block's own part.
inline constexpr llvm::StringLiteral kPartsName = "parts", kPartName = "part";

/// Where a kernel's argument is in the function of a kernel for any size.
struct PartArgument {
  bool isShared;   // a parameter of its own, else a buffer of the part
  unsigned number; // among the parameters behind the table, or the part's buffers
  std::string type;
};

class KernelEmitter {
public:
  /// Emits into the body of `func`, whose arguments are the operands, then the
  /// results; `names` are theirs. With `parts`, which has an entry for each of them, the
  /// function takes a table of parts and what all of them share.
  KernelEmitter(const KernelAnalysis &kernel, const KernelForm &form, mlir::emitc::FuncOp func,
                llvm::ArrayRef<std::string> names, llvm::ArrayRef<PartArgument> parts = {});

  /// Fails, with an error on the op to blame, where an operation has no form in CUDA.
  mlir::LogicalResult emit();

private:
  /// What is known at some depth of the nest.
  struct Scope {
    llvm::DenseMap<mlir::Value, mlir::Value> values;
    llvm::SmallVector<std::tuple<unsigned, LinearAccess, mlir::Value>> loads;
    llvm::SmallVector<std::pair<LinearAccess, mlir::Value>> addresses;
  };
  /// The partial result of one output of a reduction.
  struct Accumulator {
    const Statement *statement;
    unsigned output;
    mlir::Value variable;
    mlir::Operation *combiner; // null for a reduction in order
  };

  /// What a thread touches of an operand or result.
  struct Place {
    unsigned argument;
    LinearAccess access;
    bool operator==(const Place &other) const {
      return argument == other.argument && access == other.access;
    }
  };
  /// Four elements that a thread has as a vector; of what it keeps of a row, those of each turn.
  struct Four {
    Place place;
    mlir::Value values;
    bool isKept = false, isLoaded = false;
  };

  // Where this thread is.
  void emitElements();
  void emitElement();
  void emitRows();
  mlir::Value threadPosition();
  void setPosition(llvm::ArrayRef<LoopDim> dims, mlir::Value flat, llvm::StringRef prefix);
  void findPart();
  mlir::Value extent(int64_t fixed, llvm::StringRef ofPart);
  mlir::Value rows() { return extent(form.rows, "part.rows"); }
  mlir::Value columns() { return extent(form.columns, "part.columns"); }
  void guarded(mlir::Value position, mlir::Value extent, bool needed,
               llvm::function_ref<void()> body);
  std::pair<mlir::Value, int64_t> innerRange(mlir::Value row);

  // Rows.
  void emitRow(mlir::Value row);
  void emitStage(mlir::Value first, int64_t step);
  void emitStageLoop(mlir::Value first, int64_t step, llvm::function_ref<void(mlir::Value)> body);
  void emitTurns(mlir::Value first, int64_t step, llvm::function_ref<void(mlir::Value)> body);
  void emitLoop(llvm::StringRef index, mlir::Value first, mlir::Value end, int64_t step,
                llvm::function_ref<void(mlir::Value)> body);
  void emitIteration(llvm::ArrayRef<Accumulator> accumulators);
  void
  visitLoads(llvm::function_ref<void(const Statement &, unsigned, const LinearAccess &)> visit);
  void hoistLoads(llvm::ArrayRef<LoopDim> loop);
  void evaluateRowWork();
  llvm::SmallVector<Accumulator> declareAccumulators();
  mlir::Value declare(llvm::StringRef text, mlir::Value initial);
  void finishAccumulator(const Accumulator &accumulator);
  void storeRowResults();
  bool stageHasLoop() const;
  bool storesOverOperands() const;

  // Four elements at a time (KernelFours.cpp).
  void emitFours(llvm::function_ref<void()> element);
  void loadFours();
  void keepRow();
  bool mayKeep(const Place &place) const;
  llvm::DenseSet<mlir::Operation *> workOf(unsigned inStage) const;
  llvm::SmallVector<Place> placesRead(unsigned inStage) const;
  llvm::SmallVector<Place> placesStored(unsigned inStage) const;
  Four &declareFour(const Place &place, bool isKept);
  void moveFour(llvm::StringRef function, const Four &four);
  Four *findFour(const Place &place);
  mlir::Value elementOf(const Four &four);
  bool keepsRow() const { return !fours.empty() && fours.front().isKept; }

  // Values.
  mlir::Value valueOf(mlir::Value tensor);
  mlir::Value operandValue(const Statement &statement, unsigned number);
  llvm::SmallVector<mlir::Value> evaluate(const Statement &statement,
                                          llvm::ArrayRef<mlir::Value> outputs = {});
  mlir::Value evaluateOp(mlir::Operation &op, llvm::DenseMap<mlir::Value, mlir::Value> &local);
  mlir::Value evaluateExpression(mlir::AffineExpr expr, mlir::AffineMap map,
                                 llvm::ArrayRef<mlir::Value> operands);
  mlir::Value evaluateExtract(mlir::tensor::ExtractOp op, llvm::ArrayRef<mlir::Value> indices);
  bool isStoredBefore(const Statement &statement, unsigned inStage) const;
  unsigned resultOf(mlir::Value tensor) const;
  const mlir::Value *find(mlir::Value tensor) const;

  // Memory.
  mlir::Value address(const LinearAccess &access);
  mlir::Type elementType(unsigned argument) const;
  mlir::Value elementPosition(const LinearAccess &access);
  mlir::Value load(unsigned argument, const LinearAccess &access);
  mlir::Value elementAt(unsigned argument, mlir::Value position);
  mlir::Value loadFrom(unsigned argument, mlir::Value element);
  void store(unsigned result, mlir::Value value);

  mlir::Value multiply(mlir::Value value, int64_t factor);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value binary(mlir::AffineExprKind kind, mlir::Value a, mlir::Value b);
  mlir::Value name(mlir::Value value, const llvm::Twine &text);
  /// Reports the first failure; later code is emitted with a stand-in.
  mlir::Value fail(mlir::Operation *op, const llvm::Twine &message, mlir::Type type);

  const KernelAnalysis &kernel;
  const KernelForm &form;
  mlir::emitc::FuncOp func;
  llvm::SmallVector<std::string> names;
  llvm::ArrayRef<PartArgument> parts;
  llvm::SmallVector<mlir::Value> pointers; // to operands, then results
  mlir::OpBuilder b;
  CodeBuilder code;
  NeedMap needs;

  llvm::SmallVector<mlir::Value> index; // per dim of the domain; null where unknown
  mlir::Value lane; // of four elements, which begin at `index`; null outside of their loop
  mlir::Value turn; // in which a thread takes four elements of a row that it keeps; else null
  llvm::SmallVector<Four> fours; // what is kept first
  llvm::SmallVector<Scope> scopes;
  unsigned stage = 0;
  bool failed = false;
};

} // namespace dsc::cuda

#endif // DSC_LIB_TARGET_CUDA_KERNELEMITTER_H
