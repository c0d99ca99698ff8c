//===- TrainerFileTest.cpp - Programs with their weights behind them ------===//
//
// Few weights are written behind the program, many at the same time as it is made;
// and a program may outgrow the room that was left for it. The file must hold the
// program, the weights' image and the model either way.
//
//===----------------------------------------------------------------------===//
#include "lib/Driver/TrainerFile.h"

#include "llvm/Support/FileSystem.h"
#include "gtest/gtest.h"

#include <filesystem>

using namespace dsc;

namespace {

constexpr size_t kMebi = size_t(1) << 20;

/// Bytes that differ from place to place.
std::string makeBytes(size_t count, char seed) {
  std::string bytes(count, seed);
  for (size_t i = 0; i < count; i += 4093)
    bytes[i] = static_cast<char>(i / 4093 + seed);
  return bytes;
}

std::string contents(const std::string &path) {
  auto file = llvm::MemoryBuffer::getFile(path, false, false);
  return file ? (*file)->getBuffer().str() : "";
}

class TrainerFileTest : public testing::Test {
protected:
  void SetUp() override {
    llvm::SmallString<128> name;
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("dsc-trainer-file", name));
    folder = std::string(name);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::string write(size_t programBytes, size_t weightBytes, bool besides);
  uint64_t word(size_t at) const {
    uint64_t value = 0;
    memcpy(&value, trainer.data() + trainer.size() - 64 + at, sizeof(value));
    return value;
  }

  std::string folder, program, image, trainer;
};

/// Returns the error, or nothing; leaves the trainer and the image it should hold.
std::string TrainerFileTest::write(size_t programBytes, size_t weightBytes, bool besides) {
  program = makeBytes(programBytes, 'p');
  InitialValue value{"w", "u8", {static_cast<int64_t>(weightBytes)}, {}, {}};
  value.owned = makeBytes(weightBytes, 'w');
  std::vector<InitialValue> weights = {value};
  image.clear();
  llvm::raw_string_ostream imageStream(image);
  writeWeights(imageStream, weights);

  auto linked = ScratchFile::pending(folder + "/linked");
  auto binary = ScratchFile::pending(folder + "/trainer");
  auto beside = ScratchFile::pending(folder + "/weights");
  EXPECT_TRUE(linked && binary && beside);
  llvm::cantFail(writeFile(*linked, [&](llvm::raw_ostream &os) { os << program; }));
  TrainerFile file(*binary, besides ? &*beside : nullptr, weights);
  if (llvm::Error error = file.takeProgram(linked->name()))
    return llvm::toString(std::move(error));
  if (llvm::Error error = file.finish("the model"))
    return llvm::toString(std::move(error));
  trainer = contents(binary->name());
  if (besides) {
    EXPECT_TRUE(contents(beside->name()) == image);
  }
  return "";
}

} // namespace

struct Sizes {
  size_t program, weights;
};

class TrainerFileSizesTest : public TrainerFileTest, public testing::WithParamInterface<Sizes> {};

TEST_P(TrainerFileSizesTest, HoldsProgramWeightsAndModel) {
  ASSERT_EQ(write(GetParam().program, GetParam().weights, /*besides=*/false), "");
  ASSERT_EQ(trainer.substr(trainer.size() - 64, 14), "dsc-payload-v1");
  EXPECT_TRUE(llvm::StringRef(trainer).starts_with(program));
  EXPECT_GE(word(16), program.size());
  EXPECT_EQ(word(16) % 4096, 0u);
  ASSERT_EQ(word(24), image.size());
  EXPECT_TRUE(trainer.substr(word(16), word(24)) == image);
  EXPECT_EQ(word(32) % 4096, 0u);
  EXPECT_EQ(trainer.substr(word(32), word(40)), "the model");
}

// Few weights; many; many behind a program that outgrows its room.
INSTANTIATE_TEST_SUITE_P(Sizes, TrainerFileSizesTest,
                         testing::Values(Sizes{5000, 3000}, Sizes{5000, 70 * kMebi},
                                         Sizes{9 * kMebi, 70 * kMebi}));

TEST_F(TrainerFileTest, KeepsWeightsBeside) {
  for (size_t bytes : {size_t(3000), 70 * kMebi}) {
    ASSERT_EQ(write(5000, bytes, /*besides=*/true), "");
    EXPECT_EQ(word(16), 0u);
    EXPECT_EQ(word(24), 0u);
    EXPECT_EQ(trainer.substr(word(32), word(40)), "the model");
    EXPECT_LT(trainer.size(), kMebi);
  }
}

TEST_F(TrainerFileTest, SaysThatTheProgramIsMissing) {
  auto binary = ScratchFile::pending(folder + "/trainer");
  ASSERT_TRUE(static_cast<bool>(binary));
  std::vector<InitialValue> none;
  TrainerFile file(*binary, nullptr, none);
  EXPECT_EQ(llvm::toString(file.takeProgram(folder + "/nothing")),
            "linking the trainer failed: the linker wrote nothing");
}

TEST_F(TrainerFileTest, SaysThatTheWeightsCannotBeWritten) {
  InitialValue value{"w", "u8", {1}, {}, std::string(70 * kMebi, 'w')};
  std::vector<InitialValue> weights = {value};
  auto binary = ScratchFile::pending(folder + "/trainer");
  ASSERT_TRUE(static_cast<bool>(binary));
  std::filesystem::remove(binary->name());
  TrainerFile file(*binary, nullptr, weights);
  EXPECT_EQ(llvm::toString(file.finish("")),
            "cannot write '" + folder + "/trainer': No such file or directory");
}
