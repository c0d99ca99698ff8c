//===- FormatsTest.cpp - Readers and writers of the trainer's files -------===//
//
// Round trips, and readers on damaged bytes: whatever the damage, they give a
// result or a TrainerError that blames the input.
//
//===----------------------------------------------------------------------===//
#include "trainer/CheckpointState.h"
#include "trainer/Error.h"
#include "trainer/Files.h"
#include "trainer/Npy.h"
#include "trainer/Order.h"
#include "trainer/Payload.h"
#include "trainer/Safetensors.h"

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <unistd.h>
#include <zlib.h>

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

std::string withLength(uint64_t length, const std::string &rest) {
  return std::string(reinterpret_cast<const char *>(&length), 8) + rest;
}

std::string safetensors(const std::string &header, const std::string &data) {
  return withLength(header.size(), header + data);
}

/// The error's text, or nothing where it was read.
template <typename Read> std::string refusal(Read read) {
  try {
    read();
  } catch (const TrainerError &error) {
    EXPECT_EQ(error.status, ExitStatus::BadInput);
    return error.what();
  }
  return "";
}

std::string safetensorsRefusal(const std::string &image) {
  return refusal([&] { readSafetensors(image, "image"); });
}

TEST_F(Formats, HeaderLengthsThatOverflow) {
  for (uint64_t length : {~uint64_t(0), ~uint64_t(0) - 7, uint64_t(1) << 63, uint64_t(3)})
    EXPECT_NE(safetensorsRefusal(withLength(length, "{}")), "") << length;
  EXPECT_EQ(safetensorsRefusal(withLength(2, "{}")), "");
  std::string large(100'000'001, ' ');
  EXPECT_NE(safetensorsRefusal(safetensors(large, "")).find("100000001"), std::string::npos);
}

TEST_F(Formats, TensorsThatOverlap) {
  auto two = [](const char *offsets) {
    return safetensors(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                       R"("b":{"dtype":"U8","shape":[4],"data_offsets":)" +
                           std::string(offsets) + "}}",
                       "12345678");
  };
  EXPECT_EQ(safetensorsRefusal(two("[4,8]")), "");
  EXPECT_NE(safetensorsRefusal(two("[3,7]")).find("'a' and 'b' overlap"), std::string::npos);
  EXPECT_NE(safetensorsRefusal(two("[0,4]")).find("overlap"), std::string::npos);
}

TEST_F(Formats, HeadersOfNoMeaning) {
  auto one = [](const std::string &shape, const std::string &offsets) {
    return safetensors(R"({"a":{"dtype":"U8","shape":)" + shape + R"(,"data_offsets":)" + offsets +
                           "}}",
                       "12345678");
  };
  EXPECT_EQ(safetensorsRefusal(one("[8]", "[0,8]")), "");
  for (const char *shape : {"[1e300]", "[8.0]", "[18446744073709551615]", "[-8]", "8", "[\"8\"]",
                            "[9007199254740993]", "{\"a\":8}", "null"})
    EXPECT_NE(safetensorsRefusal(one(shape, "[0,8]")), "") << shape;
  for (const char *offsets : {"[-8,0]", "[0,1e300]", "[0,8,8]", "[0]", "[0,18446744073709551615]",
                              "[18446744073709551608,0]", "8", "[0.0,8]"})
    EXPECT_NE(safetensorsRefusal(one("[8]", offsets)), "") << offsets;
}

TEST_F(Formats, NamesThatStandTwice) {
  std::string entry = R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_EQ(safetensorsRefusal(safetensors("{" + entry + "}", "1")), "");
  EXPECT_NE(safetensorsRefusal(safetensors("{" + entry + "," + entry + "}", "1")).find("'a' twice"),
            std::string::npos);
}

TEST_F(Formats, DeepNesting) {
  std::string deep(1'000'000, '[');
  EXPECT_NE(safetensorsRefusal(safetensors("{\"a\":" + deep, "")).find("nested"),
            std::string::npos);
  EXPECT_NE(refusal([&] { parseState(deep, "state"); }), "");
}

