//===- NpzTest.cpp - .npz archives written, read back and damaged ---------===//

#include "dsc/Support/Npz.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cmath>
#include <cstring>
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

TEST(NpzArray, FloatsBeyondTheIntegers) {
  NpzArray array;
  for (double value : {-1.75, 1e30, -1e30, 9.3e18, std::nan("")}) {
    array.appendFloat(value);
  }
  int64_t expected[] = {-1, INT64_MAX, INT64_MIN, INT64_MAX, 0};
  for (int64_t i = 0; i < 5; ++i) {
    EXPECT_EQ(array.getInt(i), expected[i]) << i;
  }
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

//===----------------------------------------------------------------------===//
// Archives that are meant to harm
//===----------------------------------------------------------------------===//

/// An .npy file with that header.
static std::string makeNpy(const std::string &header, const std::string &data = "") {
  std::string length = {static_cast<char>(header.size()), static_cast<char>(header.size() >> 8)};
  return std::string("\x93NUMPY\x01\x00", 8) + length + header + data;
}

static std::string npyError(const std::string &bytes) {
  auto array = parseNpy(bytes);
  return array ? "" : toString(array.takeError());
}

TEST(Npy, HeadersThatAreCutOff) {
  EXPECT_EQ(npyError(makeNpy("{'descr': '<f4', 'shape': (2,)}", "12345678")), "");
  for (const char *header :
       {"", "'descr'", "'descr':", "'descr': '", "'descr': '<", "'descr': '<f4', 'shape'",
        "'descr': '<f4', 'shape':", "'descr': '<f4', 'shape': (", "'descr' '<f4'"}) {
    EXPECT_NE(npyError(makeNpy(header)), "") << header;
  }
}

TEST(Npy, ShapesThatOverflow) {
  for (const char *shape :
       {"(4611686018427387904,)", "(9223372036854775807,)", "(9223372036854775808,)",
        "(4611686018427387904, 4)", "(4294967296, 4294967296)", "(-1,)", "(-2, -1)",
        "(4611686018427387904, 4, 0)", "(1000000000000,)"}) {
    EXPECT_NE(npyError(makeNpy("{'descr': '<f4', 'shape': " + std::string(shape) + "}", "1234")),
              "")
        << shape;
  }
}

// Reordering takes time in proportion to elements times dimensions.
TEST(Npy, HighRank) {
  std::string ones;
  for (int i = 0; i < 10000; ++i) {
    ones += "1,";
  }
  std::string header = "{'descr': '|u1', 'fortran_order': True, 'shape': (" + ones + ")}";
  EXPECT_EQ(npyError(makeNpy(header, "x")), "its shape has 10000 dimensions, more than 64");
}

TEST(Npy, HeadersOfTwoMeanings) {
  EXPECT_EQ(npyError(makeNpy("{'descr': '<f4', 'shape': (2,), 'descr': '<i4'}", "12345678")),
            "its header has a field twice");
  for (const char *shape : {"(2)", "(1 2)", "(1,,2)", "(,2)", "(+2,)", "[2]"}) {
    std::string header = "{'descr': '<f4', 'shape': " + std::string(shape) + "}";
    EXPECT_NE(npyError(makeNpy(header, "12345678")).find("has the shape"), std::string::npos)
        << shape;
  }
  std::string unknown = makeNpy("{'descr': '<f4', 'shape': (2,)}", "12345678");
  unknown[6] = 9;
  EXPECT_EQ(npyError(unknown), "it is of .npy version 9.0, which is unknown");
}

// A message is one line of printable text.
TEST(Npy, HeadersThatWouldDriveATerminal) {
  std::string nonsense = "\x1b\n" + std::string(1000, 'x');
  for (const std::string &header : {"{'descr': '" + nonsense + "', 'shape': (2,)}",
                                    "{'descr': '<f4', 'shape': " + nonsense + "}"}) {
    std::string error = npyError(makeNpy(header));
    EXPECT_NE(error.find("\\1B\\0Axxx"), std::string::npos) << error;
    EXPECT_LT(error.size(), 200u);
  }
}

/// The directory of a stored archive, whose one member it lists `times` times under other names.
static std::string listAgain(const std::string &archive, uint16_t times, bool sameName) {
  size_t directory = archive.find("PK\x01\x02"), end = archive.find("PK\x05\x06");
  std::string entry = archive.substr(directory, end - directory), entries;
  for (uint16_t i = 0; i < times; ++i) {
    entries += entry;
    if (!sameName) {
      entries[entries.size() - 5] = static_cast<char>('a' + i); // before ".npy"
    }
  }
  std::string record = archive.substr(end);
  for (size_t field : {8, 10}) {
    memcpy(record.data() + field, &times, sizeof(times));
  }
  return archive.substr(0, directory) + entries + record;
}

TEST_F(Npz, MembersThatShareTheirData) {
  NpzArchive archive;
  archive["x"].appendFloat(1);
  ASSERT_FALSE(bool(writeNpz(path, archive)));
  std::string whole = contents();
  write(listAgain(whole, 1, false));
  EXPECT_EQ(readError(), "");
  write(listAgain(whole, 20, false));
  EXPECT_NE(readError().find("overlap"), std::string::npos);
}

TEST_F(Npz, NamesThatStandTwice) {
  NpzArchive archive;
  archive["x"].appendFloat(1);
  archive["y"].appendFloat(1);
  ASSERT_FALSE(bool(writeNpz(path, archive)));
  std::string whole = contents();
  for (size_t at; (at = whole.find("y.npy")) != std::string::npos;) {
    whole[at] = 'x';
  }
  write(whole);
  EXPECT_NE(readError().find("lists 'x.npy' twice"), std::string::npos);
}

// A name is only a name: nothing is written to where it points.
TEST_F(Npz, NamesOfOtherFolders) {
  NpzArchive archive;
  archive["../../x"].appendFloat(1);
  ASSERT_FALSE(bool(writeNpz(path, archive)));
  auto read = readNpz(path);
  ASSERT_TRUE(bool(read)) << toString(read.takeError());
  EXPECT_EQ(read->begin()->first, "../../x");
}

static std::string number(uint64_t value, size_t bytes) {
  return std::string(reinterpret_cast<const char *>(&value), bytes);
}

/// An archive of one deflated member, which it claims to unpack to `size` bytes.
static std::string makeZip(const std::string &packed, uint64_t size) {
  std::string name = "x.npy";
  bool wide = size > 0xffffffff;
  std::string sizes = number(packed.size(), 4) + number(wide ? 0xffffffff : size, 4);
  std::string extra = wide ? number(1, 2) + number(8, 2) + number(size, 8) : "";
  std::string common = number(20, 2) + number(0, 2) + number(8, 2) + number(0, 8) + sizes +
                       number(name.size(), 2) + number(extra.size(), 2);
  std::string local = "PK\x03\x04" + common + name + extra + packed;
  std::string entry = "PK\x01\x02" + number(20, 2) + common + std::string(14, '\0') + name + extra;
  return local + entry + "PK\x05\x06" + number(0, 4) + number(1, 2) + number(1, 2) +
         number(entry.size(), 4) + number(local.size(), 4) + number(0, 2);
}

static std::string zipError(const std::string &packed, uint64_t size) {
  auto archive = parseNpz(makeZip(packed, size));
  return archive ? "" : toString(archive.takeError());
}

// A deflated member of no bytes, for which the directory claims up to 1 TB.
TEST_F(Npz, SizesThatAreNotSo) {
  for (uint64_t size : {uint64_t{0}, uint64_t{3000}, uint64_t{0xfffffffe}, uint64_t{1} << 40}) {
    EXPECT_NE(zipError(std::string("\x03\x00", 2), size).find("member 'x.npy'"), std::string::npos);
  }
}

/// Raw deflate data in one stored block.
static std::string storedBlock(const std::string &bytes) {
  return "\x01" + number(bytes.size(), 2) + number(~bytes.size(), 2) + bytes;
}

// The header tells first that the member is too long: the checksum, 0 here, is not reached.
TEST_F(Npz, MembersThatUnpackToMore) {
  std::string array = makeNpy("{'descr': '<f4', 'shape': (2,)}", "12345678");
  EXPECT_EQ(zipError(storedBlock(array), array.size()),
            "member 'x.npy': its checksum does not match");
  array += "9";
  EXPECT_EQ(zipError(storedBlock(array), array.size()),
            "member 'x.npy': expected 8 bytes of data, got 9");
}
