//===- Payload.h - What travels behind the trainer's ELF image ------------===//
#ifndef DSC_RUNTIME_TRAINER_PAYLOAD_H
#define DSC_RUNTIME_TRAINER_PAYLOAD_H

#include "trainer/Files.h"

#include <optional>

namespace dsc {

/// The initial weights and the input model; both views are mapped, not read.
class Payload {
public:
  /// Opens this executable, or the weights file beside it where it carries none.
  static Payload ofThisExecutable();
  /// The same for the trainer at `path`.
  static Payload open(const std::string &path);

  /// A safetensors image, or nothing where there is no file; `weightsSource` says where it is from
  /// or would have to lie.
  std::optional<std::string_view> weights() const { return weightsImage; }
  const std::string &weightsSource() const { return source; }
  /// Every trainer ends with a footer, except one that lies in the package it was built in.
  bool isCutShort() const { return cutShort; }
  /// ONNX bytes without the data of large initializers; empty for .mlir input.
  std::string_view inputModel() const { return model; }
  /// Once the weights are loaded their pages need not count as this process's memory.
  void releasePages() const;

private:
  MappedFile executable, beside, modelBeside;
  std::optional<std::string_view> weightsImage;
  std::string source;
  std::string_view model;
  bool cutShort = false;
};

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_PAYLOAD_H
