//===- Payload.cpp - What travels behind the trainer's ELF image ----------===//
#include "trainer/Payload.h"

#include "trainer/Error.h"

#include <cstring>
#include <filesystem>

using namespace dsc;

namespace {

struct Footer {
  char magic[16];
  uint64_t weightsOffset, weightsSize;
  uint64_t modelOffset, modelSize;
  uint64_t reserved[2];
};
static_assert(sizeof(Footer) == 64);

constexpr char footerMagic[16] = "dsc-payload-v1\0";

std::optional<Footer> readFooter(std::string_view file) {
  Footer footer;
  if (file.size() < sizeof(footer))
    return std::nullopt;
  memcpy(&footer, file.data() + file.size() - sizeof(footer), sizeof(footer));
  if (memcmp(footer.magic, footerMagic, sizeof(footerMagic)) != 0)
    return std::nullopt;
  return footer;
}

std::string_view section(std::string_view file, uint64_t offset, uint64_t size) {
  if (offset > file.size() || size > file.size() - offset)
    failInput("the trainer's payload is damaged; compile it again");
  return file.substr(offset, size);
}

} // namespace

void Payload::releasePages() const {
  executable.releasePages();
  beside.releasePages();
}

Payload Payload::ofThisExecutable() {
  std::error_code error;
  std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error)
    failInput("cannot find this executable: /proc is not mounted");
  return open(path.string());
}

Payload Payload::open(const std::string &path) {
  Payload payload;
  payload.executable = MappedFile(path, "the trainer");
  std::string_view file = payload.executable.bytes();
  std::optional<Footer> footer = readFooter(file);
  payload.cutShort = !footer;
  if (footer)
    payload.model = section(file, footer->modelOffset, footer->modelSize);
  if (footer && footer->weightsSize > 0) {
    payload.source = path;
    payload.weightsImage = section(file, footer->weightsOffset, footer->weightsSize);
    return payload;
  }
  std::filesystem::path folder = std::filesystem::path(path).parent_path();
  payload.source = path + ".weights.safetensors";
  // A trainer that was built in a package of sources lies beside its files.
  if (!footer && !std::filesystem::exists(payload.source) &&
      std::filesystem::exists(folder / "module.cpp")) {
    payload.cutShort = false;
    payload.source = folder / "weights.safetensors";
    if (std::filesystem::exists(folder / "model.onnx")) {
      payload.modelBeside = MappedFile(folder / "model.onnx", "the model");
      payload.model = payload.modelBeside.bytes();
    }
  }
  if (std::filesystem::exists(payload.source)) {
    payload.beside = MappedFile(payload.source, "the weights");
    payload.weightsImage = payload.beside.bytes();
  }
  return payload;
}
