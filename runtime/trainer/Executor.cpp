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
  runCalls(0, program.bodyBegin, 0);
  for (int64_t microbatch = 0; microbatch < program.microbatches; ++microbatch) {
    patchInputs(inputs, microbatch);
    beforeMicrobatch(microbatch);
    runCalls(program.bodyBegin, program.bodyEnd, firstLoop(program.bodyBegin));
  }
  runCalls(program.bodyEnd, program.numCalls, firstLoop(program.bodyEnd));
  meanwhile();
  if (!device().finish())
    failInput("%s", takeRoutineError().c_str());
}

int64_t Executor::firstLoop(int64_t begin) const {
  int64_t loop = 0;
  while (loop < program.numLoops && program.loops[loop].begin < begin)
    ++loop;
  return loop;
}

/// `loop`: the first that begins at `begin` or later and is not running.
void Executor::runCalls(int64_t begin, int64_t end, int64_t loop) {
  for (int64_t i = begin; i < end;) {
    if (loop < program.numLoops && program.loops[loop].begin == i) {
      i = program.loops[loop].end;
      loop = runLoop(loop);
    } else {
      traceCall(i++);
    }
  }
}

/// Returns the number of the next loop that is not inside of this one.
int64_t Executor::runLoop(int64_t number) {
  const DscLoop &loop = program.loops[number];
  for (int64_t iteration = 0; iteration < loop.count; ++iteration) {
    runCalls(loop.begin, loop.end, number + 1);
    advance(loop, 1);
  }
  advance(loop, -loop.count);
  return firstLoop(loop.end);
}

void Executor::advance(const DscLoop &loop, int64_t iterations) {
  for (int64_t i = 0; i < loop.numAdvances; ++i) {
    const DscAdvance &it = loop.advances[i];
    void *&pointer =
        pointers[firstPointer[static_cast<size_t>(it.call)] + static_cast<size_t>(it.buffer)];
    pointer = static_cast<char *>(pointer) + iterations * it.bytes;
  }
}

void Executor::traceCall(int64_t i) {
  const DscCall &call = program.calls[i];
  void *const *buffers = pointers.data() + firstPointer[static_cast<size_t>(i)];
  if (!trace)
    return runCall(call, buffers);
  double start = trace->now();
  runCall(call, buffers);
  trace->addCall(call, start, trace->now());
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
