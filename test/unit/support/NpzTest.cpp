//===- NpzTest.cpp - .npz archives written, read back and damaged ---------===//

#include "dsc/Support/Npz.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include <gtest/gtest.h>

using namespace dsc;

namespace {
/// A file of its own per test, removed at the end.
class Npz : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("dsc-npz", "npz", path));
  }
  void TearDown() override { llvm::sys::fs::remove(path); }

  void write(llvm::StringRef contents) {
    std::error_code error;
    llvm::raw_fd_ostream(path, error) << contents;
    ASSERT_FALSE(error);
  }
  std::string contents() { return llvm::MemoryBuffer::getFile(path).get()->getBuffer().str(); }

  /// The message that reading gives, empty if it succeeds.
  std::string readError() {
    auto archive = readNpz(path);
    return archive ? "" : toString(archive.takeError());
  }

  llvm::SmallString<128> path;
};
} // namespace

static NpzArchive someArchive() {
  NpzArchive archive;
  NpzArray &x = archive["x/y"];
  x.shape = {2, 3};
  for (double value : {0.5, -1.0, 2.25, 1e-3, 1e9, -0.0}) {
    x.appendFloat(value);
  }
  NpzArray &i = archive["i"];
  i.kind = 'i', i.width = 8, i.shape = {3};
  for (int64_t value : {int64_t{-1}, int64_t{7}, int64_t{1} << 60}) {
    i.appendInt(value);
  }
  archive["scalar.lr"].width = 8;
  archive["scalar.lr"].appendFloat(0.1);
  archive["empty"].shape = {0, 4};
  return archive;
}

TEST_F(Npz, RoundTrip) {
  NpzArchive before = someArchive();
  ASSERT_FALSE(bool(writeNpz(path, before)));
  auto after = readNpz(path);
  ASSERT_TRUE(bool(after)) << toString(after.takeError());
  ASSERT_EQ(after->size(), before.size());
  for (const auto &[name, array] : before) {
    const NpzArray &read = (*after)[name];
    EXPECT_EQ(read.shape, array.shape) << name;
    EXPECT_EQ(read.descr(), array.descr()) << name;
    EXPECT_EQ(read.bytes, array.bytes) << name;
  }
  EXPECT_EQ((*after)["i"].getInt(0), -1);
  EXPECT_EQ((*after)["scalar.lr"].getFloat(0), 0.1);
}

TEST_F(Npz, WritesTheSameBytesTwice) {
  ASSERT_FALSE(bool(writeNpz(path, someArchive())));
  std::string first = contents();
  ASSERT_FALSE(bool(writeNpz(path, someArchive())));
  EXPECT_EQ(first, contents());
}

TEST_F(Npz, TruncationIsAnError) {
  ASSERT_FALSE(bool(writeNpz(path, someArchive())));
  std::string whole = contents();
  for (size_t size = 0; size < whole.size(); size += 7) {
    write(llvm::StringRef(whole).take_front(size));
    EXPECT_NE(readError(), "") << "cut to " << size << " bytes";
  }
}

// A flipped byte is noticed by a checksum or a check, or is one of a few that
// carry no meaning; it never crashes.
TEST_F(Npz, FlippedBytesAreNoticedOrHarmless) {
  ASSERT_FALSE(bool(writeNpz(path, someArchive())));
  std::string whole = contents();
  size_t noticed = 0;
  for (size_t at = 0; at < whole.size(); at += 7) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    write(damaged);
    noticed += !readError().empty();
  }
  EXPECT_GT(noticed, whole.size() / 14);
}

TEST_F(Npz, NoArchive) {
  write("this is a text file, and long enough to be an archive");
  EXPECT_NE(readError().find("not a zip archive"), std::string::npos);
}
