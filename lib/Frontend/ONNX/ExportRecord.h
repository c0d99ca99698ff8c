//===- ExportRecord.h - What the exporter says tensors are -----*- C++ -*-===//
//
// PyTorch's dynamo exporter notes in the file which initializers were parameters,
// buffers or constants of the module: as metadata of each initializer's value, and
// as a list over the whole graph. What it computed at export ("folded") it notes by
// the names that it computed from, so that such a tensor is what its source was.
//
//   p_a_weight: PARAMETER target='a.weight'        in the graph's list
//   folded_from: ['a.weight']                      on the value `val_0`
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_EXPORTRECORD_H
#define DSC_FRONTEND_ONNX_EXPORTRECORD_H

#include "dsc/Frontend/ONNX/Model.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace dsc::onnx {

struct Recorded {
  enum class Kind { Parameter, Buffer, Constant };
  Kind kind;
  std::string why;
  /// The one tensor of the module that it is or was computed from; empty if several.
  llvm::StringRef source;
  /// The parameters that it was computed from, where its elements need not be theirs.
  std::vector<llvm::StringRef> folded = {};
};

/// A line of the graph's list: a tensor of the exported module.
struct ModuleTensor {
  llvm::StringRef placeholder; // "p_a_weight", as nodes' origins call it
  llvm::StringRef kind;        // "PARAMETER", ...
  llvm::StringRef name;        // "a.weight", as the initializer is called
};
std::vector<ModuleTensor> moduleTensors(const Graph &graph);
/// Buffers that the module changes in a step: each becomes the value that is called as its
/// `placeholder`, where nodes of the graph compute that. (The exporter leaves out what no output
/// needs, and a batch norm is one node.)
std::vector<ModuleTensor> changedBuffers(const Graph &graph);
/// What the module returns, as nodes' origins call it.
std::vector<llvm::StringRef> moduleOutputs(const Graph &graph);

/// The names in a list in quotes: of a node's scopes, of what a tensor was computed from.
llvm::SmallVector<llvm::StringRef> quoted(llvm::StringRef text);
/// "mul" of "mul_1", as operations of the module are called.
llvm::StringRef kindOf(llvm::StringRef result);
/// How the module's graph calls the operation: "%sub : ...".
llvm::StringRef resultOf(llvm::StringRef origin);
/// What a node's origin calls the operation: "aten.embedding.default".
llvm::StringRef operationOf(llvm::StringRef origin);
/// The names in the operation's arguments, in order: placeholders and other operations.
llvm::SmallVector<llvm::StringRef> argumentsOf(llvm::StringRef origin);

/// Reads which tensors of the module an operation had, from the origins of nodes.
class Origins {
public:
  explicit Origins(const Graph &graph);

  bool empty() const { return names.empty(); }
  bool isTensor(llvm::StringRef placeholder) const { return names.contains(placeholder); }
  /// The names of the tensors in the operation's text, in order.
  llvm::SmallVector<llvm::StringRef> tensorsOf(llvm::StringRef origin) const;

private:
  llvm::StringMap<llvm::StringRef> names; // by placeholder
};

/// Whether PyTorch's exporters give values of the graph such names; a parameter is called by its
/// path in the module.
bool isValueName(llvm::StringRef name);

class ExportRecord {
public:
  explicit ExportRecord(const Graph &graph);

  /// What the record of a constant looks like.
  static ValueInfo constant(llvm::StringRef name);
  /// What that of a tensor looks like which was computed from others: `['a.weight']`.
  static ValueInfo folded(llvm::StringRef name, llvm::StringRef sources);

  /// Whether the file has no record, so that its silence means nothing.
  bool empty() const { return entries.empty(); }
  /// Whether some tensor was computed from that one at export.
  bool isFolded(llvm::StringRef name) const { return foldedNames.contains(name); }
  /// Parameters that operations of the module had, and that no tensor of the graph is or
  /// was computed from.
  std::vector<llvm::StringRef> leftOut(const Graph &graph) const;
  /// Parameters that nothing in the file but the list of all mentions: the module does not use
  /// them, or the exporter merged them with others that begin alike.
  std::vector<llvm::StringRef> unmentioned(const Graph &graph) const;
  /// Whether it is a buffer that the graph computes anew.
  bool isChanged(llvm::StringRef name) const { return changed.contains(name); }
  /// Null for what the record does not mention.
  const Recorded *find(llvm::StringRef name) const;

private:
  void readKind(const ValueInfo &info);
  void readFolding(const ValueInfo &info);
  void add(llvm::StringRef name, llvm::StringRef kind);

  llvm::StringMap<Recorded> entries;
  llvm::StringSet<> foldedNames, changed;
  llvm::StringSet<> matrices; // initializers of at least two dimensions
};

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_EXPORTRECORD_H
