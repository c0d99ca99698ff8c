//===- CallSizes.h - How much calls of functions ask for ------*- C++ -*-===//
//
// Functions that call each other twice make 2^n nodes of n functions. How many it
// will be is known before one is made.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_CALLSIZES_H
#define DSC_FRONTEND_ONNX_CALLSIZES_H

#include "dsc/Frontend/ONNX/Model.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseMap.h"

namespace dsc::onnx {

class CallSizes {
public:
  /// More are not counted.
  static constexpr size_t most = size_t(1) << 32;

  explicit CallSizes(const Model &model) : model(model) {}

  /// The nodes of these, of what they call, and so on, with every call as often as it is made;
  /// at most `most`. It is a lower bound: bodies of branches and loops are left out, and of
  /// functions that call themselves or nest deeper than 64 only what is found until then.
  size_t of(llvm::ArrayRef<Node> nodes);

private:
  size_t of(const Function &function);

  const Model &model;
  llvm::DenseMap<const Function *, size_t> known;
  unsigned depth = 0;
};

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_CALLSIZES_H
