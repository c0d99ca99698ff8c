// Runs what moves and chooses values (Indexing.cu, Move.cu) on sizes that fill no block.
#include "device.h"

#include <deque>

namespace {

std::vector<float> count(size_t values) {
  std::vector<float> result(values);
  std::iota(result.begin(), result.end(), 1.0f);
  return result;
}

void checkTakes(Step &step) {
  Values<float> table(count(6)), out({0, 0, 0, 0, 0, 0});
  Values<int64_t> index({2, 0, 1});
  take(step, {4, DSC_I64, 1, 3, 2, 3, {6, 2, 1}, 1, {6, 2, 1}},
       {table.buffer(), index.buffer(), out.buffer()});
  expect<float>("take", out, {5, 6, 1, 2, 3, 4});
  // out[i, j] = table[index[i, j], j], of a table [3, 2]
  Values<int32_t> places({1, 2, 0, 0});
  Values<float> chosen({0, 0, 0, 0});
  takeAlong(step, {4, DSC_I32, 0, 3, {2, 2}, {2, 1}, {2, 1}, {2, 1}},
            {table.buffer(), places.buffer(), chosen.buffer()});
  expect<float>("takeAlong", chosen, {3, 6, 1, 2});
}

void checkMoves(Step &step) {
  // A [2, 3] transposed, behind the first value of the result.
  Values<float> in(count(6)), out(std::vector<float>(8, 9));
  copy(step, {4, {2, 3}, {3, 1}, {1, 2}, 0, 1}, {in.buffer(), out.buffer()});
  expect<float>("copy", out, {9, 1, 4, 2, 5, 3, 6, 9});
  fill(step, {4, {3}, {2}, 1, 0x3f800000}, {out.buffer()});
  expect<float>("fill", out, {9, 1, 4, 1, 5, 1, 6, 9});
  Values<float> part({7, 8}), whole(count(6));
  Values<int64_t> number({1});
  stackRows(step, {8, 3}, {part.buffer(), number.buffer(), whole.buffer()});
  expect<float>("stackRows", whole, {1, 2, 7, 8, 5, 6});
}

/// More tensors than one launch takes, of no elements and of more than a block's, whose ends are
/// on no vector; what lies behind them stays.
template <typename T> void checkFillAll(Step &step, int64_t bytes, T value, int64_t pattern) {
  std::deque<Values<T>> tensors;
  std::vector<Buffer> buffers;
  for (int64_t i = 0; i < 150; ++i) {
    tensors.emplace_back(std::vector<T>(size_t(i == 7 ? 20001 : i % 40) + 1, T(9)));
    auto whole = Buffer(tensors.back().buffer()).template tensor<T>();
    buffers.push_back(Tensor<T>{whole.data, whole.count - 1});
  }
  fillAll(step, {bytes, pattern}, buffers.data(), buffers.size());
  for (Values<T> &tensor : tensors) {
    std::vector<T> expected(tensor.host.size(), value);
    expected.back() = T(9);
    expect<T>("fillAll", tensor, expected);
  }
}

void checkArgMax(Step &step) {
  Values<float> rows({1, 5, 5, 4, 2, 4});
  Values<int64_t> out({9, 9});
  argMax(step, {DSC_F32, 2, 3, 1, {3, 1, 1}}, {rows.buffer(), out.buffer()});
  expect<int64_t>("argMax", out, {1, 0});
  argMax(step, {DSC_F32, 2, 3, 1, {3, 1, 1}, DSC_ARGMAX_LAST}, {rows.buffer(), out.buffer()});
  expect<int64_t>("last argMax", out, {2, 2});
  argMax(step, {DSC_F32, 2, 3, 1, {3, 1, 1}, DSC_ARGMAX_MIN}, {rows.buffer(), out.buffer()});
  expect<int64_t>("argMin", out, {0, 1});
}

/// Strides of dimensions that lie in the order of `order`, the last one closest; each row of it
/// ends with `gap` elements that are nobody's.
int64_t lay(const Sizes &dims, const Sizes &order, int64_t gap, Sizes &strides) {
  strides.resize(dims.size());
  int64_t count = 1;
  for (size_t i = order.size(); i-- > 0;) {
    size_t dim = size_t(order[i]);
    strides[dim] = count;
    count *= dims[dim];
    if (i + 1 == order.size())
      count += gap;
  }
  return count;
}

/// A copy from dimensions in the order of `order` to such as lie behind each other.
template <typename T>
void checkCopyOf(Step &step, const Sizes &dims, const Sizes &order, int64_t gap = 1) {
  constexpr int64_t before = 3;
  Sizes in, out, plain(dims.size());
  std::iota(plain.begin(), plain.end(), 0);
  int64_t inCount = before + lay(dims, order, gap, in);
  int64_t outCount = before + lay(dims, plain, gap, out);
  std::vector<T> from(static_cast<size_t>(inCount));
  for (T &value : from)
    value = T(draw(1, 100));
  Values<T> input(from), output(std::vector<T>(static_cast<size_t>(outCount), T(0)));
  std::vector<T> expected = output.host;
  forEach(dims, [&](const Sizes &at) {
    int64_t source = before, target = before;
    for (size_t i = 0; i < at.size(); ++i) {
      source += at[i] * in[i];
      target += at[i] * out[i];
    }
    expected[size_t(target)] = from[size_t(source)];
  });
  copy(step, {sizeof(T), dims, in, out, before, before}, {input.buffer(), output.buffer()});
  expect<T>("copy of a layout", output, expected);
}

/// Matrices, and batches of them at either end; sizes at, below and above whole tiles, and too
/// small for one.
template <typename T> void checkCopies(Step &step) {
  for (const Sizes &dims : {Sizes{1, 65}, {31, 33}, {33, 31}, {32, 32}, {65, 100}, {5, 40}, {8, 9}})
    checkCopyOf<T>(step, dims, {1, 0});
  checkCopyOf<T>(step, {3, 33, 31}, {0, 2, 1});
  checkCopyOf<T>(step, {33, 3, 31}, {2, 1, 0});
  for (int64_t gap : {0, 1}) // without one, two of the dimensions are one
    checkCopyOf<T>(step, {3, 9, 2, 10}, {0, 3, 1, 2}, gap);
  checkCopyOf<T>(step, {2, 3, 4, 10}, {0, 2, 1, 3});
}

void checkRepeated(Step &step) {
  Values<float> row(count(40)), out(std::vector<float>(1600));
  std::vector<float> expected;
  for (int64_t i = 0; i < 1600; ++i)
    expected.push_back(float(i / 40 + 1));
  copy(step, {4, {40, 40}, {1, 0}, {40, 1}, 0, 0}, {row.buffer(), out.buffer()});
  expect<float>("copy of a repeated column", out, expected);
}

/// The position that the definition gives: one element after the other.
template <typename T> int64_t winner(const std::vector<T> &row, int64_t flags) {
  size_t best = 0;
  for (size_t i = 1; i < row.size() && row[best] == row[best]; ++i) {
    bool better = flags & DSC_ARGMAX_MIN ? row[i] < row[best] : row[i] > row[best];
    if (row[i] != row[i] || better || (row[i] == row[best] && flags & DSC_ARGMAX_LAST))
      best = i;
  }
  return int64_t(best);
}

/// Few different values, so that rows have equal ones; of floats, one in `NaNs` is none.
template <typename T> std::vector<T> drawValues(int64_t count, int64_t NaNs) {
  std::vector<T> values(static_cast<size_t>(count));
  for (T &value : values) {
    value = T(draw(-5, 5));
    if constexpr (std::is_floating_point_v<T>)
      if (draw(1, NaNs) == 1)
        value = T(NAN);
  }
  return values;
}

/// Rows along each of three dimensions, in a tensor whose last one lies together.
template <typename T> void checkArgMaxOf(Step &step, DscType type, int64_t axis) {
  int64_t outer = draw(1, 2), inner = draw(1, 7), flags = draw(0, 3);
  Values<T> input(drawValues<T>(outer * axis * inner, 2 * axis));
  Values<int64_t> out(std::vector<int64_t>(size_t(outer * inner), -1));
  for (bool isLast : {false, true}) {
    Sizes strides = {axis * inner, isLast ? 1 : inner, isLast ? axis : 1};
    argMax(step, {type, outer, axis, inner, strides, flags}, {input.buffer(), out.buffer()});
    std::vector<int64_t> expected;
    forEach({outer, inner}, [&](const Sizes &at) {
      std::vector<T> row;
      for (int64_t i = 0; i < axis; ++i)
        row.push_back(input.host[size_t(at[0] * strides[0] + i * strides[1] + at[1] * strides[2])]);
      expected.push_back(winner(row, flags));
    });
    expect<int64_t>("argMax of random rows", out, expected);
  }
}

void checkRandomArgMax(Step &step) {
  for (int64_t axis : {1, 2, 31, 32, 33, 100}) {
    checkArgMaxOf<float>(step, DSC_F32, axis);
    checkArgMaxOf<double>(step, DSC_F64, axis);
    checkArgMaxOf<int32_t>(step, DSC_I32, axis);
    checkArgMaxOf<int64_t>(step, DSC_I64, axis);
  }
}

} // namespace

int main(int argc, char **) {
  void *none[2] = {};
  Step step(none);
  checkTakes(step);
  checkMoves(step);
  checkFillAll<float>(step, 4, -1.5f, 0xbfc00000);
  checkArgMax(step);
  checkCopyOf<float>(step, {2, 9, 33}, {0, 2, 1});
  if (argc == 1) { // else "small": many threads take ThreadSanitizer long
    checkFillAll<uint8_t>(step, 1, 5, 5);
    checkFillAll<uint16_t>(step, 2, 0x1234, 0x1234);
    checkFillAll<int64_t>(step, 8, -100, -100);
    checkRandomArgMax(step);
    checkCopies<uint8_t>(step);
    checkCopies<uint16_t>(step);
    checkCopies<float>(step);
    checkCopies<double>(step);
    checkRepeated(step);
  }
  printf("%d tensors\n", comparisons);
  cudaStreamDestroy(stepStream());
}
