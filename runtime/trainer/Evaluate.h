//===- Evaluate.h - The loss over a whole data set ------------------------===//
#ifndef DSC_RUNTIME_TRAINER_EVALUATE_H
#define DSC_RUNTIME_TRAINER_EVALUATE_H

#include "trainer/Model.h"

namespace dsc {

struct Evaluation {
  double loss = 0;
  std::optional<double> accuracy; // where labels are classes
  bool interrupted = false;       // by a signal: the figures are of a part
};

/// Evaluates every sample once, in order. The last batch is filled up with copies of the last
/// sample, whose results do not count.
Evaluation evaluate(Model &model, const Dataset &dataset);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_EVALUATE_H