// Time in proportion to the length: with a quadratic reader this test takes minutes.
TEST_F(Formats, ManyTensors) {
  std::string header = "{";
  for (int i = 0; i < 100'000; ++i)
    header += (i == 0 ? "\"q" : ",\"q") + std::to_string(i) +
              R"(":{"dtype":"F32","shape":[0],"data_offsets":[0,0]})";
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(safetensorsRefusal(safetensors(header + "}", "")), "");
  EXPECT_NE(safetensorsRefusal(safetensors(header + ",\"q7\":1}", "")).find("'q7' twice"),
            std::string::npos);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

CheckpointState someState() {
  CheckpointState state;
  state.run = {50, 49, -1, true, 20, 0.25};
  state.sequence = 5;
  state.model = "mlp.onnx";
  state.tensorFile = "step-00000050.safetensors";
  state.tensorBytes = 1000;
  state.tensorChecksum = 77;
  return state;
}

TEST_F(Formats, StateRoundTrip) {
  std::string text = stateText(someState());
  CheckpointState read = parseState(text, "state");
  EXPECT_EQ(stateText(read), text);
  EXPECT_EQ(read.run.seed, -1);
  EXPECT_EQ(read.run.bestLoss, 0.25);
}

// What has the right checksum and still makes no sense.
TEST_F(Formats, StatesOfNoMeaning) {
  for (int64_t bad : {int64_t(-1), INT64_MIN, INT64_MAX}) {
    CheckpointState step = someState(), sequence = someState(), samples = someState(),
                    count = someState();
    step.run.step = sequence.sequence = samples.run.samples = count.run.updateCount = bad;
    for (const CheckpointState &state : {step, sequence, samples, count})
      EXPECT_NE(refusal([&] { parseState(stateText(state), "state"); }), "") << bad;
  }
  std::string text = stateText(someState());
  for (size_t length = 0; length + 2 < text.size(); ++length)
    EXPECT_NE(refusal([&] { parseState(text.substr(0, length), "state"); }), "") << length;
}

/// The text with a checksum that fits it.
std::string stateOf(nlohmann::ordered_json json) {
  json.erase("crc32");
  std::string text = json.dump();
  json["crc32"] = checksumOf(text.data(), text.size());
  return json.dump();
}

// It is told from damage, and nothing else of it is believed.
TEST_F(Formats, StatesOfOtherVersions) {
  auto json = nlohmann::ordered_json::parse(stateText(someState()));
  EXPECT_EQ(parseState(stateOf(json), "state").whyUnknown, "");
  json["version"] = 99;
  EXPECT_NE(parseState(stateOf(json), "state").whyUnknown.find("version 99"), std::string::npos);
  json["version"] = "1";
  EXPECT_NE(parseState(stateOf(json), "state").whyUnknown, "");
  json.erase("version");
  json.erase("step");
  EXPECT_NE(parseState(stateOf(json), "state").whyUnknown.find("no version"), std::string::npos);
  EXPECT_EQ(parseState(stateOf(json), "state").sequence, 0);
}

std::string npy(const std::string &header, const std::string &data) {
  std::string length = {static_cast<char>(header.size()), static_cast<char>(header.size() >> 8)};
  return std::string("\x93NUMPY\x01\x00", 8) + length + header + data;
}

std::string npyOf(const std::string &shape, const std::string &data = "12345678") {
  return npy("{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + "}", data);
}

TEST_F(Formats, ShapesThatOverflow) {
  auto refused = [](const std::string &bytes) {
    return refusal([&] { parseNpy(bytes, nullptr, "x.npy"); });
  };
  EXPECT_EQ(refused(npyOf("(2,)")), "");
  for (const char *shape :
       {"(4611686018427387904,)", "(9223372036854775807,)", "(9223372036854775808,)",
        "(4611686018427387904, 4)", "(4294967296, 4294967296)", "(-1,)", "(-2, -1)",
        "(4611686018427387904, 4, 0)", "(1000000000000,)", "(", "(2", "2"})
    EXPECT_NE(refused(npyOf(shape)), "") << shape;
  std::string ones;
  for (int i = 0; i < 65; ++i)
    ones += "1,";
  EXPECT_NE(refused(npyOf("(" + ones + ")")).find("65 dimensions"), std::string::npos);
}

// A header of version 2 may claim, and have, any length.
TEST_F(Formats, LongNpyHeader) {
  uint32_t length = 1 << 20;
  std::string bytes("\x93NUMPY\x02\x00", 8);
  bytes += std::string(reinterpret_cast<const char *>(&length), 4) + std::string(length, ' ');
  EXPECT_NE(refusal([&] { parseNpy(bytes, nullptr, "x.npy"); }).find("1048576 bytes long"),
            std::string::npos);
}

std::string npyRefusal(const std::string &bytes) {
  return refusal([&] { parseNpy(bytes, nullptr, "x.npy"); });
}

TEST_F(Formats, NpyHeadersOfTwoMeanings) {
  std::string rest = "'fortran_order': False, 'shape': (2,), }\n";
  EXPECT_EQ(npyRefusal(npy("{'descr': '<f4', " + rest, "12345678")), "");
  EXPECT_NE(npyRefusal(npy("{'descr': '<f4', 'descr': '<f4', " + rest, "12345678")).find("twice"),
            std::string::npos);
  for (const char *start : {"", "'descr': '<f4', ", "{", "{{", "{'descr' '<f4', ", "{'descr': , ",
                            "{'descr': '<f4, ", "{'descr': ('<f4', "})
    EXPECT_NE(npyRefusal(npy(start + rest, "12345678")), "") << start;
  EXPECT_NE(npyRefusal(npy("{'descr': '<f4', " + rest + "}", "12345678")), "");
  EXPECT_NE(npyRefusal(npy("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}", "12345678"))
                .find("fortran_order"),
            std::string::npos);
}

TEST_F(Formats, ShapesThatAreNoTuples) {
  for (const char *shape : {"(1, 2)", "(2,)", "(2 ,1 , )", "(1,2,)"})
    EXPECT_EQ(npyRefusal(npyOf(shape)), "") << shape;
  EXPECT_EQ(npyRefusal(npyOf("()", "1234")), "");
  for (const char *shape : {"(2)", "(1 2)", "(1,,2)", "(,)", "(,2)", "(+2,)", "(2,) + (1,)", "[2]",
                            "(2_0,)", "(2.0,)", "((2,))", "2"})
    EXPECT_NE(npyRefusal(npyOf(shape)).find("no readable shape"), std::string::npos) << shape;
  EXPECT_NE(npyRefusal(npyOf("(4611686018427387904, 4)")).find("no memory holds float32"),
            std::string::npos);
}

TEST_F(Formats, UnknownNpyVersions) {
  for (char version : {'\0', '\4', '\x63', '\xff'}) {
    std::string bytes = npyOf("(2,)");
    bytes[6] = version;
    EXPECT_NE(npyRefusal(bytes).find("version"), std::string::npos) << int(version);
  }
}

// What follows the array has no meaning: the file is not what its writer meant.
TEST_F(Formats, BytesBehindAnArray) {
  EXPECT_NE(npyRefusal(npyOf("(2,)", "123456789")).find("needs 8 bytes, the file has 9"),
            std::string::npos);
}

std::string littleEndian(uint64_t value, size_t bytes) {
  return std::string(reinterpret_cast<const char *>(&value), bytes);
}

/// One entry of an archive.
struct ZipEntry {
  std::string name, packed;
  uint64_t size; // that it claims to unpack to
  int method = 8;
  uint64_t offset = 0; // of its local header
  std::optional<uint32_t> crc = std::nullopt;
};

/// What local header and directory share, from the version on, and the extra field.
std::string zipHeader(const ZipEntry &entry, bool inDirectory) {
  bool isWide = entry.size >= 0xffffffff;
  std::string extra =
      isWide ? littleEndian(1, 2) + littleEndian(8, 2) + littleEndian(entry.size, 8) : "";
  uint32_t crc = entry.crc.value_or(checksumOf(entry.packed.data(), entry.packed.size()));
  std::string header = inDirectory ? "PK\x01\x02" + littleEndian(20, 2) : "PK\x03\x04";
  header += littleEndian(20, 4) + littleEndian(uint64_t(entry.method), 2) + littleEndian(0, 4) +
            littleEndian(crc, 4) + littleEndian(entry.packed.size(), 4) +
            littleEndian(isWide ? 0xffffffff : entry.size, 4) + littleEndian(entry.name.size(), 2) +
            littleEndian(extra.size(), 2);
  if (inDirectory)
    header += std::string(10, '\0') + littleEndian(entry.offset, 4);
  return header + entry.name + extra;
}

std::string zipOf(std::vector<ZipEntry> entries, bool shareData = false) {
  std::string file, directory;
  for (ZipEntry &entry : entries) {
    entry.offset = shareData ? 0 : file.size();
    if (entry.offset == file.size())
      file += zipHeader(entry, false) + entry.packed;
    directory += zipHeader(entry, true);
  }
  return file + directory + "PK\x05\x06" + littleEndian(0, 4) + littleEndian(entries.size(), 2) +
         littleEndian(entries.size(), 2) + littleEndian(directory.size(), 4) +
         littleEndian(file.size(), 4) + littleEndian(0, 2);
}

/// Opens all arrays of an archive.
std::string zipRefusal(const std::string &archive) {
  return refusal([&] {
    ArrayFiles files(archive, nullptr, "a.npz");
    for (const std::string &name : files.names())
      files.open(name);
  });
}

TEST_F(Formats, EntriesThatClaimTooMuch) {
  std::string array = npyOf("(2,)");
  EXPECT_EQ(zipRefusal(zipOf({{"x.npy", array, array.size(), 0}})), "");
  for (uint64_t size :
       {uint64_t(0), uint64_t(1) << 31, uint64_t(1) << 40, uint64_t(1) << 63, ~uint64_t(0)})
    for (int method : {0, 8})
      EXPECT_NE(zipRefusal(zipOf({{"x.npy", array, size, method}})), "") << size;
}

std::string deflated(const std::string &bytes) {
  std::string packed(bytes.size() + 100, '\0');
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef *>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string deflatedZip(const std::string &array) {
  return zipOf(
      {{"x.npy", deflated(array), array.size(), 8, 0, checksumOf(array.data(), array.size())}});
}

// A small archive may unpack to gigabytes: only to as much as an array's header tells.
TEST_F(Formats, EntriesThatUnpackToMore) {
  EXPECT_EQ(zipRefusal(deflatedZip(npyOf("(2,)"))), "");
  std::string bomb = deflatedZip(npyOf("(2,)", std::string(8 << 20, '\0')));
  EXPECT_NE(zipRefusal(bomb).find("needs 8 bytes, the file has 8388608"), std::string::npos);
}

TEST_F(Formats, EntriesThatShareTheirData) {
  std::string array = npyOf("(2,)");
  std::vector<ZipEntry> entries = {{"x.npy", array, array.size(), 0},
                                   {"y.npy", array, array.size(), 0}};
  EXPECT_EQ(zipRefusal(zipOf(entries)), "");
  EXPECT_NE(zipRefusal(zipOf(entries, true)).find("overlap"), std::string::npos);
  entries[1].name = "x.npy";
  EXPECT_NE(zipRefusal(zipOf(entries)).find("'x.npy' twice"), std::string::npos);
}

// A name is only a name: nothing is opened, or written, where it points.
TEST_F(Formats, EntriesNamedLikeOtherFolders) {
  std::string array = npyOf("(2,)");
  std::string archive = zipOf({{"../../x.npy", array, array.size(), 0}});
  ArrayFiles files(archive, nullptr, "a.npz");
  EXPECT_EQ(files.names(), std::vector<std::string>{"../../x"});
  EXPECT_FALSE(files.contains("x"));
  EXPECT_EQ(memcmp(files.open("../../x").data, "12345678", 8), 0);
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
