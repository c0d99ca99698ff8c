//===- Safetensors.cpp - Reads and writes .safetensors images -------------===//
//
// An image is a u64 (little endian), that many bytes of JSON, and the data the
// JSON's offsets count from.
//
//===----------------------------------------------------------------------===//
#include "trainer/Safetensors.h"

#include "trainer/Error.h"
#include "trainer/Files.h"

#include <cstring>
#include <nlohmann/json.hpp>

using namespace dsc;
using nlohmann::ordered_json;

namespace {

/// The number of bytes a tensor needs, or nothing where that overflows or a size is negative.
std::optional<uint64_t> checkedBytes(const Shape &shape, DscType type) {
  uint64_t bytes = typeSize(type);
  for (int64_t size : shape)
    if (size < 0 || __builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes))
      return std::nullopt;
  return bytes;
}

void readTensor(Safetensors &result, const std::string &name, const ordered_json &json,
                std::string_view data, const std::string &source) {
  std::optional<DscType> type = typeFromSafetensors(json.at("dtype").get<std::string>());
  if (!type)
    return;
  StoredTensor tensor{*type, json.at("shape").get<Shape>(), nullptr};
  uint64_t begin = json.at("data_offsets").at(0), end = json.at("data_offsets").at(1);
  std::optional<uint64_t> bytes = checkedBytes(tensor.shape, *type);
  if (begin > end || end > data.size() || !bytes || *bytes != end - begin)
    failInput("%s: tensor '%s' lies outside the file or its size contradicts its shape; the file "
              "is truncated or corrupt",
              source.c_str(), name.c_str());
  tensor.data = data.data() + begin;
  result.tensors.emplace(name, std::move(tensor));
}

Safetensors readHeader(const ordered_json &header, std::string_view data,
                       const std::string &source) {
  Safetensors result;
  for (const auto &[name, json] : header.items())
    if (name == "__metadata__")
      result.metadata = json.get<std::map<std::string, std::string>>();
    else
      readTensor(result, name, json, data, source);
  return result;
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
  std::string_view text = image.substr(sizeof(length), length);
  try {
    return readHeader(ordered_json::parse(text), image.substr(sizeof(length) + length), source);
  } catch (const nlohmann::json::exception &error) {
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
