//===- Fiber.h - A stack of its own to run a thread of a block on ---------===//
#ifndef DSC_RUNTIME_EMULATOR_FIBER_H
#define DSC_RUNTIME_EMULATOR_FIBER_H

#include <cstddef>

namespace emulator {

/// Runs a function until it returns or suspends. One fiber runs at a time; the
/// sanitizers are told of every switch.
class Fiber {
public:
  Fiber();
  ~Fiber();
  Fiber(const Fiber &) = delete;
  Fiber &operator=(const Fiber &) = delete;

  /// Begins `function(argument)`; returns when it suspends or ends.
  void start(void (*function)(void *), void *argument);
  /// Goes on behind the last suspend().
  void resume();
  /// Whether the function has returned.
  bool isDone() const { return done; }

  /// Called inside a fiber: goes back to who started or resumed it.
  static void suspend();

private:
  static void enter(Fiber *fiber);
  friend void enterFiber();
  void switchIn();
  void switchOut(bool last);

  static constexpr size_t kStackBytes = 256 << 10;
  void *mapping = nullptr; // with a guard page below the stack
  char *stack = nullptr;
  void *context = nullptr, *caller = nullptr; // saved stack pointers, or ucontexts
  void (*function)(void *) = nullptr;
  void *argument = nullptr;
  bool done = true;

  // What the sanitizers keep of each side.
  [[maybe_unused]] void *fakeStack = nullptr, *callerFakeStack = nullptr;
  [[maybe_unused]] const void *callerStack = nullptr;
  [[maybe_unused]] size_t callerStackBytes = 0;
  [[maybe_unused]] void *tsanFiber = nullptr, *tsanCaller = nullptr;
};

} // namespace emulator

#endif // DSC_RUNTIME_EMULATOR_FIBER_H
