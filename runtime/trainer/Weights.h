//===- Weights.h - Where a run's first weights come from ------------------===//
#ifndef DSC_RUNTIME_TRAINER_WEIGHTS_H
#define DSC_RUNTIME_TRAINER_WEIGHTS_H

#include "trainer/Model.h"
#include "trainer/Payload.h"

namespace dsc {

/// The weights that were compiled in. Fails where the trainer has none.
void loadCompiledWeights(Model &model, const Payload &payload);

/// `--init FILE`: every parameter and state by name, and the optimizer's state where present.
/// Returns the optimizer's count: the metadata entry "optimizer_count", or a tensor
/// "<parameter>.step" as PyTorch keeps it; 0 without optimizer state.
int64_t loadInitFile(Model &model, const std::string &path);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_WEIGHTS_H
