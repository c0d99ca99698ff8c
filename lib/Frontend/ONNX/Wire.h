//===- Wire.h - Checked access to protobuf messages ------------*- C++ -*-===//
//
// protozero checks lengths but only asserts that a field has the wire type it is
// read as. This wrapper checks that too, so that no file can reach an assertion.
// Errors are exceptions within the reader only; readModel turns them into
// llvm::Error.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_WIRE_H
#define DSC_FRONTEND_ONNX_WIRE_H

#include "llvm/ADT/StringRef.h"

#include <protozero/pbf_reader.hpp>

#include <stdexcept>
#include <vector>

namespace dsc::onnx {

/// What is wrong with the file, in words for the user.
struct ReadError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One protobuf message; iterate with next(), then read the current field by the
/// accessor for its type, or skip() it.
class Wire {
public:
  explicit Wire(llvm::StringRef bytes) : reader(protozero::data_view(bytes.data(), bytes.size())) {}

  bool next() { return reader.next(); }
  uint32_t field() const { return reader.tag(); }
  void skip() { reader.skip(); }

  llvm::StringRef bytes() {
    expect(protozero::pbf_wire_type::length_delimited);
    protozero::data_view view = reader.get_view();
    return {view.data(), view.size()};
  }
  int64_t integer() {
    expect(protozero::pbf_wire_type::varint);
    return reader.get_int64();
  }
  float floating() {
    expect(protozero::pbf_wire_type::fixed32);
    return reader.get_float();
  }

  /// Appends a repeated integer field, packed or not.
  void integers(std::vector<int64_t> &out) {
    if (!packed())
      return out.push_back(integer());
    for (int64_t value : reader.get_packed_int64())
      out.push_back(value);
  }

  /// Appends a repeated float field, packed or not.
  void floats(std::vector<float> &out) {
    if (!packed())
      return out.push_back(floating());
    for (float value : reader.get_packed_float())
      out.push_back(value);
  }

  /// The bytes of a repeated field of fixed-size elements: of all of them where it
  /// is packed, of one where it is not.
  llvm::StringRef fixedBytes(unsigned elementSize) {
    if (packed())
      return bytes();
    expect(elementSize == 4 ? protozero::pbf_wire_type::fixed32
                            : protozero::pbf_wire_type::fixed64);
    const char *begin = reader.data().data();
    reader.skip();
    return {begin, elementSize};
  }

private:
  bool packed() const { return reader.has_wire_type(protozero::pbf_wire_type::length_delimited); }
  void expect(protozero::pbf_wire_type type) const {
    if (!reader.has_wire_type(type))
      throw ReadError("a field has the wrong wire type");
  }

  protozero::pbf_reader reader;
};

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_WIRE_H
