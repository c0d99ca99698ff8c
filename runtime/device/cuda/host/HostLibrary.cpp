//===- HostLibrary.cpp - cuDNN's work by oneDNN ---------------------------===//
//
// For packages that are built for the host: the CPU target's convolutions, put on the
// emulated stream.
//
//===----------------------------------------------------------------------===//
#include "device/cuda/Routines.h"
#include "device/cuda/host/HostCall.h"

namespace dsc::cuda {

/// The ints of abi/CpuRoutines.h, one behind the other.
static Sizes intsOf(const Conv &shape) {
  Sizes ints = {static_cast<int64_t>(shape.input.size()), shape.n, shape.c, shape.k, shape.groups};
  for (const Sizes *list : {&shape.input, &shape.kernel, &shape.strides, &shape.dilations,
                            &shape.lowPads, &shape.highPads, &shape.output, &shape.inputStrides,
                            &shape.weightStrides, &shape.outputStrides})
    ints.insert(ints.end(), list->begin(), list->end());
  ints.push_back(shape.flags);
  return ints;
}

/// The last buffer is written.
static void enqueue(Step &step, const char *name, DscRoutine routine, const Conv &shape,
                    Buffers buffers) {
  if (step.failed)
    return;
  std::vector<emulator::Access> accesses;
  for (const Buffer &buffer : buffers) {
    bool isResult = accesses.size() + 1 == buffers.size();
    accesses.push_back({buffer.data, static_cast<size_t>(buffer.bytes), isResult});
  }
  enqueue({name, routine, intsOf(shape), std::move(accesses)}, step.stream);
}

void conv(Step &step, const Conv &shape, Buffers buffers) {
  enqueue(step, "conv", dscCpuConv, shape, buffers);
}
void convInputGrad(Step &step, const Conv &shape, Buffers buffers) {
  enqueue(step, "convInputGrad", dscCpuConvInputGrad, shape, buffers);
}
void convWeightGrad(Step &step, const Conv &shape, Buffers buffers) {
  enqueue(step, "convWeightGrad", dscCpuConvWeightGrad, shape, buffers);
}

} // namespace dsc::cuda
