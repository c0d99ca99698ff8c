//===- DumpTensors.h - What --dump-tensors writes -------------------------===//
#ifndef DSC_RUNTIME_TRAINER_DUMPTENSORS_H
#define DSC_RUNTIME_TRAINER_DUMPTENSORS_H

#include "trainer/Model.h"

namespace dsc {

/// Runs the gradients program on `batch` and writes `loss`, every `output.<name>` and every
/// `grad.<parameter>` as f32 arrays of an .npz file. Weights stay as they are.
void dumpTensors(Model &model, const Batch &batch, const std::string &path);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_DUMPTENSORS_H
