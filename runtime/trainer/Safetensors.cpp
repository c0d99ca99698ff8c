//===- Safetensors.cpp - Reads and writes .safetensors images -------------===//
//
// An image is a u64 (little endian), that many bytes of JSON, and the data the
// JSON's offsets count from.
//
//===----------------------------------------------------------------------===//
#include "trainer/Safetensors.h"

#include "trainer/Error.h"
#include "trainer/Files.h"
#include "trainer/Json.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

using namespace dsc;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

/// As the format's own library has it; real headers are far below.
constexpr uint64_t longestHeader = 100'000'000;

/// The number of bytes a tensor needs, or nothing where that overflows.
std::optional<uint64_t> checkedBytes(const Shape &shape, DscType type) {
  uint64_t bytes = typeSize(type);
  for (int64_t size : shape)
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes))
      return std::nullopt;
  return bytes;
}

/// The tensors of an image, one header entry at a time.
class HeaderReader {
public:
  HeaderReader(std::string_view data, const std::string &source) : data(data), source(source) {}

  void read(const std::string &name, const json &entry) {
    std::optional<DscType> type = typeFromSafetensors(entry.at("dtype").get<std::string>());
    Shape offsets = listAt(entry, "data_offsets");
    if (offsets.size() != 2 || offsets[0] > offsets[1] || uint64_t(offsets[1]) > data.size())
      failExtent(name);
    auto begin = static_cast<uint64_t>(offsets[0]), end = static_cast<uint64_t>(offsets[1]);
    if (begin < end)
      extents.push_back({begin, end, name});
    if (!type)
      return;
    StoredTensor tensor{*type, listAt(entry, "shape"), data.data() + begin};
    if (checkedBytes(tensor.shape, *type) != end - begin)
      failExtent(name);
    result.tensors.emplace(name, std::move(tensor));
  }

  Safetensors finish() {
    std::sort(extents.begin(), extents.end());
    for (size_t i = 1; i < extents.size(); ++i)
      if (extents[i].begin < extents[i - 1].end)
        failInput("%s: tensors '%s' and '%s' overlap; the file is corrupt", source.c_str(),
                  extents[i - 1].name.c_str(), extents[i].name.c_str());
    return std::move(result);
  }

  Safetensors result;

private:
  struct Extent {
    uint64_t begin, end;
    std::string name;
    bool operator<(const Extent &other) const { return begin < other.begin; }
  };

  [[noreturn]] void failExtent(const std::string &name) {
    failInput("%s: tensor '%s' lies outside the file or its size contradicts its shape; the file "
              "is truncated or corrupt",
              source.c_str(), name.c_str());
  }

  /// The integers of a list.
  Shape listAt(const json &entry, const char *key) {
    if (!entry.at(key).is_array())
      failInput("%s: the %s of a tensor is no list", source.c_str(), key);
    std::string what = source + ": a number in the " + key + " of a tensor";
    Shape list;
    for (const json &number : entry.at(key))
      list.push_back(readInteger(number, 0, what.c_str()));
    return list;
  }

  std::string_view data;
  const std::string &source;
  std::vector<Extent> extents;
};

Safetensors readHeader(const json &header, std::string_view data, const std::string &source) {
  HeaderReader reader(data, source);
  for (const auto &[name, entry] : header.items())
    if (name == "__metadata__")
      reader.result.metadata = entry.get<std::map<std::string, std::string>>();
    else
      reader.read(name, entry);
  return reader.finish();
}

std::string headerText(const std::vector<TensorToWrite> &tensors,
                       const std::map<std::string, std::string> &metadata) {
  ordered_json header = ordered_json::object();
  if (!metadata.empty())
    header["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const TensorToWrite &tensor : tensors) {
    uint64_t end =
        offset + static_cast<uint64_t>(numElements(tensor.shape)) * typeSize(tensor.type);
    header[tensor.name] = {{"dtype", safetensorsName(tensor.type)},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' '); // the data starts aligned to 8
  return text;
}

} // namespace

const StoredTensor *Safetensors::find(const std::string &name) const {
  auto found = tensors.find(name);
  return found == tensors.end() ? nullptr : &found->second;
}

Safetensors dsc::readSafetensors(std::string_view image, const std::string &source) {
  uint64_t length = 0;
  if (image.size() >= sizeof(length))
    memcpy(&length, image.data(), sizeof(length));
  if (image.size() < sizeof(length) || length > image.size() - sizeof(length))
    failInput("%s is not a safetensors file, or it is truncated", source.c_str());
  if (length > longestHeader)
    failInput("%s is not a safetensors file: its header would be %llu bytes long", source.c_str(),
              static_cast<unsigned long long>(length));
  json header = parseJson<json>(image.substr(sizeof(length), length), source);
  try {
    return readHeader(header, image.substr(sizeof(length) + length), source);
  } catch (const json::exception &error) {
    failInput("%s: its header is not that of a safetensors file (%s)", source.c_str(),
              error.what());
  }
}

void dsc::writeSafetensors(AtomicFile &file, const std::vector<TensorToWrite> &tensors,
                           const std::map<std::string, std::string> &metadata) {
  std::string header = headerText(tensors, metadata);
  uint64_t length = header.size();
  file.write(&length, sizeof(length));
  file.write(header);
  for (const TensorToWrite &tensor : tensors)
    file.write(tensor.data, static_cast<size_t>(numElements(tensor.shape)) * typeSize(tensor.type));
}
