//===- JsonTest.cpp - What is refused before LLVM's parser sees it --------===//

#include "dsc/Support/Json.h"

#include <gtest/gtest.h>

using namespace dsc;

static std::string parseError(llvm::StringRef text) {
  auto value = parseJson(text);
  return value ? "" : toString(value.takeError());
}

TEST(Json, NamesOfDifferentObjectsMayBeEqual) {
  auto value = parseJson(R"({"a": [{"b": "x:{"}, {"b": "\"a\":"}], "c": {"a": 1}})");
  ASSERT_TRUE(bool(value)) << toString(value.takeError());
  EXPECT_EQ(value->getAsObject()->getArray("a")->size(), 2u);
}

TEST(Json, NamesThatStandTwice) {
  EXPECT_EQ(parseError(R"({"a": 1, "b": 2, "a": 1})"), "field 'a' stands twice in an object");
  EXPECT_EQ(parseError(R"([{"x": {"a": 1, "\u0061" : 2}}])"),
            "field 'a' stands twice in an object");
}

TEST(Json, DeepNesting) {
  auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(parseError(nested(64)), "");
  EXPECT_EQ(parseError(nested(65)), "it is nested deeper than 64");
  EXPECT_EQ(parseError(std::string(10'000'000, '[')), "it is nested deeper than 64");
}

TEST(Json, WhatIsNoJson) {
  for (const char *text :
       {"", "{", "}", ":", "\"", "\"\\", "{\"a\":", "{\"a\"", "]:\"a\":\"a\":"}) {
    EXPECT_NE(parseError(text), "") << text;
  }
}
