// A program's calls are asked for twice, and replayed from then on; inputs that were
// fetched ahead are those that a step sees.
#include "device/cuda/Recording.h"
#include "device/cuda/Staging.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

using namespace dsc::cuda;

void dscSetError(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
}

int main() {
  cudaStream_t steps, copies;
  cudaStreamCreateWithFlags(&steps, cudaStreamNonBlocking);
  cudaStreamCreateWithFlags(&copies, cudaStreamNonBlocking);
  void *result = nullptr, *host = nullptr;
  cudaMalloc(&result, sizeof(int));
  cudaMallocHost(&host, sizeof(int));
  int asked = 0;
  {
    Recording recording;
    Staging input;
    int batches[6] = {10, 11, 12, 13, 14, 15};
    for (int step = 0; step < 5; ++step) {
      // What another program fetched in between is not mistaken for the next batch.
      if (step == 3 && !(input.fetch(&batches[0], sizeof(int), copies) && input.take(steps)))
        return 1;
      if (!input.holds(&batches[step], sizeof(int)))
        input.fetch(&batches[step], sizeof(int), copies);
      const void *place = input.take(steps);
      recording.run(steps, [&] {
        ++asked;
        return cudaMemcpyAsync(result, place, sizeof(int), cudaMemcpyDeviceToDevice, steps) ==
                   cudaSuccess &&
               cudaMemcpyAsync(host, result, sizeof(int), cudaMemcpyDeviceToHost, steps) ==
                   cudaSuccess;
      });
      input.fetch(&batches[step + 1], sizeof(int), copies); // while the step runs
      cudaStreamSynchronize(steps);
      printf("%d ", *static_cast<int *>(host));
    }
  }
  printf("asked %d times\n", asked);
  cudaFree(result);
  cudaFreeHost(host);
  cudaStreamDestroy(copies);
  cudaStreamDestroy(steps);
}
