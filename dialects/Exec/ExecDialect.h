//===- ExecDialect.h - Everything of the exec dialect ---------------------===//
#ifndef DSC_DIALECTS_EXEC_EXECDIALECT_H
#define DSC_DIALECTS_EXEC_EXECDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Exec/ExecDialect.h.inc"

#define GET_OP_CLASSES
#include "dialects/Exec/ExecOps.h.inc"

namespace dsc::exec {
/// The attribute of a program's arguments and results that holds their name.
inline constexpr llvm::StringLiteral kNameAttr = "exec.name";
/// A program's arena size; a module's size of the part that outlives steps.
inline constexpr llvm::StringLiteral kArenaBytesAttr = "exec.arena_bytes";
inline constexpr llvm::StringLiteral kPersistentBytesAttr = "exec.persistent_bytes";

/// Whether the op runs its region several times: exec.repeat and exec.loop.
bool isRepeated(mlir::Operation *op);
/// How often the op runs in a step.
int64_t countRuns(mlir::Operation *op);
/// Where a result is in the arena, in bytes, once placed; in a loop, in the first iteration.
int64_t getOffset(mlir::OpResult result);
} // namespace dsc::exec

#endif // DSC_DIALECTS_EXEC_EXECDIALECT_H
