//===- SafetensorsFile.cpp - Weights by name ------------------------------===//

#include "lib/Driver/SafetensorsFile.h"

#include "llvm/Support/JSON.h"

using namespace dsc;
namespace json = llvm::json;

static llvm::Error fail(llvm::StringRef path, const llvm::Twine &what) {
  return llvm::createStringError("'" + path + "': " + what);
}

/// The header and what follows it.
static llvm::Expected<std::pair<json::Value, llvm::StringRef>> split(llvm::StringRef bytes,
                                                                     llvm::StringRef path) {
  uint64_t size = 0;
  if (bytes.size() < sizeof(size)) {
    return fail(path, "too short for a safetensors file");
  }
  memcpy(&size, bytes.data(), sizeof(size));
  if (size > bytes.size() - sizeof(size)) {
    return fail(path, "not a safetensors file, or a truncated one");
  }
  auto header = json::parse(bytes.substr(sizeof(size), size));
  if (!header || !header->getAsObject()) {
    llvm::consumeError(header.takeError());
    return fail(path, "the safetensors header is not a JSON object");
  }
  return std::pair(std::move(*header), bytes.substr(sizeof(size) + size));
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

static llvm::Error overrideValue(InitialValue &value, const json::Object &entry,
                                 llvm::StringRef data, llvm::StringRef path) {
  auto dtype = entry.getString("dtype");
  const json::Array *shape = entry.getArray("shape"), *offsets = entry.getArray("data_offsets");
  if (!dtype || !shape || !offsets || offsets->size() != 2) {
    return fail(path, "tensor '" + value.name + "' lacks dtype, shape or data_offsets");
  }
  std::string expected = value.dtype == "i1" ? "BOOL" : llvm::StringRef(value.dtype).upper();
  if (*dtype != expected) {
    return fail(path, "tensor '" + value.name + "' is " + *dtype + ", expected " + expected);
  }
  if (json::Array(llvm::ArrayRef<int64_t>(value.shape)) != *shape) {
    return fail(path, "tensor '" + value.name + "' has another shape than the model's");
  }
  auto begin = (*offsets)[0].getAsInteger(), end = (*offsets)[1].getAsInteger();
  if (!begin || !end || *begin < 0 || *end < *begin || static_cast<uint64_t>(*end) > data.size() ||
      static_cast<uint64_t>(*end - *begin) != countBytes(value)) {
    return fail(path, "the data of tensor '" + value.name + "' are incomplete");
  }
  value.owned.clear();
  value.isMissing = false;
  value.view = data.slice(static_cast<size_t>(*begin), static_cast<size_t>(*end));
  return llvm::Error::success();
}

llvm::Error dsc::overrideInitialValues(const llvm::MemoryBuffer &file, llvm::StringRef path,
                                       std::vector<InitialValue> &values) {
  auto parts = split(file.getBuffer(), path);
  if (!parts) {
    return parts.takeError();
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
