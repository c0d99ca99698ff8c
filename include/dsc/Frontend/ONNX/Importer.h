//===- Importer.h - ONNX model to train dialect ----------------*- C++ -*-===//
//
// importModel turns a model into a module that holds a `train.variable` for every
// parameter, buffer and running statistic, under its ONNX name, and one function
// `@forward` from the graph's inputs to its outputs, both named by `train.name`.
// Every op's location names the node it came from: `node 'NAME' (Op, opset N)`.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_IMPORTER_H
#define DSC_FRONTEND_ONNX_IMPORTER_H

#include "dsc/Frontend/ONNX/Model.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"

#include <deque>
#include <map>

namespace dsc::onnx {

/// The command line asks for what the model does not have.
class UsageError : public llvm::ErrorInfo<UsageError> {
public:
  static char ID;
  explicit UsageError(std::string message) : message(std::move(message)) {}
  void log(llvm::raw_ostream &os) const override { os << message; }
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }

private:
  std::string message;
};

/// What BatchNormalization does in training: see --batch-norm.
enum class BatchNormMode { Train, Local, Frozen };

struct ImportOptions {
  /// Size of the leading dimension of every input; 0: as the model has it.
  int64_t batch = 0;
  /// Sizes of symbolic dimensions, and of unnamed ones as "INPUT:AXIS".
  std::map<std::string, int64_t> dims;
  /// Extended regular expressions over initializer names; empty: none.
  std::string trainable;
  std::string freeze;
  std::string tie;
  /// The same over outputs of nodes that pass no gradient back, and inputs as NODE:INDEX.
  std::string stopGradient;
  BatchNormMode batchNorm = BatchNormMode::Train;
  /// Whether Dropout nodes with a ratio are active in training steps.
  bool dropout = true;
  /// Operators mean what ONNX says rather than what training makes of them: the
  /// training_mode of batch norm and dropout counts, and inputs may be empty or none.
  bool asWritten = false;
  /// Mark the numbers that divide what depends on the batch with what they are to it
  /// (train.batch_scale), which a loss of the model's own is judged by. Takes an import with
  /// another batch.
  bool marksScales = false;
  /// Go on after an error, to report all of them at once.
  bool inspect = false;
};

/// One initializer (or node that makes initial values), and what became of it.
struct TensorReport {
  std::string name;
  std::string type; // "4x2xf32"
  int64_t elements = 0;
  std::vector<std::string> uses;
  bool trainable = false;
  /// parameter, frozen, state or constant
  std::string role;
  std::string why;
};

/// How the nodes of one operator are treated.
struct OperatorReport {
  std::string op;
  /// rule, decomposed, no gradient, constant, unsupported, or error
  std::string status;
  /// The first node, and what is wrong with it.
  std::string node;
  std::string message;
  int64_t count = 0;
};

/// An input that has to be fed, or an output, as the file declares it.
struct SlotReport {
  std::string name;
  /// "[batch, 64] INT64"; "[?, 64] INT64" where a dimension has neither size nor name.
  std::string type;
  /// What could be done with it; the importer leaves it empty.
  std::vector<std::string> notes;
};

struct ImportResult {
  /// Null where an inspection found errors.
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// The file's data of every variable whose initial value is `#train.weights`:
  /// little-endian elements of the variable's type. Views into the Model, or into `widened`.
  std::map<std::string, llvm::StringRef> weights;
  /// The f32 elements of parameters that the file holds as halves.
  std::deque<std::string> widened;
  std::vector<TensorReport> tensors;
  std::vector<OperatorReport> operators;
  std::vector<SlotReport> inputs, outputs;
  /// What a user should know of a decision that could be meant otherwise.
  std::vector<std::string> notes;
};

/// Imports the model. The context must have the train and func dialects loaded.
/// Errors name the node, dimension or flag at fault.
llvm::Expected<ImportResult> importModel(const Model &model, mlir::MLIRContext &context,
                                         const ImportOptions &options = {});

/// The two forms of --inspect.
void printInspection(const ImportResult &result, llvm::raw_ostream &os);
void printInspectionJson(const ImportResult &result, llvm::raw_ostream &os);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_IMPORTER_H
