//===- Signless.h - Element types as loops and routines have them ---------===//
//
// Train IR tells signed from unsigned integers by their types; loop nests tell
// them by their operations (divsi, divui), on integers without a sign.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_LOWERING_SIGNLESS_H
#define DSC_LIB_LOWERING_SIGNLESS_H

#include "mlir/IR/BuiltinOps.h"

namespace dsc {

/// Whether numbers of the type are read without a sign; booleans are 0 and 1.
inline bool isUnsigned(mlir::Type type) { return type.isUnsignedInteger() || type.isInteger(1); }

/// The type without signs: of a number, a tensor or a function.
mlir::Type signless(mlir::Type type);

/// The scalar as one of another signedness, until makeSignless.
mlir::Value castSign(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value scalar,
                     mlir::Type type);

/// Takes the signs from all types of exec IR.
void makeSignless(mlir::Operation *program);

} // namespace dsc

#endif // DSC_LIB_LOWERING_SIGNLESS_H
