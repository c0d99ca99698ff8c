//===- GradientStops.h - Where gradients end ------------------*- C++ -*-===//
//
// That no gradient passes is nothing that ONNX can say: x.detach() is an Identity, or no
// node at all. --stop-gradient says it by the names of values, and of single uses of them
// as NODE:INDEX of the input; in files of PyTorch's dynamo exporter the record says it, which has
// the operation that each node was made from:
//
//   detach = Identity(h)       %detach = ...[target=torch.ops.aten.detach.default](args = (%h,))
//   y = Mul(h, detach)         %mul = ...(args = (%h, %detach))
//
// The exporter's optimizer drops the Identity, but leaves the text:
//
//   y = Mul(h, h)              %mul = ...(args = (%h, %detach))
//
// An argument that is called so, and that no value of the graph is, is the input at its
// place behind a detach. Where a node's inputs are not, one by one, what the text says,
// nothing is done and a note names the node.
//
// Of a lookup the record also has the row that is not trained (padding_idx).
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_GRADIENTSTOPS_H
#define DSC_FRONTEND_ONNX_GRADIENTSTOPS_H

#include "ExportRecord.h"
#include "Variables.h"

#include <set>

namespace dsc::onnx {

class GradientStops {
public:
  /// `pattern` is that of --stop-gradient, an extended regular expression or empty.
  GradientStops(const Graph &graph, const std::string &pattern);

  /// Whether no gradient passes back through this output of a node of the graph.
  bool isAt(llvm::StringRef output) const { return outputs.contains(output); }
  /// Whether none passes back from the node to its input.
  bool isBefore(const Node &node, unsigned input) const { return inputs.contains({&node, input}); }
  /// The row of the node's table that gets no gradient.
  std::optional<int64_t> paddingRow(const Node &node) const;

  /// An error if the flag's pattern is none, or matched nothing.
  llvm::Error checkFlag() const;
  void addNotes(std::vector<std::string> &notes) const;

private:
  void readFlag(const Node &node);
  void findMerged(const Node &node);
  void readRecord(const Node &node);
  bool isDropped(llvm::StringRef argument) const;
  bool fits(llvm::StringRef argument, const Node &node, size_t input) const;

  Origins origins;
  NamePattern flag;
  /// What the graph's names are: its inputs, initializers and Constant nodes, and which
  /// operation made the others.
  llvm::StringSet<> graphInputs, numbers;
  llvm::StringMap<llvm::StringRef> originOf;
  /// Operations of the module that stand for others, too.
  llvm::StringSet<> merged;
  llvm::StringSet<> outputs;
  std::set<std::pair<const Node *, size_t>> inputs;
  std::vector<std::string> obeyed, unclear;
};

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_GRADIENTSTOPS_H
