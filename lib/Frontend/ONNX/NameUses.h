//===- NameUses.h - Which nodes use a name ---------------------*- C++ -*-===//
//
// Uses of the names of the graph with the branches in it, and apart from them those of
// each function's body, whose names are its own. Answers what a tensor is used for,
// looking through the nodes that only pass it on and through calls.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_NAMEUSES_H
#define DSC_FRONTEND_ONNX_NAMEUSES_H

#include "ValuePattern.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <map>

namespace dsc::onnx {

/// Exporters need not name nodes; then the first output names it.
llvm::StringRef nameOf(const Node &node);

/// A node that uses a name, and as which input.
struct NameUse {
  const Node *node;
  unsigned index;
};

class NameUses {
public:
  explicit NameUses(const Model &model);

  /// `body` is the function whose names are meant, or null for the graph.
  llvm::ArrayRef<NameUse> of(llvm::StringRef name, const Function *body) const;
  /// The nodes that use it, each once.
  std::vector<std::string> nodes(llvm::StringRef name, const Function *body) const;
  TensorUse use(llvm::StringRef name, size_t rank, const Function *body, int64_t opset) const;
  /// Whether input `index` of some operator that gets the name is a weight of it.
  bool isWeight(llvm::StringRef name, const Function *body, int64_t opset) const;
  /// Whether nothing but arithmetic gets it, so no masks or comparisons.
  bool isOnlyInArithmetic(llvm::StringRef name, const Function *body) const;

  /// Whether the graph has Constant nodes that hold single floats.
  bool hasScalarConstants() const { return scalarConstants; }
  /// Whether a Constant node of the graph holds the weight of an operator.
  bool hasConstantWeights(int64_t opset) const {
    return llvm::any_of(constantNodes.keys(),
                        [&](llvm::StringRef name) { return isWeight(name, nullptr, opset); });
  }
  /// Whether some weights are made by nodes: RandomNormal and RandomUniform.
  bool hasGeneratedWeights() const { return generatedWeights; }
  bool isConstantNode(llvm::StringRef name) const { return constantNodes.contains(name); }

private:
  using Map = llvm::StringMap<std::vector<NameUse>>;
  void collect(const std::vector<Node> &nodes, Map &map);
  void noteSource(const Node &node);
  bool anyWeight(llvm::StringRef name, const Function *body, int64_t opset, unsigned &budget,
                 llvm::function_ref<bool(const NameUse &)> counts) const;

  const Model &model;
  std::map<const Function *, Map> uses;
  llvm::StringSet<> constantNodes;
  llvm::StringSet<> numbers; // Constant nodes of one integer
  bool scalarConstants = false, generatedWeights = false;
};

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_NAMEUSES_H
