//===- SafetensorsFile.cpp - Weights by name ------------------------------===//

#include "lib/Driver/SafetensorsFile.h"

#include "dsc/Support/Json.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/JSON.h"
#include <cstring>
#include <optional>
#include <tuple>

using namespace dsc;
namespace json = llvm::json;

static llvm::Error fail(llvm::StringRef path, const llvm::Twine &what) {
  return llvm::createStringError("'" + path + "': " + what);
}

/// As the format's own library has it; real headers are far below.
static constexpr uint64_t kLongestHeader = 100'000'000;

/// The header and what follows it.
static llvm::Expected<std::pair<json::Value, llvm::StringRef>> splitHeader(llvm::StringRef bytes,
                                                                           llvm::StringRef path) {
  uint64_t size = 0;
  if (bytes.size() < sizeof(size)) {
    return fail(path, "too short for a safetensors file");
  }
  memcpy(&size, bytes.data(), sizeof(size));
  if (size > bytes.size() - sizeof(size)) {
    return fail(path, "not a safetensors file, or a truncated one");
  }
  if (size > kLongestHeader) {
    return fail(path,
                "not a safetensors file: its header would be " + llvm::Twine(size) + " bytes long");
  }
  auto header = parseJson(bytes.substr(sizeof(size), size));
  if (!header) {
    return fail(path,
                "the safetensors header cannot be read as JSON: " + toString(header.takeError()));
  }
  if (!header->getAsObject()) {
    return fail(path, "the safetensors header is not a JSON object");
  }
  return std::pair(std::move(*header), bytes.substr(sizeof(size) + size));
}

/// The format has every byte belong to one tensor; a file that does not is damaged.
static llvm::Error checkDisjoint(const json::Object &header, llvm::StringRef path) {
  std::vector<std::tuple<int64_t, int64_t, llvm::StringRef>> extents;
  for (const auto &[name, entry] : header) {
    const json::Object *tensor = entry.getAsObject();
    const json::Array *offsets = tensor ? tensor->getArray("data_offsets") : nullptr;
    if (!offsets || offsets->size() != 2) {
      continue;
    }
    auto begin = (*offsets)[0].getAsInteger(), end = (*offsets)[1].getAsInteger();
    if (begin && end && *begin < *end) {
      extents.push_back({*begin, *end, name});
    }
  }
  llvm::sort(extents);
  for (size_t i = 1; i < extents.size(); ++i) {
    if (std::get<0>(extents[i]) < std::get<1>(extents[i - 1])) {
      return fail(path, "tensors '" + std::get<2>(extents[i - 1]) + "' and '" +
                            std::get<2>(extents[i]) + "' overlap");
    }
  }
  return llvm::Error::success();
}

/// Bytes of the values of that type (f32, bf16, i1, ...) and shape.
static uint64_t countBytes(const InitialValue &value) {
  unsigned bits = 0;
  llvm::StringRef(value.dtype).ltrim("abcdefghijklmnopqrstuvwxyz").getAsInteger(10, bits);
  uint64_t count = std::max(1U, bits / 8);
  for (int64_t size : value.shape) {
    count *= static_cast<uint64_t>(size);
  }
  return count;
}

//===----------------------------------------------------------------------===//
// Floats of another width
//===----------------------------------------------------------------------===//

namespace {
/// How the values of a type are read and written, one at a time.
struct FloatType {
  size_t bytes;
  double (*load)(const char *);
  void (*store)(char *, double);
};

/// The upper half of a float, to nearest even.
struct BFloat16 {
  uint16_t bits = 0;
  BFloat16() = default;
  explicit BFloat16(double value) {
    llvm::APFloat rounded(value);
    bool lost = false;
    rounded.convert(llvm::APFloat::BFloat(), llvm::APFloat::rmNearestTiesToEven, &lost);
    bits = static_cast<uint16_t>(rounded.bitcastToAPInt().getZExtValue());
  }
  explicit operator double() const { return llvm::bit_cast<float>(uint32_t(bits) << 16); }
};
} // namespace

