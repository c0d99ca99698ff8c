//===- Safetensors.h - Reads and writes .safetensors images ---------------===//
#ifndef DSC_RUNTIME_TRAINER_SAFETENSORS_H
#define DSC_RUNTIME_TRAINER_SAFETENSORS_H

#include "trainer/Types.h"

#include <map>

namespace dsc {

class AtomicFile;

/// A tensor of an image; `data` points into it.
struct StoredTensor {
  DscType type = DSC_F32;
  Shape shape;
  const char *data = nullptr;
};

struct Safetensors {
  std::map<std::string, StoredTensor> tensors;
  std::map<std::string, std::string> metadata;

  const StoredTensor *find(const std::string &name) const;
};

/// Reads the header; every extent is checked against the image. Fails naming `source`.
/// Tensors of types the trainer has none of (such as F8) are left out.
Safetensors readSafetensors(std::string_view image, const std::string &source);

/// A tensor to be written.
struct TensorToWrite {
  std::string name;
  DscType type;
  Shape shape;
  const void *data;
};

void writeSafetensors(AtomicFile &file, const std::vector<TensorToWrite> &tensors,
                      const std::map<std::string, std::string> &metadata);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_SAFETENSORS_H
