//===- ModelDraws.h - Random little models --------------------------------===//
//
// `@forward` of a few layers on rows, images or tokens, as an importer gives it,
// with the options of the train pipeline that fit it.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TEST_CPUCHECK_MODELDRAWS_H
#define DSC_TEST_CPUCHECK_MODELDRAWS_H

#include "ProgramBuilder.h"
#include "dsc/Pipelines/Train.h"
#include "mlir/IR/OwningOpRef.h"

namespace dsc::cpucheck {

struct DrawnModel {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  TrainOptions options;
  int64_t classes, vocabulary; // bounds of the labels and of the tokens
};

DrawnModel drawModel(mlir::MLIRContext &context, uint64_t seed);

} // namespace dsc::cpucheck

#endif // DSC_TEST_CPUCHECK_MODELDRAWS_H
