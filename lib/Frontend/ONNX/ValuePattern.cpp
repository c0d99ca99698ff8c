//===- ValuePattern.cpp - Tables told from weights by values --------------===//

#include "ValuePattern.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <cstring>
#include <optional>

namespace dsc::onnx {

namespace {

/// The elements of a float tensor, converted one by one as they are asked for.
class Elements {
public:
  explicit Elements(const Tensor &tensor) : tensor(tensor), bytes(dataTypeBits(tensor.type) / 8) {}

  /// Whether they are there and of a float type whose precision tells a law from chance.
  bool areKnown() const {
    return epsilon() != 0 && tensor.numElements > 0 &&
           tensor.data.size() == static_cast<uint64_t>(tensor.numElements) * bytes;
  }

  double epsilon() const {
    switch (tensor.type) {
    case DataType::Double: // Most tables were made in f32 and widened.
    case DataType::Float:
      return 0x1p-23;
    case DataType::Float16:
      return 0x1p-10;
    case DataType::BFloat16:
      return 0x1p-7;
    default:
      return 0;
    }
  }

  double operator[](int64_t i) const {
    const char *at = tensor.data.data() + i * bytes;
    switch (tensor.type) {
    case DataType::Double:
      return load<double>(at);
    case DataType::Float:
      return load<float>(at);
    case DataType::BFloat16: {
      uint32_t wide = uint32_t{load<uint16_t>(at)} << 16;
      return load<float>(reinterpret_cast<const char *>(&wide));
    }
    default:
      return llvm::APFloat(llvm::APFloat::IEEEhalf(), llvm::APInt(16, load<uint16_t>(at)))
          .convertToDouble();
    }
  }

  int64_t size() const { return tensor.numElements; }
  llvm::ArrayRef<int64_t> shape() const { return tensor.dims; }

private:
  template <typename T> static T load(const char *at) {
    T value;
    std::memcpy(&value, at, sizeof(T));
    return value;
  }

  const Tensor &tensor;
  unsigned bytes;
};

/// Elements along one axis: those before it and after it number the lines.
struct Axis {
  int64_t outer, length, inner;

  int64_t lines() const { return outer * inner; }
  int64_t at(int64_t line, int64_t t) const {
    return (line / inner * length + t) * inner + line % inner;
  }
};

/// Elements t of one line of an axis.
struct Line {
  const Elements &elements;
  const Axis &axis;
  int64_t number, length;

