//===- Interfaces.cpp - Defaults of the interfaces of train ops -----------===//

#include "dialects/Train/Interfaces.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;

#include "dialects/Train/TrainInterfaces.cpp.inc"

int64_t dsc::train::getTensorBytes(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  unsigned bits = tensor.getElementTypeBitWidth();
  return tensor.getNumElements() * static_cast<int64_t>((bits + 7) / 8);
}

SmallVector<NamedAttribute> dsc::train::ownAttributes(Operation *op) {
  auto isOwn = [&](NamedAttribute attribute) {
    return !op->getDiscardableAttr(attribute.getName());
  };
  return llvm::filter_to_vector(op->getAttrs(), isOwn);
}

int64_t dsc::train::countResultElements(Operation *op) {
  int64_t elements = 0;
  for (Type type : op->getResultTypes()) {
    elements += cast<RankedTensorType>(type).getNumElements();
  }
  return elements;
}

int64_t dsc::train::countOperandAndResultBytes(Operation *op) {
  int64_t bytes = 0;
  SmallPtrSet<Value, 8> seen;
  for (Value operand : op->getOperands()) {
    if (seen.insert(operand).second) {
      bytes += getTensorBytes(operand.getType());
    }
  }
  for (Type type : op->getResultTypes()) {
    bytes += getTensorBytes(type);
  }
  return bytes;
}
