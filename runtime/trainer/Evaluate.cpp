//===- Evaluate.cpp - The loss over a whole data set ----------------------===//
//
// A model whose loss is per sample gives sums per sample, of which the valid
// ones are added. A model that computes its loss over the batch itself gives one
// sum and count (1 where it is a mean of its own making); there the copies that fill
// the last batch are taken out again: one more batch, all copies, gives those of a copy.
//
//===----------------------------------------------------------------------===//
#include "trainer/Evaluate.h"

#include "trainer/Signals.h"

#include <algorithm>

using namespace dsc;

namespace {

/// Adds up the results of batches.
class Sums {
public:
  Sums(const Model &model) : model(model), program(model.info.evaluate) {
    const TensorInfo *loss = program.findResult("loss_sum");
    isPerSample = loss && !loss->shape.empty();
    hasClasses = isPerSample && program.findResult("correct");
  }

  bool perSample() const { return isPerSample; }

  void addSamples(int64_t valid) {
    for (int64_t row = 0; row < valid; ++row) {
      loss += model.result(program, "loss_sum", row);
      count += model.result(program, "count", row, 1);
      correct += model.result(program, "correct", row);
    }
  }

  /// `valid` rows and `batch - valid` copies, or the copies' own batch where `valid` is 0.
  void addBatch(int64_t valid, int64_t batch) {
    double weight = valid > 0 ? 1 : -static_cast<double>(copies) / static_cast<double>(batch);
    loss += weight * model.result(program, "loss_sum");
    count += weight * model.result(program, "count", 0, 1);
    copies += valid > 0 ? batch - valid : 0;
  }

  Evaluation evaluation() const {
    Evaluation result;
    result.loss = loss / count;
    if (hasClasses)
      result.accuracy = correct / count;
    return result;
  }

private:
  const Model &model;
  const ProgramInfo &program;
  bool isPerSample = false, hasClasses = false;
  double loss = 0, count = 0, correct = 0;
  int64_t copies = 0;
};

/// The samples [step * batch, …), the last one repeated behind the end.
BatchPlan sequentialPlan(int64_t total) {
  return [total](int64_t step, std::vector<int64_t> &samples) {
    int64_t first = step * static_cast<int64_t>(samples.size());
    for (size_t row = 0; row < samples.size(); ++row)
      samples[row] = std::min(first + static_cast<int64_t>(row), total - 1);
    return std::clamp<int64_t>(total - first, 0, static_cast<int64_t>(samples.size()));
  };
}

} // namespace

Evaluation dsc::evaluate(Model &model, const Dataset &dataset) {
  Sums sums(model);
  int64_t batch = model.info.evaluate.rows, total = dataset.samples();
  int64_t batches = (total + batch - 1) / batch;
  bool needsCopyBatch = !sums.perSample() && total % batch != 0;
  int64_t end = batches + (needsCopyBatch ? 1 : 0);
  BatchStream stream(dataset, model.info, batch, sequentialPlan(total), 0, end);
  for (int64_t step = 0; step < end; ++step) {
    if (stopRequested()) {
      Evaluation partial;
      partial.interrupted = true;
      return partial;
    }
    const Batch &rows = stream.next();
    model.evaluate(rows);
    if (sums.perSample())
      sums.addSamples(rows.valid);
    else
      sums.addBatch(rows.valid, batch);
  }
  return sums.evaluation();
}
