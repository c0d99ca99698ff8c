//===- ModelCheck.h - Training programs compiled and interpreted ----------===//
#ifndef DSC_TEST_CPUCHECK_MODELCHECK_H
#define DSC_TEST_CPUCHECK_MODELCHECK_H

#include "CompiledModule.h"
#include "ModelDraws.h"

namespace dsc::cpucheck {

/// Runs the model through the train pipeline and compares what the compiled
/// programs compute with the interpreter: gradients, two steps of training with
/// all they leave in variables, evaluation. With launches in batches, of which it counts
/// those, the bits must be those without.
bool checkModel(DrawnModel model, const CompiledModule::Options &options, int64_t &numBatched);

} // namespace dsc::cpucheck

#endif // DSC_TEST_CPUCHECK_MODELCHECK_H
