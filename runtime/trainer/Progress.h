//===- Progress.h - What a run shows while it runs ------------------------===//
//
// On a terminal one line that is drawn over: bar, loss, rate, time left. In a
// pipe plain lines, about twenty of them.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_PROGRESS_H
#define DSC_RUNTIME_TRAINER_PROGRESS_H

#include "trainer/Metrics.h"

#include <chrono>

namespace dsc {

class Progress {
public:
  /// Steps [first, total] will run.
  Progress(int64_t first, int64_t total);
  ~Progress() { finish(); }
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

  void step(const StepMetrics &metrics);
  void evaluation(int64_t step, const Evaluation &evaluation);
  /// A line of its own, such as where a checkpoint lies.
  void note(const std::string &text);
  /// Ends the bar; what follows starts on a new line.
  void finish();

private:
  void draw(const StepMetrics &metrics, const std::string &rate, const std::string &left);
  double secondsLeft(int64_t step) const;
  void clearBar();

  bool isTerminal;
  bool barShown = false;
  int64_t first, total;
  std::chrono::steady_clock::time_point start, lastDrawn;
  double smoothedMs = 0, smoothedLoss = 0;
};

/// "eval loss 0.3112  accuracy 89.52 %"
std::string evaluationText(const Evaluation &evaluation);
/// "1:02:03" or "2:03"
std::string durationText(double seconds);
/// The line of the bar, never wider than `width`: parts are left out from the back to fit.
std::string barText(int64_t step, int64_t total, const std::vector<std::string> &parts, int width);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_PROGRESS_H
