//===- Executor.cpp - Walks the tables of a program -----------------------===//
#include "trainer/Executor.h"

#include "device/Device.h"
#include "trainer/Error.h"
#include "trainer/Trace.h"

using namespace dsc;

Executor::Executor(const DscProgram &program, char *arena, const void *constants, Trace *trace)
    : program(program), trace(trace) {
  for (int64_t i = 0; i < program.numCalls; ++i) {
    const DscCall &call = program.calls[i];
    if (!call.kernel == !call.routine)
      failInternal("call '%s' of program '%s' is not exactly one of kernel and routine", call.name,
                   program.name);
    firstPointer.push_back(pointers.size());
    for (int32_t operand = 0; operand < call.numBuffers; ++operand)
      resolve(call.buffers[operand], arena, constants);
  }
}

void Executor::resolve(const DscBuffer &buffer, char *arena, const void *constants) {
  if (buffer.space == DSC_SPACE_ARENA) {
    pointers.push_back(arena + buffer.offset);
  } else if (buffer.space == DSC_SPACE_CONSTANTS) {
    pointers.push_back(const_cast<char *>(static_cast<const char *>(constants)) + buffer.offset);
  } else {
    size_t input = static_cast<size_t>(buffer.space - DSC_SPACE_INPUTS);
    patches.push_back({pointers.size(), input, buffer.offset});
    pointers.push_back(nullptr);
  }
}

void Executor::patchInputs(const std::vector<InputRows> &inputs, int64_t microbatch) {
  for (const Patch &patch : patches) {
    if (patch.input >= inputs.size())
      failInternal("program '%s' reads input %zu of %zu", program.name, patch.input, inputs.size());
    const InputRows &rows = inputs[patch.input];
    const char *data = static_cast<const char *>(rows.data);
    pointers[patch.pointer] =
        const_cast<char *>(data + microbatch * rows.microbatchBytes + patch.offset);
  }
}

void Executor::run(const std::vector<InputRows> &inputs,
                   const std::function<void(int64_t)> &beforeMicrobatch,
                   const std::function<void()> &meanwhile) {
  patchInputs(inputs, 0);
  runCalls(0, program.bodyBegin);
  for (int64_t microbatch = 0; microbatch < program.microbatches; ++microbatch) {
    patchInputs(inputs, microbatch);
    beforeMicrobatch(microbatch);
    runCalls(program.bodyBegin, program.bodyEnd);
  }
  runCalls(program.bodyEnd, program.numCalls);
  meanwhile();
  if (!device().finish())
    failInput("%s", takeRoutineError().c_str());
}

void Executor::runCalls(int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    const DscCall &call = program.calls[i];
    void *const *buffers = pointers.data() + firstPointer[static_cast<size_t>(i)];
    if (!trace) {
      runCall(call, buffers);
      continue;
    }
    double start = trace->now();
    runCall(call, buffers);
    trace->addCall(call, start, trace->now());
  }
}

void Executor::runCall(const DscCall &call, void *const *buffers) {
  if (!device().run(call, buffers))
    fail(call);
}

void Executor::fail(const DscCall &call) {
  std::string reason = takeRoutineError();
  failInput("%s (%s): %s", call.name, call.origin ? call.origin : "",
            reason.empty() ? "failed without a reason" : reason.c_str());
}
