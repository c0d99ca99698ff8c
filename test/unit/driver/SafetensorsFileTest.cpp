//===- SafetensorsFileTest.cpp - Initial values out of hostile files ------===//

#include "lib/Driver/SafetensorsFile.h"

#include <gtest/gtest.h>

using namespace dsc;

static std::string withLength(uint64_t length, const std::string &rest) {
  return std::string(reinterpret_cast<const char *>(&length), 8) + rest;
}

static std::string image(const std::string &header) {
  return withLength(header.size(), header + "12345678");
}

/// The message of reading two floats called 'a'; empty where they were read.
static std::string refusal(const std::string &bytes) {
  auto file = llvm::MemoryBuffer::getMemBuffer(bytes, "", false);
  std::vector<InitialValue> values(1);
  values[0].name = "a";
  values[0].dtype = "f32";
  values[0].shape = {2};
  llvm::Error error = overrideInitialValues(*file, "file", values);
  if (!error) {
    EXPECT_EQ(values[0].bytes(), "12345678");
  }
  return toString(std::move(error));
}

static std::string tensor(const std::string &shape, const std::string &offsets) {
  return R"({"dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

TEST(SafetensorsFile, WhatIsRead) {
  EXPECT_EQ(refusal(image("{\"a\":" + tensor("[2]", "[0,8]") + "}")), "");
  EXPECT_EQ(
      refusal(image("{\"a\":" + tensor("[2]", "[0,8]") + ",\"b\":" + tensor("[0]", "[4,4]") + "}")),
      "");
}

TEST(SafetensorsFile, HeaderLengthsThatOverflow) {
  for (uint64_t length : {~uint64_t{0}, ~uint64_t{0} - 7, uint64_t{1} << 63, uint64_t{3}}) {
    EXPECT_NE(refusal(withLength(length, "{}")), "") << length;
  }
  std::string large(100'000'001, ' ');
  EXPECT_NE(refusal(image(large)).find("100000001 bytes"), std::string::npos);
}

TEST(SafetensorsFile, OffsetsAndShapesOfNoMeaning) {
  for (const char *offsets : {"[-8,0]", "[8,16]", "[4,12]", "[8,0]", "[0,1e300]", "[0,8,8]", "[0]",
                              "8", "[0,18446744073709551615]", "[18446744073709551608,0]",
                              "[9223372036854775800,9223372036854775807]"}) {
    EXPECT_NE(refusal(image("{\"a\":" + tensor("[2]", offsets) + "}")), "") << offsets;
  }
  for (const char *shape : {"[-2]", "[1e300]", "2", "[\"2\"]", "[2,1]", "[18446744073709551618]"}) {
    EXPECT_NE(refusal(image("{\"a\":" + tensor(shape, "[0,8]") + "}")), "") << shape;
  }
}

TEST(SafetensorsFile, TensorsThatOverlap) {
  std::string two = "{\"a\":" + tensor("[2]", "[0,8]") + ",\"b\":" + tensor("[1]", "[4,8]") + "}";
  EXPECT_EQ(refusal(image(two)), "'file': tensors 'a' and 'b' overlap");
}

TEST(SafetensorsFile, NamesThatStandTwice) {
  std::string entry = "\"a\":" + tensor("[2]", "[0,8]");
  EXPECT_NE(refusal(image("{" + entry + "," + entry + "}")).find("'a' stands twice"),
            std::string::npos);
}

TEST(SafetensorsFile, DeepNesting) {
  EXPECT_NE(refusal(image("{\"a\":" + std::string(1'000'000, '['))).find("nested deeper"),
            std::string::npos);
}
