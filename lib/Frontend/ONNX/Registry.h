//===- Registry.h - Which function imports which operator ------*- C++ -*-===//
//
// To add an operator, write its import function in the file of its family under
// Ops/ and add one line to that file's populate function:
//
//   registry.add("Relu", 6, inputs(1), importUnary<train::ReluOp>);
//
// The number is the first opset version the function is right for; a later
// entry of the same name takes over from its own version on.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_REGISTRY_H
#define DSC_FRONTEND_ONNX_REGISTRY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/LogicalResult.h"

#include <cstdint>
#include <memory>

namespace dsc::onnx {

struct Node;
class NodeImport;
using ImportFunction = llvm::LogicalResult (*)(NodeImport &);

/// How many inputs a node may have; the first `least` must not be left out.
struct InputCount {
  unsigned least;
  unsigned most;
};
constexpr InputCount inputs(unsigned least, unsigned most) { return {least, most}; }
constexpr InputCount inputs(unsigned count) { return {count, count}; }
constexpr InputCount atLeast(unsigned least) { return {least, ~0U}; }

struct Operator {
  int64_t since;
  InputCount inputs;
  ImportFunction import;
  /// Inputs that hold weights in models that keep them in Constant nodes.
  llvm::SmallVector<unsigned, 2> weights;
  /// Attributes without meaning for training: any that the function asks for none of
  /// and that are not here are refused rather than passed over.
  llvm::SmallVector<llvm::StringRef, 2> ignored;
  /// Whether inputs may be sequences of tensors.
  bool sequences = false;
  /// Whether inputs may be values whose size the data decides.
  bool deferred = false;
  /// Whether it takes its inputs apart at places that follow from their sizes alone.
  bool placed = false;

  Operator &weightInputs(llvm::ArrayRef<unsigned> indices) {
    weights.assign(indices.begin(), indices.end());
    return *this;
  }
  Operator &ignores(llvm::ArrayRef<llvm::StringRef> names) {
    ignored.assign(names.begin(), names.end());
    return *this;
  }
  Operator &takesDeferred() {
    deferred = true;
    return *this;
  }
  Operator &placesBySize() {
    placed = true;
    return *this;
  }
  Operator &takesSequences() {
    sequences = true;
    return *this;
  }
};

class Registry {
public:
  /// All operators there are.
  static const Registry &get();

  Operator &add(llvm::StringRef name, int64_t since, InputCount inputs, ImportFunction import);

  /// The entry for a node's operator in that opset of its domain; null if none. Those of
  /// other domains than the default one are registered as `domain.Name`.
  const Operator *find(const Node &node, int64_t opset) const;

private:
  const Operator *find(llvm::StringRef name, int64_t opset) const;

  llvm::StringMap<llvm::SmallVector<std::unique_ptr<Operator>, 1>> operators;
};

// One per file under Ops/.
void populateAttention(Registry &registry);
void populateConstant(Registry &registry);
void populateControl(Registry &registry);
void populateCumulative(Registry &registry);
void populateEinsum(Registry &registry);
void populateElementwise(Registry &registry);
void populateGridSample(Registry &registry);
void populateIndex(Registry &registry);
void populateLinear(Registry &registry);
void populateLinearAttention(Registry &registry);
void populateLoss(Registry &registry);
void populateMicrosoft(Registry &registry);
void populateMicrosoftAttention(Registry &registry);
void populateNorm(Registry &registry);
void populateNumeric(Registry &registry);
void populatePool(Registry &registry);
void populateQuantize(Registry &registry);
void populateRandom(Registry &registry);
void populateRecurrent(Registry &registry);
void populateReduce(Registry &registry);
void populateResize(Registry &registry);
void populateSampling(Registry &registry);
void populateScatter(Registry &registry);
void populateSequence(Registry &registry);
void populateShape(Registry &registry);
void populateSignal(Registry &registry);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_REGISTRY_H
