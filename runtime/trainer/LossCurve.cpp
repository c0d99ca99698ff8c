//===- LossCurve.cpp - Training and evaluation loss as an SVG image -------===//
#include "trainer/LossCurve.h"

#include "trainer/Error.h"
#include "trainer/Files.h"

#include <algorithm>
#include <cmath>

using namespace dsc;

namespace {

constexpr double width = 860, height = 440;
constexpr double left = 64, right = 24, top = 44, bottom = 48;
constexpr const char *trainingColour = "#2563eb", *evaluationColour = "#dc2626";

/// The range of both axes, and where a point falls.
struct Axes {
  double lowX = 0, highX = 1, lowY = 0, highY = 1;

  double x(double step) const {
    return left + (step - lowX) / (highX - lowX) * (width - left - right);
  }
  double y(double loss) const {
    return height - bottom - (loss - lowY) / (highY - lowY) * (height - top - bottom);
  }
};

Axes fitAxes(const std::vector<CurvePoint> &one, const std::vector<CurvePoint> &other) {
  Axes axes;
  double low = INFINITY, high = -INFINITY, last = 1;
  for (const std::vector<CurvePoint> *points : {&one, &other})
    for (const CurvePoint &point : *points) {
      low = std::min(low, point.loss);
      high = std::max(high, point.loss);
      last = std::max(last, point.step);
    }
  if (low > high)
    low = 0, high = 1;
  double margin = high > low ? (high - low) * 0.05 : std::max(std::abs(high) * 0.1, 0.1);
  axes.highX = last;
  axes.lowY = low >= 0 ? std::max(0.0, low - margin) : low - margin;
  axes.highY = high + margin;
  return axes;
}

std::string label(double x, double y, const char *anchor, const std::string &words) {
  return format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor,
                words.c_str());
}

std::string gridLine(double x1, double y1, double x2, double y2) {
  return format("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#e5e7eb\"/>\n", x1,
                y1, x2, y2);
}

std::string grid(const Axes &axes) {
  std::string text;
  for (double tick : niceTicks(axes.lowY, axes.highY, 6))
    text += gridLine(left, axes.y(tick), width - right, axes.y(tick)) +
            label(left - 8, axes.y(tick) + 4, "end", format("%g", tick));
  for (double tick : niceTicks(axes.lowX, axes.highX, 8))
    text += gridLine(axes.x(tick), top, axes.x(tick), height - bottom) +
            label(axes.x(tick), height - bottom + 18, "middle", format("%g", tick));
  return text + label((left + width - right) / 2, height - 10, "middle", "step") +
         label(left - 8, top - 12, "end", "loss");
}

std::string curve(const Axes &axes, const std::vector<CurvePoint> &points, const char *colour,
                  double strokeWidth, double opacity) {
  std::string path;
  for (const CurvePoint &point : points)
    path += format("%.1f,%.1f ", axes.x(point.step), axes.y(point.loss));
  return format("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%g\" stroke-opacity=\"%g\" "
                "stroke-linejoin=\"round\" points=\"%s\"/>\n",
                colour, strokeWidth, opacity, path.c_str());
}

std::string markers(const Axes &axes, const std::vector<CurvePoint> &points) {
  std::string text;
  for (const CurvePoint &point : points)
    text += format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>\n", axes.x(point.step),
                   axes.y(point.loss), evaluationColour);
  return text;
}

std::string legend(double x, const char *colour, const std::string &words) {
  return format("<rect x=\"%.1f\" y=\"22\" width=\"18\" height=\"4\" fill=\"%s\"/>\n", x, colour) +
         label(x + 24, 28, "start", words);
}

std::string escaped(const std::string &text) {
  std::string result;
  for (char c : text)
    result += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  return result;
}

void addPoint(std::vector<CurvePoint> &points, int64_t step, double loss) {
  if (std::isfinite(loss))
    points.push_back({static_cast<double>(step), loss});
}

} // namespace

std::vector<CurvePoint> dsc::thinned(const std::vector<CurvePoint> &points, size_t limit) {
  size_t stretch = (points.size() + limit - 1) / std::max<size_t>(limit, 1);
  std::vector<CurvePoint> result;
  for (size_t begin = 0; begin < points.size(); begin += stretch) {
    size_t end = std::min(begin + stretch, points.size());
    CurvePoint mean = {0, 0};
    for (size_t i = begin; i < end; ++i) {
      mean.step += points[i].step / static_cast<double>(end - begin);
      mean.loss += points[i].loss / static_cast<double>(end - begin);
    }
    result.push_back(mean);
  }
  return result;
}

std::vector<double> dsc::niceTicks(double low, double high, int count) {
  double raw = (high - low) / count;
  double power = std::pow(10.0, std::floor(std::log10(raw)));
  double distance = power * 10;
  for (double factor : {1.0, 2.0, 5.0})
    if (power * factor >= raw) {
      distance = power * factor;
      break;
    }
  std::vector<double> ticks;
  for (double i = std::ceil(low / distance); i * distance <= high * (1 + 1e-12); ++i)
    ticks.push_back(i * distance);
  return ticks;
}

void LossCurve::addTraining(int64_t step, double loss) { addPoint(training, step, loss); }
void LossCurve::addEvaluation(int64_t step, double loss) { addPoint(evaluation, step, loss); }

std::string LossCurve::svg(const std::string &title) const {
  // Single steps are drawn faintly, their means over 1/60 of the run on top.
  std::vector<CurvePoint> fine = thinned(training, 600), smooth = thinned(training, 60);
  Axes axes = fitAxes(fine, evaluation);
  std::string text = format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" width=\"%g\" height=\"%g\" "
      "font-family=\"sans-serif\" font-size=\"12\" fill=\"#374151\">\n"
      "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
      width, height, width, height);
  text += grid(axes) +
          label(left, 28, "start", "<tspan font-weight=\"bold\">" + escaped(title) + "</tspan>");
  text += curve(axes, fine, trainingColour, 1, 0.35) + curve(axes, smooth, trainingColour, 2, 1);
  text += legend(width - 250, trainingColour, "training");
  if (!evaluation.empty())
    text += curve(axes, evaluation, evaluationColour, 2, 1) + markers(axes, evaluation) +
            legend(width - 140, evaluationColour, "evaluation");
  return text + "</svg>\n";
}

void LossCurve::write(const std::string &path, const std::string &title) const {
  writeFile(path, svg(title));
}
