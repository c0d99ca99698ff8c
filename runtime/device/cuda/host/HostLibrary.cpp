//===- HostLibrary.cpp - cuBLASLt's and cuDNN's work by oneDNN ------------===//
//
// For packages that are built for the host: the CPU target's routines, put on the
// emulated stream. Each shape is prepared once.
//
//===----------------------------------------------------------------------===//
#include "device/cuda/Routines.h"

#include <map>
#include <string>

namespace dsc::cuda {

namespace {

/// The ints of abi/CpuRoutines.h, one behind the other.
class Ints {
public:
  Ints &add(int64_t value) {
    values.push_back(value);
    return *this;
  }
  Ints &add(const Sizes &list) {
    values.insert(values.end(), list.begin(), list.end());
    return *this;
  }
  Sizes values;
};

/// A call of the CPU's library with what the routine keeps for this shape.
struct Prepared {
  Sizes ints;
  void *state = nullptr;
};

Prepared &prepare(DscRoutine routine, Sizes ints) {
  // Never destroyed: the library's own statics may be gone by then.
  static auto &known = *new std::map<std::pair<DscRoutine, Sizes>, Prepared>;
  Prepared &prepared = known[{routine, ints}];
  prepared.ints = std::move(ints);
  return prepared;
}

/// Runs the routine when its turn on the stream comes; the last `numResults` buffers
/// are written.
void enqueue(Step &step, const char *name, DscRoutine routine, Sizes ints, Buffers buffers,
             size_t numResults) {
  if (step.failed)
    return;
  Prepared &prepared = prepare(routine, std::move(ints));
  std::vector<emulator::Access> accesses;
  std::vector<void *> pointers;
  for (const Buffer &buffer : buffers) {
    bool isResult = pointers.size() + numResults >= buffers.size();
    accesses.push_back({buffer.data, static_cast<size_t>(buffer.bytes), isResult});
    pointers.push_back(buffer.data);
  }
  auto run = [=, &prepared, node = step.node] {
    DscCall call = {};
    call.name = name;
    call.origin = node;
    call.routine = routine;
    call.numBuffers = static_cast<int32_t>(pointers.size());
    call.numInts = static_cast<int32_t>(prepared.ints.size());
    call.ints = prepared.ints.data();
    call.state = &prepared.state;
    if (routine(&call, pointers.data()) != 0)
      dscSetError("%s (%s) failed", name, node); // the routine has said why
  };
  emulator::enqueue(name, run, accesses, step.stream);
}

Sizes intsOf(const Conv &shape) {
  return Ints()
      .add(static_cast<int64_t>(shape.input.size()))
      .add(shape.n)
      .add(shape.c)
      .add(shape.k)
      .add(shape.groups)
      .add(shape.input)
      .add(shape.kernel)
      .add(shape.strides)
      .add(shape.dilations)
      .add(shape.lowPads)
      .add(shape.highPads)
      .add(shape.output)
      .add(shape.inputStrides)
      .add(shape.weightStrides)
      .add(shape.outputStrides)
      .add(shape.flags)
      .values;
}

} // namespace

void matmul(Step &step, const Matmul &shape, Buffers buffers) {
  Sizes ints = Ints()
                   .add(shape.type)
                   .add(static_cast<int64_t>(shape.batch.size()))
                   .add(shape.batch)
                   .add(shape.m)
                   .add(shape.n)
                   .add(shape.k)
                   .add(shape.lhs)
                   .add(shape.rhs)
                   .add(shape.out)
                   .add(shape.flags)
                   .values;
  enqueue(step, "matmul", dscCpuMatmul, ints, buffers, 1);
}

void conv(Step &step, const Conv &shape, Buffers buffers) {
  enqueue(step, "conv", dscCpuConv, intsOf(shape), buffers, 1);
}
void convInputGrad(Step &step, const Conv &shape, Buffers buffers) {
  enqueue(step, "convInputGrad", dscCpuConvInputGrad, intsOf(shape), buffers, 1);
}
void convWeightGrad(Step &step, const Conv &shape, Buffers buffers) {
  size_t numResults = shape.flags & DSC_CONV_BIAS ? 2 : 1;
  enqueue(step, "convWeightGrad", dscCpuConvWeightGrad, intsOf(shape), buffers, numResults);
}

} // namespace dsc::cuda
