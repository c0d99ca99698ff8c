// A kernel over a table of parts: matrices of different sizes, each with a number and its sums
// of rows. Usage: parts good | rows | columns, which touch what is another part's.
#include "device.h"

#include "device/cuda/Kernel.h"

#include <string>

const void *Step::onDevice(const void *variable) {
  void *place = nullptr;
  cudaGetSymbolAddress(&place, variable);
  return place;
}

// Places of a factor, a matrix and the sums; neighbours lie side by side.
static __device__ const Part<3> table[] = {{0, 300, 2, {0, 64, 2496}},
                                           {2, 1, 7, {3712, 3776, 3840}},
                                           {3, 256, 1, {3904, 3968, 4992}},
                                           {4, 257, 3, {6016, 6080, 9216}}};
static constexpr int blocks = 6, bytes = 10304;

using Table = Parts<PerPart<const float>, PerElement<const float>, PerRow<float>>;

/// One row or column more than there is, where a test asks for it.
__global__ void sumRows(Table parts, int32_t moreRows, int32_t moreColumns) {
  auto part = parts.own();
  const float *factor = part.at<0>(), *matrix = part.at<1>();
  int32_t row = part.block * 256 + threadIdx.x;
  if (row >= part.rows + moreRows)
    return;
  float sum = 0;
  for (int32_t j = 0; j < part.columns + moreColumns; ++j)
    sum += matrix[row * part.columns + j];
  part.at<2>()[row] = *factor * sum;
}

static float read(const std::vector<char> &bytes, int64_t place) {
  float value;
  memcpy(&value, bytes.data() + place, sizeof value);
  return value;
}

static void compareAll(const std::vector<char> &arena) {
  for (const Part<3> &part : table)
    for (int32_t row = 0; row < part.rows; ++row) {
      float sum = 0;
      for (int32_t j = 0; j < part.columns; ++j)
        sum += read(arena, part.places[1] + 4 * (row * part.columns + j));
      float found = read(arena, part.places[2] + 4 * row);
      if (found != read(arena, part.places[0]) * sum) {
        printf("row %d of a part with %d rows is %g\n", row, part.rows, found);
        exit(1);
      }
      ++comparisons;
    }
}

int main(int, char **argv) {
  std::string what = argv[1];
  std::vector<char> host(bytes);
  for (int i = 0; i < bytes / 4; ++i) {
    float value = static_cast<float>(draw(-8, 8));
    memcpy(host.data() + 4 * i, &value, sizeof value);
  }
  void *arena = nullptr;
  cudaMalloc(&arena, bytes);
  cudaMemcpyAsync(arena, host.data(), bytes, cudaMemcpyHostToDevice, stepStream());
  Step step(&arena);
  LAUNCH(step.at("parts"), sumRows, blocks, 256, 0, step.stream, step.parts(table),
         int32_t(what == "rows"), int32_t(what == "columns"));
  cudaMemcpyAsync(host.data(), arena, bytes, cudaMemcpyDeviceToHost, stepStream());
  cudaStreamSynchronize(stepStream());
  compareAll(host);
  cudaFree(arena);
  printf("%d rows\n", comparisons);
}
