//===- ReaderTest.cpp - What the reader accepts and refuses ---------------===//
//
// Models are written here field by field, so that each can be wrong in one way.
//
//===----------------------------------------------------------------------===//

#include "dsc/Frontend/ONNX/Reader.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <gtest/gtest.h>

#include <fstream>
#include <unistd.h>

using namespace dsc::onnx;

namespace {

//===----------------------------------------------------------------------===//
// Writing protobuf
//===----------------------------------------------------------------------===//

std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7)
    bytes.push_back(static_cast<char>(value | 0x80));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}
std::string integer(unsigned field, uint64_t value) { return varint(field << 3) + varint(value); }
std::string bytes(unsigned field, const std::string &value) {
  return varint(field << 3 | 2) + varint(value.size()) + value;
}
std::string floats(const std::vector<float> &values) {
  return {reinterpret_cast<const char *>(values.data()), values.size() * sizeof(float)};
}

// Fields of TensorProto, GraphProto and ModelProto.
std::string dims(std::initializer_list<int64_t> sizes) {
  std::string result;
  for (int64_t size : sizes)
    result += integer(1, static_cast<uint64_t>(size));
  return result;
}
std::string type(DataType type) { return integer(2, static_cast<uint64_t>(type)); }
std::string name(const std::string &value) { return bytes(8, value); }
std::string raw(const std::string &value) { return bytes(9, value); }
std::string entry(const std::string &key, const std::string &value) {
  return bytes(13, bytes(1, key) + bytes(2, value));
}
std::string external(const std::string &file, const std::string &offset = "0") {
  return entry("location", file) + entry("offset", offset) + integer(14, 1);
}
std::string modelOf(const std::string &graph, int irVersion = 10) {
  return integer(1, irVersion) + bytes(8, integer(2, 20)) + bytes(7, graph);
}
std::string withTensor(const std::string &tensor) { return modelOf(bytes(5, tensor)); }

llvm::Expected<std::unique_ptr<Model>> read(const std::string &file, llvm::StringRef directory = "",
                                            const ReadOptions &options = {}) {
  return readModel(llvm::MemoryBuffer::getMemBufferCopy(file, "m.onnx"), directory, options);
}

std::string errorOf(llvm::Expected<std::unique_ptr<Model>> model) {
  return model ? "none" : llvm::toString(model.takeError());
}

/// The first initializer's data as numbers.
template <typename T> std::vector<T> elements(const Model &model) {
  llvm::StringRef data = model.graph.initializers.front().data;
  std::vector<T> values(data.size() / sizeof(T));
  std::memcpy(values.data(), data.data(), data.size());
  return values;
}

/// A folder that is gone after the test.
class ReaderFiles : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("reader", root));
    inside = (root + "/model").str();
    ASSERT_FALSE(llvm::sys::fs::create_directory(inside));
  }
  void TearDown() override { llvm::sys::fs::remove_directories(root); }
  static void write(const std::string &path, const std::string &content) {
    std::ofstream(path, std::ios::binary) << content;
  }
  llvm::SmallString<128> root;
  std::string inside;
};

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

TEST(Reader, FloatsAreTheSameFromEveryField) {
  std::vector<float> values = {1.5F, -2, 0.25F};
  std::string head = dims({3}) + type(DataType::Float) + name("w");
  std::string unpacked;
  for (float value : values)
    unpacked += varint(4 << 3 | 5) + floats({value});
  for (const std::string &data : {raw(floats(values)), bytes(4, floats(values)), unpacked}) {
    auto model = read(withTensor(head + data));
    ASSERT_TRUE(!!model) << llvm::toString(model.takeError());
    EXPECT_EQ(elements<float>(**model), values);
    EXPECT_EQ((*model)->graph.initializers.front().name, "w");
  }
}

TEST(Reader, IntegersAreNarrowedToTheirType) {
  std::string list = varint(1) + varint(static_cast<uint64_t>(-2)) + varint(300);
  auto model = read(withTensor(dims({3}) + type(DataType::Int32) + bytes(5, list)));
  ASSERT_TRUE(!!model);
  EXPECT_EQ(elements<int32_t>(**model), (std::vector<int32_t>{1, -2, 300}));
  model = read(withTensor(dims({3}) + type(DataType::Int64) + bytes(7, list)));
  ASSERT_TRUE(!!model);
  EXPECT_EQ(elements<int64_t>(**model), (std::vector<int64_t>{1, -2, 300}));
}

