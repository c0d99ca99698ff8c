//===- Variables.h - Which initial values are parameters -------*- C++ -*-===//
//
// ONNX does not say which initializers are trained. This part decides, keeps the
// reason for `--inspect`, and makes a `train.variable` of what is not constant.
// docs/Variables.md says how it decides, and why so; in short, the first that applies:
//
//   --freeze, --trainable
//   the exporter's own record (ExportRecord.h)
//   the kind of value: integers, masks and tables (ValuePattern.h), scalars
//   whether a differentiable path leads from it to an output
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_VARIABLES_H
#define DSC_FRONTEND_ONNX_VARIABLES_H

#include "ExportRecord.h"
#include "ModuleCalls.h"
#include "ValuePattern.h"
#include "dsc/Frontend/ONNX/Importer.h"

#include "dialects/Train/TrainDialect.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
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
  /// Whether a flag chose the role, which then stays.
  bool isChosen = false;
  /// Whether it is an initializer that holds the weight of an operator.
  bool isWeight = false;
  std::string why;
  std::vector<std::string> uses;
  /// The `train.read` of it, once something needed it.
  mlir::Value read;
};

/// Where a tensor stands in the graph.
struct TensorPlace {
  TensorUse use;
  /// The nodes that use it.
  std::vector<std::string> nodes;
  /// The value of a Constant node rather than an initializer.
  bool isNode = false;
  /// Such a value of several elements, in arithmetic, where other Constant nodes hold weights.
  bool isBesideWeights = false;
};

/// The first of many names.
std::string list(llvm::ArrayRef<std::string> names);

/// A flag that chooses tensors by name: --trainable, --freeze, --tie.
class NamePattern {
public:
  NamePattern(llvm::StringRef flag, const std::string &pattern)
      : flag(flag), pattern(pattern), regex(pattern) {}

  llvm::Error check() const;
  bool matches(llvm::StringRef name);
  /// An error if nothing that could be chosen was matched: `choices`, which are `what`.
  llvm::Error checkUsed(llvm::ArrayRef<std::string> choices, llvm::StringRef what) const;

private:
  llvm::StringRef flag;
  std::string pattern;
  llvm::Regex regex;
  bool hasMatched = false;
};

class Variables {
public:
  static llvm::Expected<std::unique_ptr<Variables>>
  create(const ImportOptions &options, const Model &model, mlir::MLIRContext &context);

  /// An initializer, or a Constant node's value that is used as a weight. Null if its
  /// element type has no meaning here.
  Variable *add(const Tensor &tensor, llvm::StringRef name, TensorPlace place);
  /// The output of a node that makes initial values.
  Variable *add(llvm::StringRef name, mlir::RankedTensorType type, mlir::Attribute init,
                llvm::StringRef why, std::vector<std::string> nodes);
  /// A copy under another name; the variable itself if the two are one.
  Variable *copy(Variable &source, llvm::StringRef name, TensorPlace place);

  /// Whether the model has weights as initializers, so that Constant nodes hold none.
  bool holdWeights() const;
  /// Whether --trainable or --freeze names it.
  bool isNamed(llvm::StringRef name) { return trainable.matches(name) || freeze.matches(name); }
  /// Constant nodes of single floats show that the exporter lifts none into initializers.
  void setScalarConstants() { scalarsAreNodes = true; }

  /// The variable's value at the beginning of `entry`.
  mlir::Value read(Variable &variable, mlir::Block &entry);

  /// Decides what is still open, by reachability, and writes the variables that are
  /// read to the module. Unused ones are dropped. With `complete` false, part of the
  /// graph could not be imported, so that nothing can be said about reachability.
  void finish(mlir::ModuleOp module, mlir::Block &entry, ImportResult &result, bool complete);

  /// An error if a flag names tensors that the model does not have.
  llvm::Error checkFlags() const;

private:
  Variables(const ImportOptions &options, const Model &model, mlir::MLIRContext &context)
      : context(context), graph(model.graph), record(model.graph), calls(model.graph),
        producer(model.producer), trainable("trainable", options.trainable),
        freeze("freeze", options.freeze), tie("tie", options.tie) {}

  std::string uniqueName(llvm::StringRef name);
  void classify(Variable &variable, const TensorPlace &place);
  bool classifyByFlag(Variable &variable);
  bool classifyByRecord(Variable &variable, const TensorPlace &place);
  bool classifyByValue(Variable &variable, const TensorPlace &place);
  bool isLiteral(const Variable &variable) const;
  bool isSameUse(const Variable &variable, const TensorPlace &place) const;
  Variable *ofSameModule(Variable &source, llvm::StringRef name, const TensorPlace &place) const;
  void noteJoined(ImportResult &result) const;

  mlir::MLIRContext &context;
  const Graph &graph;
  ExportRecord record;
  ModuleCalls calls;
  llvm::StringRef producer;
  NamePattern trainable, freeze, tie;
  std::vector<std::string> copies;
  /// Copies that are parameters of their own, by what they are copies of.
  llvm::DenseMap<const Variable *, llvm::SmallVector<Variable *>> copiesOf;
  std::vector<std::string> joined; // "copy (source)" of those that are not
  bool scalarsAreNodes = false;
  llvm::StringSet<> names; // of tensors of a float type
  std::vector<std::unique_ptr<Variable>> variables;
};

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_VARIABLES_H