  double operator[](int64_t t) const { return elements[axis.at(number, t)]; }
  double neighbours(int64_t t) const { return (*this)[t - 1] + (*this)[t + 1]; }
};

/// The k of the lines that obey x[t+1] + x[t-1] = k x[t] and are not of equal elements.
struct Progression {
  int64_t lines = 0;
  double leastK = 0, mostK = 0;
};

} // namespace

/// A mask shows within its first rows, and weights are too large to be searched.
static bool holdsInfinity(const Elements &x) {
  constexpr int64_t searched = 4096;
  for (int64_t i = 0; i < std::min(x.size(), searched); ++i)
    if (std::isinf(x[i]))
      return true;
  return false;
}

/// The two values of a tensor that has exactly two; a NaN is like no other.
static std::optional<std::pair<double, double>> twoValues(const Elements &x) {
  double first = x[0];
  std::optional<double> second;
  for (int64_t i = 0; i < x.size(); ++i) {
    double value = x[i];
    if (value == first || (second && value == *second))
      continue;
    if (second || std::isnan(value))
      return std::nullopt;
    second = value;
  }
  if (!second)
    return std::nullopt;
  return std::make_pair(first, *second);
}

static std::optional<Axis> axisOf(llvm::ArrayRef<int64_t> shape, size_t i) {
  constexpr int64_t shortest = 5; // Three equations for one unknown.
  Axis axis{1, shape[i], 1};
  for (int64_t size : shape.take_front(i))
    axis.outer *= size;
  for (int64_t size : shape.drop_front(i + 1))
    axis.inner *= size;
  if (axis.length < shortest)
    return std::nullopt;
  return axis;
}

/// k by least squares.
static double fit(const Line &x) {
  double product = 0, square = 0;
  for (int64_t t = 1; t + 1 < x.length; ++t) {
    product += x[t] * x.neighbours(t);
    square += x[t] * x[t];
  }
  return square > 0 ? product / square : 0;
}

static bool obeys(const Line &x, double k, double tolerance) {
  for (int64_t t = 1; t + 1 < x.length; ++t)
    if (!(std::abs(x.neighbours(t) - k * x[t]) <= tolerance))
      return false;
  return true;
}

static std::pair<double, double> range(const Line &x) {
  double least = x[0], most = x[0];
  for (int64_t t = 1; t < x.length; ++t) {
    least = std::min(least, x[t]);
    most = std::max(most, x[t]);
  }
  return {least, most};
}

/// Whether the line obeys the law to rounding, of its elements and of the argument of a
/// sine, whose error grows along the line. Lines of hardly any movement prove nothing.
static bool extend(Progression &progression, const Line &x) {
  auto [least, most] = range(x);
  if (least == most)
    return true;
  double epsilon = x.elements.epsilon();
  double magnitude = std::max(std::abs(least), std::abs(most));
  double growth = std::min(2 * epsilon * static_cast<double>(x.length), 0.02);
  double k = fit(x);
  if (!obeys(x, k, 4 * epsilon * magnitude + growth * (most - least)))
    return false;
  if (most - least < 64 * epsilon * magnitude)
    return true;
  progression.leastK = progression.lines ? std::min(progression.leastK, k) : k;
  progression.mostK = progression.lines ? std::max(progression.mostK, k) : k;
  ++progression.lines;
  return true;
}

/// Judged by the first elements of a line before the whole of it, which can lie on as many
/// pages of the file as it is long.
static std::optional<Progression> progressionAlong(const Elements &x, const Axis &axis) {
  constexpr int64_t first = 8;
  Progression result;
  for (int64_t number = 0; number < axis.lines(); ++number) {
    Progression head;
    if (!extend(head, {x, axis, number, std::min(first, axis.length)}) ||
        !extend(result, {x, axis, number, axis.length}))
      return std::nullopt;
  }
  // In narrow types few equations hold by chance.
  bool isNarrow = x.epsilon() > 1e-5;
  if (result.lines * (axis.length - 2) < (isNarrow ? 32 : 3))
    return std::nullopt;
  return result;
}

namespace {
struct Law {
  const char *name;
  /// Whether no weight starts like this.
  bool isCertain;
};
} // namespace

static Law lawOf(const Progression &progression, double epsilon) {
  double rounding = std::max(1e-5, 16 * epsilon);
  if (progression.leastK > 2 + rounding)
    return {"a geometric sequence", true};
  bool varies = progression.mostK - progression.leastK > 100 * rounding;
  if (!varies && std::abs(progression.leastK - 2) <= rounding)
    return {"a ramp", false};
  return {"a sampled wave", varies};
}

static std::optional<Law> findProgression(const Elements &x) {
  std::optional<Law> best;
  for (size_t i = 0; i < x.shape().size(); ++i)
    if (auto axis = axisOf(x.shape(), i))
      if (auto progression = progressionAlong(x, *axis)) {
        Law law = lawOf(*progression, x.epsilon());
        if (!best || law.isCertain)
          best = law;
      }
  return best;
}

/// Whether elements [.., i, j] depend on i - j, and not all are equal.
static bool dependsOnDifference(const Elements &x) {
  constexpr int64_t shortest = 5;
  size_t rank = x.shape().size();
  if (rank < 2 || x.shape()[rank - 1] < shortest || x.shape()[rank - 2] < shortest)
    return false;
  int64_t rows = x.shape()[rank - 2], columns = x.shape()[rank - 1];
  bool isConstant = true;
  for (int64_t i = 0; i < x.size(); ++i) {
    bool hasDiagonal = i / columns % rows != 0 && i % columns != 0;
    if (std::isnan(x[i]) || (hasDiagonal && x[i] != x[i - columns - 1]))
      return false;
    isConstant &= x[i] == x[0];
  }
  return !isConstant;
}

static std::string text(double value) {
  std::string result;
  llvm::raw_string_ostream(result) << llvm::format("%g", value);
  return result;
}

std::string tablePattern(const Tensor &tensor, TensorUse use) {
  Elements x(tensor);
  if (!x.areKnown())
    return "";
  if (holdsInfinity(x))
    return "a mask: it holds infinities";
  constexpr int64_t fewest = 9; // Fewer elements have two values by chance.
  constexpr double huge = 1e4;
  bool canStartSo = (use.isWeight && !use.isLookedUp) || use.isBias;
  if (auto values = x.size() < fewest ? std::nullopt : twoValues(x)) {
    auto [least, most] = std::minmax(values->first, values->second);
    if (!canStartSo || std::max(-least, most) >= huge)
      return "a mask: it has two values, " + text(values->first) + " and " + text(values->second);
  }
  if (auto law = findProgression(x); law && (law->isCertain || !(use.isWeight || use.isBias)))
    return std::string("a table: ") + law->name;
  if (!canStartSo && dependsOnDifference(x))
    return "a table: it depends on the difference of two indices";
  return "";
}

bool isFill(const Tensor &tensor) {
  size_t bytes = dataTypeBits(tensor.type) / 8;
  return bytes > 0 && tensor.data.size() > bytes &&
         tensor.data.drop_front(bytes) == tensor.data.drop_back(bytes);
}

bool isUnmistakable(const Tensor &tensor) {
  constexpr size_t enough = 16;
  size_t bytes = dataTypeBits(tensor.type) / 8;
  llvm::StringSet<> values;
  for (size_t i = 0; i + bytes <= tensor.data.size() && values.size() < enough; i += bytes)
    values.insert(tensor.data.substr(i, bytes));
  return values.size() >= enough;
}

} // namespace dsc::onnx
