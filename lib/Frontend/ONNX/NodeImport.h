//===- NodeImport.h - What an operator's import function sees --*- C++ -*-===//
//
// One node being imported: its inputs as values or, where an operator needs to know
// them now, as numbers; its attributes; builders that put the node's location on
// every op; and a way to say what is wrong with it.
//
// Example, ONNX Relu:
//
//   static LogicalResult importRelu(NodeImport &n) {
//     return n.set(0, n.make<train::ReluOp>(n.input(0)));
//   }
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_NODEIMPORT_H
#define DSC_FRONTEND_ONNX_NODEIMPORT_H

#include "HostTensor.h"
#include "Registry.h"
#include "TensorBuilder.h"
#include "Variables.h"

#include "dsc/Frontend/ONNX/Importer.h"

namespace dsc::onnx {

class GraphImporter;
class Scope;
struct DeferredNode;
struct LoopBody;

/// What a name in the graph stands for. Deferred: the data decides its size, so that there is no
/// tensor; that is an error only where something is computed from it that cannot do without.
struct ImportedValue {
  enum class Kind { Missing, Tensor, Variable, Sequence, Failed, Deferred };
  Kind kind = Kind::Missing;
  mlir::Value tensor;
  Variable *variable = nullptr;
  std::vector<mlir::Value> sequence;
  const DeferredNode *deferred = nullptr; // the node it comes from

  static ImportedValue of(mlir::Value tensor) {
    ImportedValue value;
    value.kind = Kind::Tensor;
    value.tensor = tensor;
    return value;
  }
  bool isSequence() const { return kind == Kind::Sequence; }
};

/// A node whose results are deferred.
struct DeferredNode {
  const Node &node;
  int64_t opset;
  /// What its error would be; empty where an input is deferred.
  std::string why;
  /// What its inputs stood for; sequences are left out.
  std::vector<ImportedValue> inputs;
};

class NodeImport : public TensorBuilder {
public:
  NodeImport(GraphImporter &graph, Scope &scope, const Node &node, int64_t opset,
             mlir::OpBuilder &builder, mlir::Location loc)
      : TensorBuilder(builder, loc), node(node), opset(opset), graph(graph), scope(scope) {}

  const Node &node;
  const int64_t opset;

  const ImportOptions &options() const;

  //===--- inputs ---===//

  /// Whether input i is given at all.
  bool has(unsigned i) const { return i < node.inputs.size() && !node.inputs[i].empty(); }
  unsigned numInputs() const { return node.inputs.size(); }
  /// The value of input i, which must be given.
  mlir::Value input(unsigned i);
  llvm::SmallVector<mlir::Value> allInputs();
  llvm::ArrayRef<mlir::Value> sequence(unsigned i);
  /// What input i's name stands for; null if nothing.
  const ImportedValue *find(unsigned i) const;
  /// Whether input i is a value whose size the data decides.
  bool isDeferred(unsigned i) const {
    return has(i) && find(i)->kind == ImportedValue::Kind::Deferred;
  }
  /// The tensor that this is; null if it is something else.
  mlir::Value tensorOf(const ImportedValue &value);
  /// Whether no gradient passes back from another node, or what it is given, to its input i.
  bool isStopped(const Node &other, unsigned i) const;
  /// The variable that input i names directly; null if it is something else.
  Variable *variable(unsigned i);

  /// The elements of input i (or of a value), if they are known at import.
  const HostTensor *known(unsigned i);
  const HostTensor *known(mlir::Value value) const;
  /// See LoopSteps.h.
  std::optional<int64_t> countSteps(const LoopBody &body, int64_t most) const;
  /// The same, where the operator cannot be imported otherwise.
  llvm::FailureOr<HostTensor> constant(unsigned i, llvm::StringRef what);
  llvm::FailureOr<Shape> integers(unsigned i, llvm::StringRef what);
  llvm::FailureOr<double> number(unsigned i, llvm::StringRef what);

  //===--- attributes ---===//

  bool hasAttribute(llvm::StringRef name) const { return attribute(name) != nullptr; }
  const NodeAttribute *attribute(llvm::StringRef name) const;
  /// The first attribute that the import did not ask for; null if there is none.
  const NodeAttribute *unasked(llvm::ArrayRef<llvm::StringRef> ignored) const;
  /// An attribute that the import asked for as another type than it has; null if none.
  const NodeAttribute *wrongType() const { return mistyped; }
  int64_t integer(llvm::StringRef name, int64_t absent) const;
  double number(llvm::StringRef name, double absent) const;
  llvm::StringRef string(llvm::StringRef name, llvm::StringRef absent) const;
  std::optional<Shape> integers(llvm::StringRef name) const;

  //===--- checked properties ---===//

  /// A possibly negative axis as 0 ... rank-1 (or ... rank with `orEnd`).
  llvm::FailureOr<int64_t> axis(int64_t value, int64_t rank, bool orEnd = false);
  llvm::FailureOr<int64_t> axis(llvm::StringRef name, int64_t absent, int64_t rank);
  /// The axis that input i names, which must be known.
  llvm::FailureOr<int64_t> axisInput(unsigned i, int64_t rank);
  /// Axes as a sorted list without repetition.
  llvm::FailureOr<Shape> axes(llvm::ArrayRef<int64_t> values, int64_t rank);
  llvm::LogicalResult expectRank(unsigned i, int64_t least, int64_t most = 64);
  llvm::LogicalResult expectFloat(unsigned i);
  /// Every `set` asks this; whoever takes long over many dimensions asks earlier.
  llvm::LogicalResult expectRankOfResult(int64_t rank);

  //===--- results ---===//