TEST(Reader, DataIsAViewOfTheFile) {
  std::string file = withTensor(dims({2}) + type(DataType::Float) + raw(floats({1, 2})));
  auto buffer = llvm::MemoryBuffer::getMemBuffer(file, "m", false);
  auto model = readModel(std::move(buffer), "");
  ASSERT_TRUE(!!model);
  llvm::StringRef data = (*model)->graph.initializers.front().data;
  EXPECT_GE(data.begin(), file.data());
  EXPECT_LE(data.end(), file.data() + file.size());
}

TEST(Reader, RefusesDataThatDoesNotFitItsShape) {
  std::string four = raw(floats({1, 2, 3, 4}));
  EXPECT_EQ(errorOf(read(withTensor(dims({3}) + type(DataType::Float) + name("w") + four))),
            "m.onnx: not a readable ONNX model (truncated or corrupt?): tensor 'w' (FLOAT [3]) "
            "needs 12 bytes of data, got 16");
  EXPECT_NE(errorOf(read(withTensor(dims({-1}) + type(DataType::Float) + four)))
                .find("negative dimension"),
            std::string::npos);
  EXPECT_NE(errorOf(read(withTensor(dims({1LL << 40, 1LL << 40}) + type(DataType::Float) + four)))
                .find("more elements than can be counted"),
            std::string::npos);
  EXPECT_NE(errorOf(read(withTensor(dims({1LL << 62}) + type(DataType::Double) + four)))
                .find("larger than any memory"),
            std::string::npos);
}

TEST(Reader, IntegerListOfAWideTypeIsTooShort) {
  auto message =
      errorOf(read(withTensor(dims({1}) + type(DataType::Complex128) + bytes(7, varint(1)))));
  EXPECT_NE(message.find("needs 16 bytes of data, got 8"), std::string::npos);
}

//===----------------------------------------------------------------------===//
// Files that are not models
//===----------------------------------------------------------------------===//

TEST(Reader, SaysWhatAFileIs) {
  EXPECT_EQ(errorOf(read("")), "m.onnx: the file is empty");
  EXPECT_EQ(errorOf(read("hello, world\n")), "m.onnx: not an ONNX model: the file contains text");
  EXPECT_EQ(errorOf(read("version https://git-lfs.github.com/spec/v1\noid")),
            "m.onnx: not an ONNX model but a git-lfs pointer; run `git lfs pull`");
  EXPECT_NE(errorOf(read(integer(1, 10))).find("it has no graph"), std::string::npos);
}

TEST(Reader, EveryTruncationIsAnError) {
  std::string file = modelOf(bytes(5, dims({2}) + type(DataType::Float) + raw(floats({1, 2}))) +
                             bytes(1, bytes(1, "x") + bytes(2, "y") + bytes(4, "Relu")));
  ASSERT_EQ(errorOf(read(file)), "none");
  for (size_t size = 0; size < file.size(); ++size)
    EXPECT_NE(errorOf(read(file.substr(0, size))), "none") << size;
}

TEST(Reader, RefusesVersionsItDoesNotKnow) {
  EXPECT_EQ(errorOf(read(modelOf("", newestIRVersion))), "none");
  EXPECT_NE(errorOf(read(modelOf("", newestIRVersion + 1))).find("IR version 15, newer than"),
            std::string::npos);
}

TEST(Reader, RefusesSparseInitializers) {
  EXPECT_NE(errorOf(read(modelOf(bytes(15, "")))).find("sparse initializers"), std::string::npos);
}

TEST(Reader, RefusesDeepNesting) {
  std::string graph;
  for (int i = 0; i < 100; ++i)
    graph = bytes(1, bytes(5, bytes(6, graph) + integer(20, 5)));
  EXPECT_NE(errorOf(read(modelOf(graph))).find("nest deeper than 64"), std::string::npos);
}

TEST(Reader, RefusesMoreMessagesThanMemory) {
  std::string nodes;
  for (int i = 0; i < 4'000'001; ++i)
    nodes += std::string("\x0a\x00", 2);
  EXPECT_NE(errorOf(read(modelOf(nodes))).find("more than 4000000"), std::string::npos);
}

//===----------------------------------------------------------------------===//
// External data
//===----------------------------------------------------------------------===//

