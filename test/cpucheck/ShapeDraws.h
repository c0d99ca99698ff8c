//===- ShapeDraws.h - A value as a shape op of another --------------------===//
#ifndef DSC_TEST_CPUCHECK_SHAPEDRAWS_H
#define DSC_TEST_CPUCHECK_SHAPEDRAWS_H

#include "ProgramBuilder.h"

namespace dsc::cpucheck {

/// A value of the type made by a random op that moves elements; null where the
/// one drawn does not fit the type.
mlir::Value deriveByShapeOp(ProgramBuilder &program, mlir::RankedTensorType type, const Want &want);

/// Whether one shape op makes `value` a tensor of the type, and that op.
bool canAdapt(mlir::Value value, mlir::RankedTensorType type);
mlir::Value adapt(ProgramBuilder &program, mlir::Value value, mlir::RankedTensorType type);

// Each of them; null where it does not fit.
mlir::Value byTranspose(ProgramBuilder &program, mlir::RankedTensorType type, const Want &want);
mlir::Value bySlice(ProgramBuilder &program, mlir::RankedTensorType type, const Want &want);
mlir::Value byBroadcast(ProgramBuilder &program, mlir::RankedTensorType type, const Want &want);
mlir::Value byReshape(ProgramBuilder &program, mlir::RankedTensorType type, const Want &want);
mlir::Value byConcat(ProgramBuilder &program, mlir::RankedTensorType type, const Want &want);
mlir::Value byPad(ProgramBuilder &program, mlir::RankedTensorType type, const Want &want);

} // namespace dsc::cpucheck

#endif // DSC_TEST_CPUCHECK_SHAPEDRAWS_H
