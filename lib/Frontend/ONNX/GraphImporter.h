//===- GraphImporter.h - Walking a graph, node by node ---------*- C++ -*-===//

#ifndef DSC_FRONTEND_ONNX_GRAPHIMPORTER_H
#define DSC_FRONTEND_ONNX_GRAPHIMPORTER_H

#include "BakedBatch.h"
#include "CallSizes.h"
#include "ConstantEvaluator.h"
#include "Dimensions.h"
#include "GradientStops.h"
#include "NameUses.h"
#include "NodeImport.h"
#include "Rebatch.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

#include <deque>

namespace dsc::onnx {

/// The names of one graph or function body.
class Scope {
public:
  /// A subgraph sees the names around it; a function body does not.
  explicit Scope(const Scope *parent = nullptr) : parent(parent) {}

  const ImportedValue *find(llvm::StringRef name) const;
  ImportedValue &define(llvm::StringRef name) { return values[name]; }

  /// In a function body: the attributes of the call, with the function's defaults.
  llvm::StringMap<const NodeAttribute *> attributes;
  /// Where the scope stands in the model, to tell equal names apart.
  std::string path;
  /// The function whose names these are; null in the graph.
  const Function *body = nullptr;

private:
  const Scope *parent;
  llvm::StringMap<ImportedValue> values;
};

class GraphImporter {
public:
  GraphImporter(const Model &model, const ImportOptions &options, Variables &variables,
                const BoundInputs &inputs, mlir::func::FuncOp function,
                const BatchRecord *exported);

  /// Imports the whole graph into the function's body and returns from it.
  llvm::Error run(ImportResult &result);
  /// An error if --stop-gradient names nothing.
  llvm::Error checkFlag() const { return stops.checkFlag(); }

  /// What was seen, for importing the same model with another batch.
  BatchRecord record;
  /// Whether to follow the batch: where there is another import to compare with.
  bool followsBatch = false;
  /// An import with another batch, to mark what follows it: train.batch_scale.
  const BatchRecord *otherBatch = nullptr;

private:
  friend class NodeImport;

  void defineInputs(Scope &scope);
  void defineInitializers(const Graph &graph, Scope &scope, int64_t opset);
  llvm::LogicalResult importNodes(llvm::ArrayRef<Node> nodes, Scope &scope, int64_t opset);
  llvm::LogicalResult importNode(const Node &node, Scope &scope, int64_t opset);
  llvm::LogicalResult importOperator(const Node &node, Scope &scope, int64_t opset);
  void stopGradients(const Node &node, Scope &scope);
  llvm::LogicalResult expand(llvm::ArrayRef<Node> nodes, const Node &node, int64_t opset);
  llvm::LogicalResult importCall(const Function &function, const Node &node, Scope &scope);
  llvm::LogicalResult importSubgraph(const Graph &graph, Scope &scope, int64_t opset,
                                     std::vector<ImportedValue> &outputs);
  llvm::LogicalResult importBody(const Graph &graph, Scope &scope, const Node &node, int64_t opset,
                                 llvm::ArrayRef<ImportedValue> inputs,
                                 std::vector<ImportedValue> &outputs);
  llvm::LogicalResult checkBody(const Node &node, int64_t opset, mlir::Block &block);
  llvm::LogicalResult checkInputs(const Operator &op, NodeImport &node);
  llvm::LogicalResult verifyAndEvaluate(const Node &node, int64_t opset);
  llvm::LogicalResult defer(const Node &node, Scope &scope, int64_t opset, llvm::StringRef why);
  bool hasDeferredInput(const Node &node, const Scope &scope) const;
  llvm::SetVector<const DeferredNode *> failDeferred(llvm::ArrayRef<const DeferredNode *> nodes);
  llvm::LogicalResult reportDeferred(Scope &scope);
  void recordValues(const Node &node, const Scope &scope, int64_t opset);
  void writeBuffers(const Scope &scope, ImportResult &result);
  llvm::Error returnOutputs(Scope &scope);
  llvm::Error checkOutputBatch(const ValueInfo &output, mlir::Value value);
  std::string followRows();
  llvm::Error checkBatch(std::string problem);
  void followScales();

  mlir::Value valueOf(const ImportedValue &value);
  TensorPlace placeOf(llvm::StringRef name, size_t rank, const Scope &scope, int64_t opset) const;
  const RecordedValue *findBaked(const Node &node, const Scope &scope,
                                 llvm::ArrayRef<int64_t> target);
  std::optional<Shape> rebatch(const Node &node, const Scope &scope,
                               llvm::ArrayRef<int64_t> target);
  std::optional<Shape> rebatchReshape(const Node &node, const Scope &scope, mlir::Value x,
                                      llvm::ArrayRef<int64_t> target);
  /// Whether a size may be the exported batch where another is the new one.
  bool isExportedBatch(int64_t size, int64_t other) const;
  void markFailed(const Node &node, Scope &scope);
  void note(const Node &node, llvm::StringRef status, llvm::StringRef message = "");
  std::string statusOf(const Node &node, Scope &scope) const;
  std::string explainBatch(const Node &node, const Scope &scope);
  llvm::LogicalResult fail(const Node &node, int64_t opset, const llvm::Twine &message,
                           llvm::StringRef ofBatch = "");

  const Model &model;
  const ImportOptions &options;
  Variables &variables;
  const BoundInputs &boundInputs;
  mlir::func::FuncOp function;
  const BatchRecord *exported;

  mlir::OpBuilder builder;
  ConstantEvaluator evaluator;
  NameUses uses;
  CallSizes callSizes;
  GradientStops stops;
  llvm::StringSet<> outputNames;
  llvm::StringMap<const Tensor *> initializers;
  llvm::DenseMap<const Tensor *, Variable *> variableOf;
  /// Constant ops made of initializers.
  llvm::DenseMap<Variable *, mlir::Value> constants;
  std::vector<mlir::Operation *> created;
  /// Bodies in the making; also those of nodes that failed, since values of theirs
  /// may be known.
  std::vector<std::unique_ptr<mlir::Region>> regions;
  std::vector<OperatorReport> reports;
  std::string firstError;
  int64_t streams = 0;
  /// What a variable holds after the nodes so far.
  llvm::StringMap<train::WriteOp> writes;
  std::deque<DeferredNode> deferred;
  unsigned depth = 0, bodies = 0;
  size_t expanded = 0;
};

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_GRAPHIMPORTER_H
