//===- LossCurve.h - Training and evaluation loss as an SVG image ---------===//
#ifndef DSC_RUNTIME_TRAINER_LOSSCURVE_H
#define DSC_RUNTIME_TRAINER_LOSSCURVE_H

#include <cstdint>
#include <string>
#include <vector>

namespace dsc {

struct CurvePoint {
  double step, loss;
};

class LossCurve {
public:
  void addTraining(int64_t step, double loss);
  void addEvaluation(int64_t step, double loss);
  /// Whether the last evaluation was after this step.
  bool endsWithEvaluationAt(int64_t step) const {
    return !evaluation.empty() && evaluation.back().step == static_cast<double>(step);
  }
  void write(const std::string &path, const std::string &title) const;

private:
  std::string svg(const std::string &title) const;
  std::vector<CurvePoint> training, evaluation;
};

/// Means of `points` over at most `limit` stretches of equal length.
std::vector<CurvePoint> thinned(const std::vector<CurvePoint> &points, size_t limit);

/// Round numbers that divide [low, high] into about `count` parts.
std::vector<double> niceTicks(double low, double high, int count);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_LOSSCURVE_H
