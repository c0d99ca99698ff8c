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
} // namespace dsc::exec

#endif // DSC_DIALECTS_EXEC_EXECDIALECT_H
