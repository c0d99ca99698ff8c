// Runs what moves and chooses values (Indexing.cu, Move.cu) on sizes that fill no block.
#include "device.h"

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

} // namespace

int main() {
  void *none[2] = {};
  Step step(none);
  checkTakes(step);
  checkMoves(step);
  checkArgMax(step);
  printf("%d tensors\n", comparisons);
  cudaStreamDestroy(stepStream());
}
