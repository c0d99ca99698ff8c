//===- OnnxSkeleton.cpp - A model without the data of its variables -------===//

#include "lib/Driver/OnnxSkeleton.h"

#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

using namespace dsc;

namespace {
// Field numbers of onnx.proto.
constexpr uint32_t kModelGraph = 7;
constexpr uint32_t kGraphInitializer = 5;
constexpr uint32_t kTensorDims = 1, kTensorType = 2, kTensorName = 8;
} // namespace

/// Calls `replace` for every field; it returns true if it has written the field,
/// else the field is copied as it stands.
template <typename Replace>
static std::string rewrite(protozero::data_view message, Replace replace) {
  std::string out;
  protozero::pbf_reader reader(message);
  const char *begin = message.data();
  while (reader.next()) {
    protozero::pbf_reader field = reader;
    reader.skip();
    const char *end = reader.data().data();
    if (!replace(field, out)) {
      out.append(begin, end);
    }
    begin = end;
  }
  return out;
}

static std::string tensorName(protozero::data_view tensor) {
  protozero::pbf_reader reader(tensor);
  return reader.next(kTensorName) ? reader.get_string() : std::string();
}

/// Name, type and dims only.
static std::string dropData(protozero::data_view tensor) {
  return rewrite(tensor, [](protozero::pbf_reader &field, std::string &) {
    return field.tag() != kTensorDims && field.tag() != kTensorType && field.tag() != kTensorName;
  });
}

static std::string rewriteGraph(protozero::data_view graph, const llvm::StringSet<> &variables) {
  return rewrite(graph, [&](protozero::pbf_reader &field, std::string &out) {
    if (field.tag() != kGraphInitializer) {
      return false;
    }
    protozero::data_view tensor = field.get_view();
    if (!variables.contains(tensorName(tensor))) {
      return false;
    }
    protozero::pbf_writer(out).add_message(kGraphInitializer, dropData(tensor));
    return true;
  });
}

std::string dsc::dropInitializerData(llvm::StringRef model, const llvm::StringSet<> &variables) {
  return rewrite({model.data(), model.size()}, [&](protozero::pbf_reader &field, std::string &out) {
    if (field.tag() != kModelGraph) {
      return false;
    }
    protozero::pbf_writer(out).add_message(kModelGraph, rewriteGraph(field.get_view(), variables));
    return true;
  });
}