std::string externalTensor(const std::string &file, const std::string &offset = "0") {
  return withTensor(dims({2}) + type(DataType::Float) + name("w") + external(file, offset));
}

TEST_F(ReaderFiles, ExternalDataIsMapped) {
  write(inside + "/w.bin", floats({7, 8, 9}));
  auto model = read(externalTensor("w.bin", "4"), inside);
  ASSERT_TRUE(!!model) << llvm::toString(model.takeError());
  EXPECT_EQ(elements<float>(**model), (std::vector<float>{8, 9}));
}

/// Constant nodes of a body and of a function, and what a call leaves out.
TEST_F(ReaderFiles, ExternalDataIsMappedInAttributes) {
  write(inside + "/w.bin", floats({7, 8, 9}));
  std::string tensor = dims({2}) + type(DataType::Float) + external("w.bin", "4");
  std::string attribute = bytes(1, "value") + bytes(5, tensor) + integer(20, 4);
  std::string constant = bytes(2, "c") + bytes(4, "Constant") + bytes(5, attribute);
  std::string body = bytes(6, bytes(1, constant)) + integer(20, 5);
  std::string function = bytes(1, "F") + bytes(7, constant) + bytes(11, attribute);
  auto model =
      read(modelOf(bytes(1, constant) + bytes(1, bytes(5, body))) + bytes(25, function), inside);
  ASSERT_TRUE(!!model) << llvm::toString(model.takeError());
  const std::vector<Node> &nodes = (*model)->graph.nodes;
  const Function &called = (*model)->functions.front();
  for (const NodeAttribute *found :
       {&nodes[0].attributes.front(),
        &nodes[1].attributes.front().graphs.front().nodes.front().attributes.front(),
        &called.nodes.front().attributes.front(), &called.defaults.front()})
    EXPECT_EQ(found->tensors.front().data, floats({8, 9}));
}

TEST_F(ReaderFiles, ExternalDataMustLieInTheFile) {
  write(inside + "/w.bin", floats({7, 8, 9}));
  EXPECT_NE(errorOf(read(externalTensor("w.bin", "8"), inside)).find("which has 12"),
            std::string::npos);
  EXPECT_NE(
      errorOf(read(externalTensor("w.bin", "18446744073709551615"), inside)).find("are not in"),
      std::string::npos);
  EXPECT_NE(errorOf(read(externalTensor("w.bin", "-4"), inside)).find("which is not a size"),
            std::string::npos);
}

TEST_F(ReaderFiles, ExternalDataStaysBeneathTheModel) {
  std::string outside = (root + "/secret.bin").str();
  write(outside, floats({1, 2}));
  for (const std::string &path :
       {std::string("../secret.bin"), outside, std::string("sub/../../secret.bin")})
    EXPECT_NE(errorOf(read(externalTensor(path), inside)).find("outside the model's directory"),
              std::string::npos)
        << path;
  ASSERT_EQ(symlink(outside.c_str(), (inside + "/link.bin").c_str()), 0);
  EXPECT_NE(
      errorOf(read(externalTensor("link.bin"), inside)).find("a link out of the model's directory"),
      std::string::npos);
  EXPECT_NE(errorOf(read(externalTensor(""), inside)).find("no file is named"), std::string::npos);
  EXPECT_NE(errorOf(read(externalTensor("."), inside)).find("not a regular file"),
            std::string::npos);
}

TEST_F(ReaderFiles, LinksWithinTheDirectoryAreFine) {
  write(inside + "/w.bin", floats({1, 2}));
  ASSERT_EQ(symlink("w.bin", (inside + "/link.bin").c_str()), 0);
  EXPECT_EQ(errorOf(read(externalTensor("link.bin"), inside)), "none");
}

TEST_F(ReaderFiles, MissingDataCanBeAllowed) {
  EXPECT_NE(errorOf(read(externalTensor("w.bin"), inside)).find("keep the weight files beside"),
            std::string::npos);
  ReadOptions options;
  options.allowMissingExternalData = true;
  EXPECT_EQ(errorOf(read(externalTensor("w.bin"), inside, options)), "none");
  EXPECT_NE(errorOf(read(externalTensor("../w.bin"), inside, options)), "none");
}

TEST(Reader, NoExternalDataWithoutADirectory) {
  EXPECT_NE(errorOf(read(externalTensor("w.bin"))).find("cannot have any"), std::string::npos);
}

} // namespace
