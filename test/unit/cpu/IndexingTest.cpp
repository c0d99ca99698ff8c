//===- IndexingTest.cpp - Take, ScatterAdd, their Along forms, ArgMax -----===//
#include "Support.h"

#include <cmath>
#include <limits>

using namespace dsc::test;

namespace {

template <typename Index> constexpr int64_t typeOf = sizeof(Index) == 4 ? DSC_I32 : DSC_I64;

template <typename Index>
Tensor<Index> randomIndices(Random &random, const Dims &dims, int64_t bound) {
  Tensor<Index> indices(dims, someStrides(random, dims));
  return std::move(indices.fill([&] { return static_cast<Index>(pick(random, 0, bound - 1)); }));
}

template <typename T, typename Index>
void checkTake(Random &random, int64_t outer, int64_t axis, int64_t inner, int64_t count) {
  Tensor<T> table({outer, axis, inner}, someStrides(random, {outer, axis, inner}));
  Tensor<T> out({outer, count, inner}, someStrides(random, {outer, count, inner}));
  auto index = randomIndices<Index>(random, {count}, axis);
  int64_t next = 0;
  table.fill([&] { return static_cast<T>(++next); });
  DSC_CALL(dscCpuTake)
      .ints({sizeof(T), typeOf<Index>, outer, axis, inner, count})
      .ints(table.strides)
      .ints(index.strides)
      .ints(out.strides)
      .in(table)
      .in(index)
      .out(out)
      .run();
  forEach(out.dims, [&](const Dims &at) {
    ASSERT_EQ(out.at(at), table.at({at[0], index.at({at[1]}), at[2]}));
  });
}

TEST(Take, RandomShapes) {
  Random random(1);
  for (int round = 0; round < 40; ++round) {
    int64_t outer = pick(random, 1, 4), axis = pick(random, 1, 20), inner = pick(random, 1, 40),
            count = pick(random, 0, 30);
    checkTake<uint8_t, int32_t>(random, outer, axis, inner, count);
    checkTake<uint32_t, int64_t>(random, outer, axis, inner, count);
    checkTake<uint64_t, int32_t>(random, outer, axis, inner, count);
  }
  checkTake<uint32_t, int64_t>(random, 1, 256, 128, 768);
}

TEST(Take, OutOfRangeIsAnErrorThatNamesPositionAndValue) {
  Tensor<float> table({1, 5, 2}), out({1, 3, 2});
  Tensor<int64_t> index({3});
  index.data = {4, 0, 5};
  auto call = [&](int64_t bad) {
    index.data[2] = bad;
    return DSC_CALL(dscCpuTake)
        .ints({4, DSC_I64, 1, 5, 2, 3, 10, 2, 1, 1, 6, 2, 1})
        .in(table)
        .in(index)
        .out(out)
        .runOnce(2);
  };
  EXPECT_EQ(call(5), 1);
  EXPECT_EQ(lastError, "dscCpuTake: index 5 at position 2 is outside [0, 5)");
  EXPECT_EQ(call(-1), 1);
  EXPECT_EQ(lastError, "dscCpuTake: index -1 at position 2 is outside [0, 5)");
  EXPECT_EQ(call(4), 0);
}

TEST(Take, TheFirstBadIndexOfManyIsNamed) {
  int64_t count = 400000;
  Tensor<float> table({1, 2, 1}), out({1, count, 1});
  Tensor<int32_t> index({count});
  index.fill([] { return 1; });
  index.data[123] = 7;
  index.data[399999] = 9;
  EXPECT_EQ(DSC_CALL(dscCpuTake)
                .ints({4, DSC_I32, 1, 2, 1, count, 2, 1, 1, 1, count, 1, 1})
                .in(table)
                .in(index)
                .out(out)
                .runOnce(2),
            1);
  EXPECT_EQ(lastError, "dscCpuTake: index 7 at position 123 is outside [0, 2)");
}

template <typename T, typename Index>
void checkScatterAdd(Random &random, const Dims &sizes, int64_t count, bool accumulate) {
  int64_t outer = sizes[0], axis = sizes[1], inner = sizes[2];
  Tensor<T> updates({outer, count, inner}, someStrides(random, {outer, count, inner}));
  Tensor<T> out(sizes, someStrides(random, sizes));
  updates.randomize(random);
  out.randomize(random);
  auto index = randomIndices<Index>(random, {count}, axis);
  Tensor<double> want(sizes);
  forEach(sizes, [&](const Dims &at) { want.at(at) = accumulate ? out.at(at) : 0; });
  forEach(updates.dims,
          [&](const Dims &at) { want.at({at[0], index.at({at[1]}), at[2]}) += updates.at(at); });
  DSC_CALL(dscCpuScatterAdd)
      .ints({sizeof(T) == 4 ? DSC_F32 : DSC_F64, typeOf<Index>, outer, axis, inner, count})
      .ints(updates.strides)
      .ints(index.strides)
      .ints(out.strides)
      .ints({accumulate ? DSC_SCATTER_ACCUMULATE : 0})
      .in(updates)
      .in(index)
      .out(out)
      .run();
  expectNear(out, [&](const Dims &at) { return want.at(at); }, sizeof(T) == 4 ? 1e-5 : 1e-13);
}

TEST(ScatterAdd, RandomShapes) {
  Random random(2);
  for (int round = 0; round < 40; ++round) {
    Dims sizes{pick(random, 1, 4), pick(random, 1, 20), pick(random, 1, 70)};
    int64_t count = pick(random, 0, 30);
    checkScatterAdd<float, int64_t>(random, sizes, count, chance(random));
    checkScatterAdd<double, int32_t>(random, sizes, count, chance(random));
  }
}

TEST(ScatterAdd, SplitByColumnsAndByRows) {
  Random random(3);
  checkScatterAdd<float, int64_t>(random, {1, 50, 128}, 5000, false);
  checkScatterAdd<float, int64_t>(random, {1, 5000, 1}, 20000, false);
}

template <typename T> void checkWrappingScatter(int64_t type) {
  constexpr T most = std::numeric_limits<T>::max(), least = std::numeric_limits<T>::min();
  Tensor<T> updates({4}), out({3});
  Tensor<int64_t> index({4});
  updates.data = {most, 5, 1, -7};
  index.data = {2, 0, 2, 0};
  DSC_CALL(dscCpuScatterAdd)
      .ints({type, DSC_I64, 1, 3, 1, 4, 4, 1, 1, 1, 3, 1, 1, 0})
      .in(updates)
      .in(index)
      .out(out)
      .run();
  EXPECT_EQ(out.data, (std::vector<T>{-2, 0, least}));
}

TEST(ScatterAdd, AddsIntegersThatWrap) {
  checkWrappingScatter<int32_t>(DSC_I32);
  checkWrappingScatter<int64_t>(DSC_I64);
}

TEST(ScatterAdd, RefusesSmallIntegers) {
  Tensor<float> updates({1}), out({1});
  Tensor<int64_t> index({1});
  EXPECT_EQ(DSC_CALL(dscCpuScatterAdd)
                .ints({DSC_I16, DSC_I64, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0})
                .in(updates)
                .in(index)
                .out(out)
                .runOnce(1),
            1);
  EXPECT_NE(lastError.find("element type"), std::string::npos) << lastError;
}

Dims replaced(Dims position, int64_t axis, int64_t value) {
  position[axis] = value;
  return position;
}

struct AlongCase {
  Dims dims, dataDims;
  int64_t axis;
};

AlongCase randomAlong(Random &random) {
  AlongCase result;
  int64_t rank = pick(random, 1, 4);
  for (int64_t i = 0; i < rank; ++i) {
    result.dims.push_back(pick(random, 1, 8));
    result.dataDims.push_back(result.dims.back() + pick(random, 0, 2));
  }
  result.axis = pick(random, 0, rank - 1);
  result.dataDims[result.axis] = pick(random, 1, 10);
  return result;
}

template <typename T, typename Index> void checkTakeAlong(Random &random, const AlongCase &c) {
  Tensor<T> data(c.dataDims, someStrides(random, c.dataDims)),
      out(c.dims, someStrides(random, c.dims));
  int64_t next = 0;
  data.fill([&] { return static_cast<T>(++next); });
  auto index = randomIndices<Index>(random, c.dims, c.dataDims[c.axis]);
  DSC_CALL(dscCpuTakeAlong)
      .ints({sizeof(T), typeOf<Index>, static_cast<int64_t>(c.dims.size()), c.axis,
             c.dataDims[c.axis]})
      .ints(c.dims)
      .ints(data.strides)
      .ints(index.strides)
      .ints(out.strides)
      .in(data)
      .in(index)
      .out(out)
      .run();
  forEach(c.dims, [&](const Dims &at) {
    ASSERT_EQ(out.at(at), data.at(replaced(at, c.axis, index.at(at))));
  });
}

TEST(TakeAlong, RandomShapes) {
  Random random(4);
  for (int round = 0; round < 60; ++round) {
    checkTakeAlong<uint16_t, int64_t>(random, randomAlong(random));
    checkTakeAlong<uint32_t, int32_t>(random, randomAlong(random));
  }
}

template <typename T, typename Index>
void checkScatterAlong(Random &random, const AlongCase &c, bool accumulate) {
  Tensor<T> updates(c.dims, someStrides(random, c.dims)),
      out(c.dataDims, someStrides(random, c.dataDims));
  updates.randomize(random);
  out.randomize(random);
  auto index = randomIndices<Index>(random, c.dims, c.dataDims[c.axis]);
  Tensor<double> want(c.dataDims);
  forEach(c.dataDims, [&](const Dims &at) { want.at(at) = accumulate ? out.at(at) : 0; });
  forEach(c.dims,
          [&](const Dims &at) { want.at(replaced(at, c.axis, index.at(at))) += updates.at(at); });
  DSC_CALL(dscCpuScatterAddAlong)
      .ints({sizeof(T) == 4 ? DSC_F32 : DSC_F64, typeOf<Index>, static_cast<int64_t>(c.dims.size()),
             c.axis})
      .ints(c.dims)
      .ints(c.dataDims)
      .ints(updates.strides)
      .ints(index.strides)
      .ints(out.strides)
      .ints({accumulate ? DSC_SCATTER_ACCUMULATE : 0})
      .in(updates)
      .in(index)
      .out(out)
      .run();
  expectNear(out, [&](const Dims &at) { return want.at(at); }, sizeof(T) == 4 ? 1e-5 : 1e-13);
}

TEST(ScatterAddAlong, RandomShapes) {
  Random random(5);
  for (int round = 0; round < 60; ++round) {
    checkScatterAlong<float, int64_t>(random, randomAlong(random), chance(random));
    checkScatterAlong<double, int32_t>(random, randomAlong(random), chance(random));
  }
}

TEST(ScatterAddAlong, PlanesOfAPooling) {
  Random random(6);
  checkScatterAlong<float, int32_t>(random, {{300, 49}, {300, 196}, 1}, false);
  checkScatterAlong<float, int32_t>(random, {{49, 300}, {196, 300}, 0}, false);
}

TEST(ScatterAddAlong, OutOfRangeNamesThePosition) {
  Tensor<float> updates({2, 3}), out({2, 4});
  Tensor<int32_t> index({2, 3});
  index.data = {0, 1, 2, 3, 4, 0};
  EXPECT_EQ(DSC_CALL(dscCpuScatterAddAlong)
                .ints({DSC_F32, DSC_I32, 2, 1, 2, 3, 2, 4, 3, 1, 3, 1, 4, 1, 0})
                .in(updates)
                .in(index)
                .out(out)
                .runOnce(2),
            1);
  EXPECT_EQ(lastError, "dscCpuScatterAddAlong: index 4 at position [1, 1] is outside [0, 4)");
}

/// Small integers, so that ties are common; NaN now and then.
template <typename T> Tensor<T> tiedTensor(Random &random, const Dims &dims, bool nan) {
  Tensor<T> tensor(dims, someStrides(random, dims));
  return std::move(tensor.fill([&]() -> T {
    if (nan && pick(random, 0, 19) == 0)
      return std::numeric_limits<T>::quiet_NaN();
    return static_cast<T>(pick(random, -3, 3));
  }));
}

template <typename T> int64_t expectedArgMax(const std::vector<T> &line, int64_t flags) {
  for (size_t i = 0; i < line.size(); ++i)
    if (line[i] != line[i])
      return static_cast<int64_t>(i);
  T best = line[0];
  for (T value : line)
    best = (flags & DSC_ARGMAX_MIN) ? std::min(best, value) : std::max(best, value);
  int64_t where = -1;
  for (size_t i = 0; i < line.size(); ++i)
    if (line[i] == best && (where < 0 || (flags & DSC_ARGMAX_LAST)))
      where = static_cast<int64_t>(i);
  return where;
}

template <typename T> void checkArgMax(Random &random, const Dims &dims, int64_t type, bool nan) {
  for (int64_t flags = 0; flags < 4; ++flags) {
    auto input = tiedTensor<T>(random, dims, nan);
    Tensor<int64_t> out({dims[0], dims[2]});
    DSC_CALL(dscCpuArgMax)
        .ints({type})
        .ints(dims)
        .ints(input.strides)
        .ints({flags})
        .in(input)
        .out(out)
        .run();
    forEach(out.dims, [&](const Dims &at) {
      std::vector<T> line;
      for (int64_t i = 0; i < dims[1]; ++i)
        line.push_back(input.at({at[0], i, at[1]}));
      ASSERT_EQ(out.at(at), expectedArgMax(line, flags)) << "flags " << flags;
    });
  }
}

TEST(ArgMax, TiesAndNaN) {
  Random random(7);
  for (int round = 0; round < 20; ++round) {
    Dims dims{pick(random, 0, 6), pick(random, 1, 70), pick(random, 1, 4)};
    checkArgMax<float>(random, dims, DSC_F32, round % 2);
    checkArgMax<double>(random, dims, DSC_F64, round % 2);
    checkArgMax<int32_t>(random, dims, DSC_I32, false);
    checkArgMax<int64_t>(random, dims, DSC_I64, false);
  }
}

TEST(ArgMax, RefusesAnEmptyAxis) {
  Tensor<float> input({1});
  Tensor<int64_t> out({1});
  EXPECT_EQ(
      DSC_CALL(dscCpuArgMax).ints({DSC_F32, 1, 0, 1, 1, 1, 1, 0}).in(input).out(out).runOnce(1), 1);
}

} // namespace
