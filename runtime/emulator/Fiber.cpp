//===- Fiber.cpp - A stack of its own to run a thread of a block on -------===//
//
// On x86-64 a switch saves the six callee-saved registers and exchanges the stack
// pointer: some nanoseconds, where swapcontext() takes hundreds. Elsewhere
// ucontext does it.
//
//===----------------------------------------------------------------------===//
#include "Fiber.h"
#include "Sanitizers.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <sys/mman.h>
#include <ucontext.h>

using namespace emulator;

static thread_local Fiber *running = nullptr;

//===----------------------------------------------------------------------===//
// The switch
//===----------------------------------------------------------------------===//

#ifdef __x86_64__

/// Saves where it was at *from, and goes on where `to` was saved.
extern "C" void dscSwitchStack(void **from, void *to);
asm(R"(
.text
.globl dscSwitchStack
.type dscSwitchStack, @function
dscSwitchStack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size dscSwitchStack, .-dscSwitchStack
.section .note.GNU-stack,"",@progbits
.text
)");

static void switchStack(void **from, void *to) { dscSwitchStack(from, to); }

namespace emulator {
void enterFiber() { Fiber::enter(running); }
} // namespace emulator

/// A stack that looks as if it had been saved right before enterFiber().
static void *prepareStack(char *top) {
  void **slot = reinterpret_cast<void **>(top);
  *--slot = nullptr; // enterFiber() never returns; keeps the stack aligned as at a call
  *--slot = reinterpret_cast<void *>(&enterFiber);
  for (int i = 0; i < 6; ++i)
    *--slot = nullptr;
  return slot;
}

static void releaseContext(void *) {}

#else

namespace emulator {
void enterFiber() { Fiber::enter(running); }
} // namespace emulator

static void switchStack(void **from, void *to) {
  if (!*from)
    *from = new ucontext_t;
  swapcontext(static_cast<ucontext_t *>(*from), static_cast<ucontext_t *>(to));
}

static void *prepareContext(char *stack, size_t bytes, void *old) {
  ucontext_t *context = old ? static_cast<ucontext_t *>(old) : new ucontext_t;
  getcontext(context);
  context->uc_stack.ss_sp = stack;
  context->uc_stack.ss_size = bytes;
  context->uc_link = nullptr;
  makecontext(context, &enterFiber, 0);
  return context;
}

static void releaseContext(void *context) { delete static_cast<ucontext_t *>(context); }

#endif

//===----------------------------------------------------------------------===//
// Fibers
//===----------------------------------------------------------------------===//

static constexpr size_t kGuardBytes = 4096;

#ifdef DSC_TSAN
/// ThreadSanitizer reports a race only if it still knows where the earlier access was made, and it
/// forgets all but some dozens of the threads that ended. So as many as a block may have stay alive
/// to it.
static void endLater(void *tsanFiber) {
  constexpr size_t mostThreads = 1024;
  static thread_local std::deque<void *> ended;
  ended.push_back(tsanFiber);
  if (ended.size() <= mostThreads)
    return;
  __tsan_destroy_fiber(ended.front());
  ended.pop_front();
}
#endif

Fiber::Fiber() {
  mapping = mmap(nullptr, kStackBytes + kGuardBytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) {
    fprintf(stderr, "error: emulator: no memory for the threads of a block\n");
    exit(1);
  }
  mprotect(mapping, kGuardBytes, PROT_NONE);
  stack = static_cast<char *>(mapping) + kGuardBytes;
#ifdef DSC_TSAN
  tsanFiber = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
#ifdef DSC_TSAN
  endLater(tsanFiber);
#endif
  releaseContext(context);
  releaseContext(caller);
  munmap(mapping, kStackBytes + kGuardBytes);
}

void Fiber::start(void (*function)(void *), void *argument) {
  this->function = function;
  this->argument = argument;
  done = false;
#ifdef __x86_64__
  context = prepareStack(stack + kStackBytes);
#else
  context = prepareContext(stack, kStackBytes, context);
#endif
  switchIn();
}

void Fiber::resume() { switchIn(); }

void Fiber::switchIn() {
  running = this;
#ifdef DSC_TSAN
  tsanCaller = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(tsanFiber, __tsan_switch_to_fiber_no_sync);
#endif
#ifdef DSC_ASAN
  __sanitizer_start_switch_fiber(&callerFakeStack, stack, kStackBytes);
#endif
  switchStack(&caller, context);
#ifdef DSC_ASAN
  __sanitizer_finish_switch_fiber(callerFakeStack, nullptr, nullptr);
#endif
  running = nullptr;
}

void Fiber::switchOut([[maybe_unused]] bool last) {
#ifdef DSC_TSAN
  __tsan_switch_to_fiber(tsanCaller, __tsan_switch_to_fiber_no_sync);
#endif
#ifdef DSC_ASAN
  __sanitizer_start_switch_fiber(last ? nullptr : &fakeStack, callerStack, callerStackBytes);
#endif
  switchStack(&context, caller);
#ifdef DSC_ASAN
  __sanitizer_finish_switch_fiber(fakeStack, &callerStack, &callerStackBytes);
#endif
}

void Fiber::enter(Fiber *fiber) {
#ifdef DSC_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &fiber->callerStack, &fiber->callerStackBytes);
#endif
  fiber->function(fiber->argument);
  fiber->done = true;
  fiber->switchOut(true);
}

void Fiber::suspend() { running->switchOut(false); }
