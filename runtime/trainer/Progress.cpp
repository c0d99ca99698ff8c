//===- Progress.cpp - What a run shows while it runs ----------------------===//
#include "trainer/Progress.h"

#include "trainer/Error.h"

#include <algorithm>
#include <cmath>
#include <sys/ioctl.h>
#include <unistd.h>

using namespace dsc;

namespace {

constexpr int64_t plainLines = 20;
constexpr std::chrono::milliseconds drawInterval(100);

int terminalWidth() {
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

std::string rateText(double perSecond, const char *what) {
  if (perSecond >= 1e5)
    return format("%.0fk %s/s", perSecond * 1e-3, what);
  return format(perSecond >= 100 ? "%.0f %s/s" : "%.3g %s/s", perSecond, what);
}

std::string rateText(const StepMetrics &metrics, double milliseconds) {
  double scale = metrics.stepMs / milliseconds; // the smoothed rate instead of the last step's
  if (metrics.tokensPerSecond)
    return rateText(*metrics.tokensPerSecond * scale, "tokens");
  return rateText(metrics.samplesPerSecond * scale, "samples");
}

} // namespace

std::string dsc::durationText(double seconds) {
  long long whole = std::isfinite(seconds) ? std::llround(std::max(seconds, 0.0)) : 0;
  if (whole >= 3600)
    return format("%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
  return format("%lld:%02lld", whole / 60, whole % 60);
}

std::string dsc::evaluationText(const Evaluation &evaluation) {
  std::string text = format("eval loss %.4f", evaluation.loss);
  if (evaluation.accuracy)
    text += format("  accuracy %.2f %%", *evaluation.accuracy * 100);
  return text;
}

std::string dsc::barText(int64_t step, int64_t total, const std::vector<std::string> &parts,
                         int width) {
  std::string text =
      format("%lld/%lld", static_cast<long long>(step), static_cast<long long>(total));
  std::string tail;
  for (const std::string &part : parts)
    if (int(text.size() + tail.size() + part.size()) + 2 <= width)
      tail += "  " + part;
  int room = std::min(40, width - int(text.size() + tail.size()) - 3);
  if (room >= 8) {
    int filled = total > 0 ? static_cast<int>(step * room / total) : room;
    text += " [" + std::string(size_t(filled), '=') + std::string(size_t(room - filled), ' ') + "]";
  }
  return (text + tail).substr(0, size_t(std::max(width, 0)));
}

Progress::Progress(int64_t first, int64_t total)
    : isTerminal(isatty(STDOUT_FILENO) == 1), first(first), total(total),
      start(std::chrono::steady_clock::now()) {}

double Progress::secondsLeft(int64_t step) const {
  return smoothedMs * 1e-3 * static_cast<double>(total - step);
}

void Progress::step(const StepMetrics &metrics) {
  bool isFirst = metrics.step == first;
  // The first step prepares the library's routines; the second one starts the mean again.
  double weight = metrics.step <= first + 1 ? 1 : 0.05;
  smoothedMs += (metrics.stepMs - smoothedMs) * weight;
  if (std::isfinite(metrics.loss))
    smoothedLoss += (metrics.loss - smoothedLoss) * weight;
  std::string rate = rateText(metrics, smoothedMs);
  std::string left = durationText(secondsLeft(metrics.step)) + " left";
  if (isTerminal)
    return draw(metrics, rate, left);
  int64_t interval = std::max<int64_t>(1, total / plainLines);
  if (!isFirst && metrics.step != total && metrics.step % interval != 0)
    return;
  printf("step %lld/%lld  loss %.4f  lr %.3g  %s  %s\n", static_cast<long long>(metrics.step),
         static_cast<long long>(total), metrics.loss, metrics.lr, rate.c_str(), left.c_str());
  fflush(stdout);
}

void Progress::draw(const StepMetrics &metrics, const std::string &rate, const std::string &left) {
  auto now = std::chrono::steady_clock::now();
  if (barShown && metrics.step != total && now - lastDrawn < drawInterval)
    return;
  lastDrawn = now;
  std::string text = barText(metrics.step, total, {format("loss %.4f", smoothedLoss), left, rate},
                             terminalWidth() - 1);
  printf("\r\033[K%s", text.c_str());
  fflush(stdout);
  barShown = true;
}

void Progress::clearBar() {
  if (barShown)
    printf("\r\033[K");
  barShown = false;
}

void Progress::evaluation(int64_t step, const Evaluation &evaluation) {
  note(format("step %lld  %s", static_cast<long long>(step), evaluationText(evaluation).c_str()));
}

void Progress::note(const std::string &text) {
  clearBar();
  printf("%s\n", text.c_str());
  fflush(stdout);
}

void Progress::finish() {
  if (barShown)
    printf("\n");
  barShown = false;
  fflush(stdout);
}
