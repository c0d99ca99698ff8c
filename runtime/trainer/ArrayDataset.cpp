//===- ArrayDataset.cpp - Named arrays as a data set ----------------------===//
//
// One array per input under its name; the leading dimension counts samples.
//
//===----------------------------------------------------------------------===//
#include "trainer/Dataset.h"
#include "trainer/Error.h"

#include <algorithm>

using namespace dsc;

namespace {

class ArrayDataset : public Dataset {
public:
  ArrayDataset(const ArrayFiles &files, const std::vector<InputInfo> &inputs,
               const Scaling &scaling)
      : Dataset(inputs), source(files.path()), scaling(scaling) {
    for (const InputInfo &input : inputs)
      addArray(files, input);
    if (scaling.given && !scales)
      failInput("%s has no uint8 array for a float input, which --scale and --offset are for",
                source.c_str());
  }

  int64_t samples() const override { return count; }
  int64_t sequentialPeriod(int64_t) const override { return count; }
  const std::string &path() const override { return source; }

  std::string describe(int input) const override {
    return "array '" + inputs[size_t(input)].name + "' of " + source;
  }

  void readRow(int index, int64_t sample, void *row) const override {
    const InputInfo &input = inputs[size_t(index)];
    const Array &array = arrays[size_t(index)];
    const char *from = rowAt(index, sample);
    int64_t elements = numElements(input.sampleShape());
    int64_t bad = convertArray(row, input.type, from, array.type, elements, scaling);
    if (bad >= 0)
      failInput("%s, sample %lld: value %s does not fit the input's type %s",
                describe(index).c_str(), static_cast<long long>(sample),
                elementText(from, array.type, bad).c_str(), typeName(input.type));
  }

  const void *rowsInPlace(int index, int64_t sample, int64_t rows) const override {
    if (sample + rows > count ||
        !isSameType(arrays[size_t(index)].type, inputs[size_t(index)].type))
      return nullptr;
    return rowAt(index, sample);
  }

private:
  const char *rowAt(int index, int64_t sample) const {
    const Array &array = arrays[size_t(index)];
    return array.data + array.bytes() / size_t(count) * size_t(sample);
  }

  void addArray(const ArrayFiles &files, const InputInfo &input) {
    if (!files.contains(input.name))
      failInput("%s has no array '%s', which the model reads; it has %s", source.c_str(),
                input.name.c_str(), namesText(files).c_str());
    Array array = files.open(input.name);
    requireShape(array, input);
    std::string reason = whyNotConvertible(array.type, input.type, scaling);
    if (!reason.empty())
      failInput("array '%s' of %s is %s, the input is %s; %s", input.name.c_str(), source.c_str(),
                array.type.name().c_str(), typeName(input.type), reason.c_str());
    requireCount(array, input);
    scales |= whyNotConvertible(array.type, input.type, {}) != reason;
    arrays.push_back(std::move(array));
  }

  /// Not all of them: an archive may have thousands, each of any length.
  static std::string namesText(const ArrayFiles &files) {
    std::string text;
    std::vector<std::string> names = files.names();
    size_t shown = std::min<size_t>(names.size(), 10);
    for (size_t i = 0; i < shown; ++i)
      text +=
          (i == 0 ? "'" : ", '") + names[i].substr(0, 80) + (names[i].size() > 80 ? "...'" : "'");
    if (shown < names.size())
      text += " and " + std::to_string(names.size() - shown) + " more";
    return names.empty() ? "none" : text;
  }

  void requireShape(const Array &array, const InputInfo &input) {
    Shape wanted = input.sampleShape();
    if (!array.shape.empty() && Shape(array.shape.begin() + 1, array.shape.end()) == wanted)
      return;
    std::string expected = "[samples";
    for (int64_t size : wanted)
      expected += ", " + std::to_string(size);
    failInput("array '%s' of %s has shape %s, expected %s]", input.name.c_str(), source.c_str(),
              shapeText(array.shape).c_str(), expected.c_str());
  }

  void requireCount(const Array &array, const InputInfo &input) {
    if (arrays.empty())
      count = array.shape[0];
    if (array.shape[0] != count)
      failInput("%s: array '%s' has %lld samples, '%s' has %lld", source.c_str(),
                input.name.c_str(), static_cast<long long>(array.shape[0]), inputs[0].name.c_str(),
                static_cast<long long>(count));
    if (count == 0)
      failInput("%s: array '%s' has no samples", source.c_str(), input.name.c_str());
  }

  std::string source;
  Scaling scaling;
  bool scales = false;       // whether any array is scaled
  std::vector<Array> arrays; // one per input
  int64_t count = 0;
};

} // namespace

std::unique_ptr<Dataset> dsc::openArrayDataset(const std::string &path, const ModuleInfo &module,
                                               const Scaling &scaling) {
  ArrayFiles files(path);
  return std::make_unique<ArrayDataset>(files, module.inputs, scaling);
}
