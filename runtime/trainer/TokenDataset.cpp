//===- TokenDataset.cpp - A token file as a data set ----------------------===//
//
// 256 int32 (magic, version, count, zeros), then that many uint16 tokens. The
// sample w is the window of T tokens at w * T; its labels are the window shifted
// by one. Unshuffled, a run starts over when fewer than B * T + 1 tokens remain.
//
//===----------------------------------------------------------------------===//
#include "trainer/Dataset.h"
#include "trainer/Error.h"
#include "trainer/Files.h"

#include <cstring>

using namespace dsc;

namespace {

constexpr size_t headerBytes = 256 * sizeof(int32_t);
constexpr int32_t fileMagic = 20240520, fileVersion = 1;

class TokenDataset : public Dataset {
public:
  TokenDataset(const std::string &path, const ModuleInfo &module)
      : Dataset(module.inputs), source(path), file(path, "the data") {
    readHeader();
    const InputInfo *tokens = module.tokenInput();
    if (!tokens)
      failInput("%s is a token file, which only a model with one integer input [B, T] can read; "
                "give a .npz file with one array per input",
                path.c_str());
    length = tokens->shape[1];
    requireLabels(*tokens);
    if (count < length + 1)
      failInput("%s has %lld tokens; a window of %lld and the next one need more", path.c_str(),
                static_cast<long long>(count), static_cast<long long>(length));
  }

  int64_t samples() const override { return (count - 1) / length; }
  int64_t sequentialPeriod(int64_t batch) const override {
    return (count - 1) / (batch * length) * batch;
  }
  const std::string &path() const override { return source; }

  std::string describe(int input) const override {
    return "the tokens of " + source + " (input '" + inputs[size_t(input)].name + "')";
  }

  void readRow(int index, int64_t sample, void *row) const override {
    const InputInfo &input = inputs[size_t(index)];
    const char *from = tokenAt(sample * length + (input.isLabels ? 1 : 0));
    int64_t bad = convertArray(row, input.type, from, ArrayType{'u', 2}, length, Scaling());
    if (bad >= 0)
      failInput("%s: token %s does not fit the input's type %s", describe(index).c_str(),
                elementText(from, ArrayType{'u', 2}, bad).c_str(), typeName(input.type));
  }

  const void *rowsInPlace(int, int64_t, int64_t) const override { return nullptr; }

private:
  const char *tokenAt(int64_t index) const {
    return file.data() + headerBytes + size_t(index) * sizeof(uint16_t);
  }

  void readHeader() {
    int32_t header[3] = {};
    if (file.size() >= headerBytes)
      memcpy(header, file.data(), sizeof(header));
    if (header[0] != fileMagic || header[1] != fileVersion)
      failInput("%s is not a token file (256 int32 header with magic 20240520, version 1)",
                source.c_str());
    count = header[2];
    size_t available = (file.size() - headerBytes) / sizeof(uint16_t);
    if (count < 0 || size_t(count) > available)
      failInput("%s is truncated: its header says %lld tokens, it has %zu", source.c_str(),
                static_cast<long long>(count), available);
  }

  void requireLabels(const InputInfo &tokens) {
    for (const InputInfo &input : inputs)
      if (input.isLabels && (isFloat(input.type) || input.shape != tokens.shape))
        failInput("%s: a token file gives labels of shape %s, the model takes %s", source.c_str(),
                  shapeText(tokens.shape).c_str(), shapeText(input.shape).c_str());
  }

  std::string source;
  MappedFile file;
  int64_t length = 0;
  int64_t count = 0;
};

} // namespace

std::unique_ptr<Dataset> dsc::openTokenDataset(const std::string &path, const ModuleInfo &module) {
  return std::make_unique<TokenDataset>(path, module);
}