template <typename T> static FloatType makeFloatType() {
  return {sizeof(T),
          [](const char *from) {
            T value;
            memcpy(&value, from, sizeof(T));
            return static_cast<double>(value);
          },
          [](char *to, double number) {
            T value(number);
            memcpy(to, &value, sizeof(T));
          }};
}

static std::optional<FloatType> findFloatType(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<FloatType>>(name)
      .Case("F16", makeFloatType<_Float16>())
      .Case("BF16", makeFloatType<BFloat16>())
      .Case("F32", makeFloatType<float>())
      .Case("F64", makeFloatType<double>())
      .Default(std::nullopt);
}

static std::string convert(llvm::StringRef data, const FloatType &from, const FloatType &to) {
  size_t count = data.size() / from.bytes;
  std::string converted(count * to.bytes, 0);
  for (size_t i = 0; i < count; ++i) {
    to.store(converted.data() + i * to.bytes, from.load(data.data() + i * from.bytes));
  }
  return converted;
}

//===----------------------------------------------------------------------===//
// Tensors of the file
//===----------------------------------------------------------------------===//

static llvm::Error overrideValue(InitialValue &value, const json::Object &entry,
                                 llvm::StringRef data, llvm::StringRef path) {
  auto dtype = entry.getString("dtype");
  const json::Array *shape = entry.getArray("shape"), *offsets = entry.getArray("data_offsets");
  if (!dtype || !shape || !offsets || offsets->size() != 2) {
    return fail(path, "tensor '" + value.name + "' lacks dtype, shape or data_offsets");
  }
  std::string expected = value.dtype == "i1" ? "BOOL" : llvm::StringRef(value.dtype).upper();
  std::optional<FloatType> from = findFloatType(*dtype), to = findFloatType(expected);
  bool converts = *dtype != expected && from && to;
  if (*dtype != expected && !converts) {
    return fail(path, "tensor '" + value.name + "' is " + *dtype + ", expected " + expected);
  }
  if (json::Array(llvm::ArrayRef<int64_t>(value.shape)) != *shape) {
    return fail(path, "tensor '" + value.name + "' has another shape than the model's");
  }
  auto begin = (*offsets)[0].getAsInteger(), end = (*offsets)[1].getAsInteger();
  uint64_t bytes = countBytes(value);
  if (converts) {
    bytes = bytes / to->bytes * from->bytes;
  }
  if (!begin || !end || *begin < 0 || *end < *begin || static_cast<uint64_t>(*end) > data.size() ||
      static_cast<uint64_t>(*end - *begin) != bytes) {
    return fail(path, "the data of tensor '" + value.name + "' are incomplete");
  }
  value.owned.clear();
  value.isMissing = false;
  value.view = data.slice(static_cast<size_t>(*begin), static_cast<size_t>(*end));
  if (converts) {
    value.owned = convert(value.view, *from, *to);
    value.view = {};
  }
  return llvm::Error::success();
}

llvm::Error dsc::overrideInitialValues(const llvm::MemoryBuffer &file, llvm::StringRef path,
                                       std::vector<InitialValue> &values) {
  auto parts = splitHeader(file.getBuffer(), path);
  if (!parts) {
    return parts.takeError();
  }
  if (llvm::Error error = checkDisjoint(*parts->first.getAsObject(), path)) {
    return error;
  }
  bool any = values.empty();
  for (InitialValue &value : values) {
    if (const json::Object *entry = parts->first.getAsObject()->getObject(value.name)) {
      any = true;
      if (llvm::Error error = overrideValue(value, *entry, parts->second, path)) {
        return error;
      }
    }
  }
  if (!any) {
    return fail(path, "no tensor has the name of a parameter of the model, such as '" +
                          values.front().name + "'; --inspect lists them");
  }
  return llvm::Error::success();
}
