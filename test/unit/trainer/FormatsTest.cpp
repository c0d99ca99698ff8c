//===- FormatsTest.cpp - Readers and writers of the trainer's files -------===//
//
// Round trips, and readers on damaged bytes: whatever the damage, they give a
// result or a TrainerError that blames the input.
//
//===----------------------------------------------------------------------===//
#include "trainer/Error.h"
#include "trainer/Files.h"
#include "trainer/Npy.h"
#include "trainer/Order.h"
#include "trainer/Payload.h"
#include "trainer/Safetensors.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace dsc;
namespace fs = std::filesystem;

namespace {

/// A folder that goes with the test.
class Formats : public testing::Test {
protected:
  void SetUp() override {
    folder = fs::temp_directory_path() / ("dsc-formats-" + std::to_string(getpid()));
    fs::create_directories(folder);
  }
  void TearDown() override { fs::remove_all(folder); }

  std::string path(const std::string &name) const { return (folder / name).string(); }
  std::string read(const std::string &name) const {
    MappedFile file(path(name), "a file");
    return std::string(file.bytes());
  }
  void write(const std::string &name, const std::string &bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
  }

  /// Runs `reader` on copies of `bytes` with bits flipped or the end cut off.
  template <typename Reader> void damage(const std::string &bytes, Reader reader) {
    int refused = 0;
    for (uint64_t round = 0; round < 1000; ++round) {
      std::string copy = bytes;
      for (uint64_t flip = 0; flip < 1 + round % 4; ++flip)
        copy[mixBits(round * 8 + flip) % copy.size()] ^= static_cast<char>(1 << round % 8);
      if (round % 3 == 0)
        copy.resize(mixBits(round) % copy.size());
      try {
        reader(copy);
      } catch (const TrainerError &error) {
        EXPECT_EQ(error.status, ExitStatus::BadInput) << error.what();
        ++refused;
      }
    }
    EXPECT_GT(refused, 50);
  }

  fs::path folder;
};

/// Touches every byte, so that a sanitizer sees a wrong extent.
int sumOf(const char *data, size_t size) {
  int sum = 0;
  for (size_t i = 0; i < size; ++i)
    sum += data[i];
  return sum;
}

TEST_F(Formats, NpzRoundTrip) {
  std::vector<float> values = {1, 2, 3, 4, 5, 6};
  std::vector<int64_t> labels = {7, -8};
  writeNpz(path("a.npz"), {{"x", DSC_F32, {2, 3}, values.data()},
                           {"labels", DSC_I64, {2}, labels.data()},
                           {"loss", DSC_F32, {}, values.data()}});
  ArrayFiles files(path("a.npz"));
  EXPECT_EQ(files.names(), (std::vector<std::string>{"labels", "loss", "x"}));
  Array x = files.open("x"), loss = files.open("loss");
  EXPECT_EQ(x.type.name(), "float32");
  EXPECT_EQ(x.shape, (Shape{2, 3}));
  EXPECT_EQ(memcmp(x.data, values.data(), x.bytes()), 0);
  EXPECT_EQ(loss.shape, Shape());
  EXPECT_EQ(files.open("labels").type.name(), "int64");
}

TEST_F(Formats, DamagedNpz) {
  std::vector<float> values(50, 1.5f);
  writeNpz(path("a.npz"),
           {{"x", DSC_F32, {50}, values.data()}, {"y", DSC_F32, {5, 10}, values.data()}});
  damage(read("a.npz"), [&](const std::string &bytes) {
    write("b.npz", bytes);
    ArrayFiles files(path("b.npz"));
    for (const std::string &name : files.names()) {
      Array array = files.open(name);
      sumOf(array.data, array.bytes());
    }
  });
}

TEST_F(Formats, SafetensorsRoundTrip) {
  std::vector<float> values = {1, 2, 3};
  std::vector<int64_t> count = {9};
  AtomicFile file(path("w.safetensors"));
  writeSafetensors(
      file, {{"a \"quoted\" name", DSC_F32, {3}, values.data()}, {"n", DSC_I64, {}, count.data()}},
      {{"optimizer_count", "9"}});
  EXPECT_FALSE(fs::exists(path("w.safetensors"))); // not before it is whole
  file.commit();
  std::string bytes = read("w.safetensors");
  EXPECT_EQ(file.checksum(), checksumOf(bytes.data(), bytes.size()));
  Safetensors image = readSafetensors(bytes, "image");
  EXPECT_EQ(image.metadata.at("optimizer_count"), "9");
  const StoredTensor *tensor = image.find("a \"quoted\" name");
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(memcmp(tensor->data, values.data(), 12), 0);
  EXPECT_EQ(image.find("n")->shape, Shape());
  EXPECT_EQ(image.find("b"), nullptr);
}

TEST_F(Formats, DamagedSafetensors) {
  std::vector<float> values(20, 1.5f);
  AtomicFile file(path("w.safetensors"));
  writeSafetensors(
      file, {{"a", DSC_F32, {20}, values.data()}, {"b", DSC_F16, {2, 20}, values.data()}}, {});
  file.commit();
  damage(read("w.safetensors"), [](const std::string &bytes) {
    for (const auto &[name, tensor] : readSafetensors(bytes, "image").tensors)
      sumOf(tensor.data, size_t(numElements(tensor.shape)) * typeSize(tensor.type));
  });
}

TEST_F(Formats, ExtentsThatOverflow) {
  auto image = [](const std::string &header) {
    uint64_t length = header.size();
    return std::string(reinterpret_cast<const char *>(&length), 8) + header + "12345678";
  };
  for (const char *header :
       {R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})",
        R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})",
        R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})",
        R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
        R"({"a":{"dtype":"F32","shape":[2]}})", R"([1])", R"({"a":1})"})
    EXPECT_THROW(readSafetensors(image(header), "image"), TrainerError) << header;
}

