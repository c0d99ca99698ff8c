//===- Metrics.h - One JSON line per step and evaluation ------------------===//
#ifndef DSC_RUNTIME_TRAINER_METRICS_H
#define DSC_RUNTIME_TRAINER_METRICS_H

#include "trainer/Evaluate.h"
#include "trainer/LossCurve.h"

#include <cstdio>

namespace dsc {

struct StepMetrics {
  int64_t step = 0;
  double loss = 0, lr = 0;
  std::optional<double> gradNorm;
  double lossScale = 1;
  int64_t skipped = 0;
  double stepMs = 0, samplesPerSecond = 0;
  std::optional<double> tokensPerSecond;
};

/// Adds the losses of a metrics file to a curve: what an earlier part of the run did.
void readLosses(const std::string &path, LossCurve &curve);

/// Appends lines to a file; every line is there as soon as its step is done. Numbers that are not
/// finite are written as null. A new file that got no line is removed again.
class MetricsFile {
public:
  /// Without a path nothing is written. A resumed run keeps the lines up to `resumedStep`.
  MetricsFile(const std::string &path, std::optional<int64_t> resumedStep);
  ~MetricsFile();
  MetricsFile(const MetricsFile &) = delete;
  MetricsFile &operator=(const MetricsFile &) = delete;

  void write(const StepMetrics &metrics);
  void write(int64_t step, const Evaluation &evaluation);

private:
  void writeLine(const std::string &line);
  std::string path;
  FILE *file = nullptr;
  bool isEmpty = false;
};

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_METRICS_H