  /// Whether output i has a name, and whether anything uses it.
  bool wants(unsigned i) const { return i < node.outputs.size() && !node.outputs[i].empty(); }
  bool isUsed(unsigned i) const;
  /// Defines output i; a null value means that the operands did not fit each other.
  llvm::LogicalResult set(unsigned i, mlir::Value value);
  llvm::LogicalResult setSequence(unsigned i, llvm::ArrayRef<mlir::Value> values);
  llvm::LogicalResult setVariable(unsigned i, Variable *variable);
  /// The row of a lookup's table that is not trained; see GradientStops.h.
  std::optional<int64_t> paddingRow() const;
  /// Says what is wrong with the node.
  llvm::LogicalResult fail(const llvm::Twine &message);
  /// The same where sizes do not fit: also says where a batch is from that the export wrote into
  /// the model (BakedBatch.h), if that is why.
  llvm::LogicalResult failToFit(const llvm::Twine &message);

  //===--- the model around the node ---===//

  Variables &variables();
  /// Makes output 0 a trained variable that starts at `init`.
  llvm::LogicalResult setInitialized(mlir::RankedTensorType type, mlir::Attribute init,
                                     llvm::StringRef why);
  /// Whether all that output 0 is used for is to be a weight.
  bool isUsedAsWeight() const;
  /// Where output 0, a tensor of that rank, stands in the graph.
  TensorPlace placeOf(size_t rank) const;
  /// Whether output 0 only enters arithmetic (a bias), not masks or comparisons.
  bool isUsedInArithmetic() const;
  /// Whether weights of this model are made by RandomNormal and RandomUniform nodes.
  bool hasGeneratedWeights() const;
  /// Whether Constant nodes hold weights.
  bool hasConstantWeights() const;
  /// Whether input i is an initializer or the output of a Constant node.
  bool isLiteral(unsigned i) const;
  /// The result's shape where the numbers that the node was given hold the batch of
  /// the export, and another is asked for; see Rebatch.h.
  std::optional<Shape> rebatch(llvm::ArrayRef<int64_t> target);
  std::optional<Shape> rebatchReshape(mlir::Value x, llvm::ArrayRef<int64_t> target);
  /// `x` with the new batch where `other`, aligned from the right, has it: a constant that repeats
  /// itself along a dimension of the exported batch, or counts it, was made for that (a first state
  /// of zeros, indices of places, the numbers of the rows).
  mlir::Value grown(mlir::Value x, llvm::ArrayRef<int64_t> other);

  /// As those of TensorBuilder, of constants grown to each other's batch.
  template <typename Op> mlir::Value binary(mlir::Value x, mlir::Value y) {
    mlir::Value wide = grown(x, shapeOf(y));
    return TensorBuilder::binary<Op>(wide, grown(y, shapeOf(wide)));
  }
  mlir::Value compare(train::Comparison relation, mlir::Value x, mlir::Value y) {
    mlir::Value wide = grown(x, shapeOf(y));
    return TensorBuilder::compare(relation, wide, grown(y, shapeOf(wide)));
  }
  mlir::Value select(mlir::Value predicate, mlir::Value x, mlir::Value y) {
    mlir::Value wide = grown(grown(x, shapeOf(y)), shapeOf(predicate));
    mlir::Value other = grown(y, shapeOf(wide));
    return TensorBuilder::select(grown(predicate, shapeOf(wide)), wide, other);
  }
  /// Writes a variable at the end of the step; instead of what a node before wrote.
  void write(Variable &variable, mlir::Value value);
  /// Input i, a variable, with what nodes before have written there.
  mlir::Value latest(unsigned i);
  /// A number that tells this node's random numbers from those of all others.
  int64_t nextStream();
  /// Imports a subgraph in place; its outputs become the node's.
  llvm::LogicalResult inlineGraph(const Graph &body);

  //===--- subgraphs as regions ---===//

  /// The only subgraph of an attribute; null if there is none.
  const Graph *subgraph(llvm::StringRef name) const;
  /// A region of one empty block, which the import owns until an op takes it.
  mlir::Region &newRegion();
  /// Imports a subgraph in place; `inputs` are what its inputs stand for. Its outputs are tensors,
  /// variables or sequences.
  llvm::FailureOr<std::vector<ImportedValue>> inlineBody(const Graph &body,
                                                         llvm::ArrayRef<ImportedValue> inputs);
  /// Whether the subgraph can be imported as it is; says nothing if not.
  bool canImportBody(const Graph &body, llvm::ArrayRef<mlir::Value> inputs);
  /// Imports a subgraph into a block of its own. Nodes that keep state or draw
  /// random numbers are refused: a region may run often.
  llvm::FailureOr<llvm::SmallVector<mlir::Value>> importBody(const Graph &body, mlir::Block &block,
                                                             llvm::ArrayRef<mlir::Value> inputs);
  /// Values from outside that the regions use. They become the first arguments of
  /// every region's block.
  llvm::SmallVector<mlir::Value> capture(llvm::ArrayRef<mlir::Region *> regions);

  /// Gives up without an error so far: the results are deferred.
  llvm::LogicalResult defer(const llvm::Twine &message);
  bool gaveUp() const { return !deferral.empty(); }
  llvm::StringRef whyDeferred() const { return deferral; }

private:
  const NodeAttribute *attribute(llvm::StringRef name, AttributeType one, AttributeType many) const;

  GraphImporter &graph;
  Scope &scope;
  mutable const NodeAttribute *mistyped = nullptr;
  mutable llvm::SmallVector<llvm::StringRef, 8> asked;
  std::string deferral;
};

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_NODEIMPORT_H