TEST_F(Formats, AnAbandonedFileLeavesNothing) {
  writeFile(path("kept"), "old");
  {
    AtomicFile file(path("kept"));
    file.write("new");
  }
  EXPECT_EQ(read("kept"), "old");
  writeFile(path("kept"), "new");
  EXPECT_EQ(read("kept"), "new");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
}

TEST_F(Formats, LargeWritesKeepTheirOrder) {
  std::string expected;
  AtomicFile file(path("large"));
  for (size_t size : {10, 3 << 20, 7, 1 << 20, (1 << 20) - 1, 5}) {
    std::string part(size, static_cast<char>('a' + size % 23));
    expected += part;
    file.write(part);
  }
  file.commit();
  EXPECT_EQ(read("large"), expected);
  EXPECT_EQ(file.checksum(), checksumOf(expected.data(), expected.size()));
}

TEST_F(Formats, Payload) {
  std::string image(100, 'E'), weights = "WEIGHTS", model = "MODEL";
  std::string bytes = image + weights + model;
  uint64_t footer[8] = {0, 0, 100, weights.size(), 107, model.size(), 0, 0};
  memcpy(footer, "dsc-payload-v1\0", 16);
  auto withFooter = [&] { return bytes + std::string(reinterpret_cast<char *>(footer), 64); };
  write("trainer", withFooter());
  Payload payload = Payload::open(path("trainer"));
  EXPECT_EQ(payload.weights(), "WEIGHTS");
  EXPECT_EQ(payload.inputModel(), "MODEL");
  footer[3] = 0; // the weights lie beside
  write("trainer", withFooter());
  EXPECT_EQ(Payload::open(path("trainer")).weights(), std::nullopt);
  write("trainer.weights.safetensors", "BESIDE");
  EXPECT_EQ(Payload::open(path("trainer")).weights(), "BESIDE");
  footer[3] = 1000;
  write("trainer", withFooter());
  EXPECT_THROW(Payload::open(path("trainer")), TrainerError);
  footer[2] = ~uint64_t(0);
  write("trainer", withFooter());
  EXPECT_THROW(Payload::open(path("trainer")), TrainerError);
  write("trainer", image); // an executable without a payload
  EXPECT_EQ(Payload::open(path("trainer")).inputModel(), "");
}

} // namespace
