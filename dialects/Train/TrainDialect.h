//===- TrainDialect.h - Everything of the train dialect -------------------===//
#ifndef DSC_DIALECTS_TRAIN_TRAINDIALECT_H
#define DSC_DIALECTS_TRAIN_TRAINDIALECT_H

#include "dialects/Train/Interfaces.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Train/TrainDialect.h.inc"
#include "dialects/Train/TrainEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Train/TrainAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/Train/TrainOps.h.inc"

namespace dsc::train {
/// The attribute of arguments and results of programs that holds their ONNX name.
inline constexpr llvm::StringLiteral kNameAttr = "train.name";
/// The attribute of parameters on which the loss does not depend: not trained.
inline constexpr llvm::StringLiteral kNoGradientAttr = "train.no_gradient";
} // namespace dsc::train

#endif // DSC_DIALECTS_TRAIN_TRAINDIALECT_H
