//===- Variables.h - Which initial values are parameters -------*- C++ -*-===//
//
// ONNX does not say which initializers are trained. This part decides, keeps the
// reason for `--inspect`, and makes a `train.variable` of what is not constant.
//
// The rule: float initializers of rank >= 1 are parameters if a differentiable path
// leads from them to an output; integers, scalars, masks with infinities and values
// that only shapes depend on are constants; running statistics are state.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_VARIABLES_H
#define DSC_FRONTEND_ONNX_VARIABLES_H

#include "dsc/Frontend/ONNX/Importer.h"

#include "dialects/Train/TrainDialect.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Regex.h"

namespace dsc::onnx {

/// A tensor with an initial value. `constant` ones are folded into the program.
struct Variable {
  std::string name;
  mlir::RankedTensorType type;
  /// The file's data, or null where `init` says the value.
  const Tensor *data = nullptr;
  mlir::Attribute init;
  train::VariableRole role = train::VariableRole::Parameter;
  bool constant = false;
  std::string why;
  std::vector<std::string> uses;
  /// The `train.read` of it, once something needed it.
  mlir::Value read;
};

class Variables {
public:
  static llvm::Expected<std::unique_ptr<Variables>> create(const ImportOptions &options,
                                                           mlir::MLIRContext &context);

  /// An initializer, or a Constant node's value that is used as a weight. Null if its
  /// element type has no meaning here.
  Variable *add(const Tensor &tensor, llvm::StringRef name);
  /// The output of a node that makes initial values.
  Variable *add(llvm::StringRef name, mlir::RankedTensorType type, mlir::Attribute init,
                llvm::StringRef why);
  /// A copy under another name; the variable itself if --tie says so.
  Variable *copy(Variable &source, llvm::StringRef name);

  /// The variable's value at the beginning of `entry`.
  mlir::Value read(Variable &variable, mlir::Block &entry);

  /// Decides what is still open, by reachability, and writes the variables that are
  /// read to the module. Unused ones are dropped. With `complete` false, part of the
  /// graph could not be imported, so that nothing can be said about reachability.
  void finish(mlir::ModuleOp module, mlir::Block &entry, ImportResult &result, bool complete);

private:
  Variables(const ImportOptions &options, mlir::MLIRContext &context)
      : options(options), context(context) {}
  void classify(Variable &variable);
  bool matches(const std::string &pattern, llvm::StringRef name) const;

  const ImportOptions &options;
  mlir::MLIRContext &context;
  std::vector<std::unique_ptr<Variable>> variables;
};

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_VARIABLES_H
