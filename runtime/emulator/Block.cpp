//===- Block.cpp - The threads of one block -------------------------------===//
//
// One thread after another runs until it waits for others; it then keeps its fiber.
// A fiber whose thread has ended runs the next thread, so that kernels which never
// wait need a single one. When nobody can go on although threads wait, what they
// wait for will never come: a divergent barrier.
//
//===----------------------------------------------------------------------===//
#include "Block.h"

#include "Fiber.h"
#include "Sanitizers.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <memory>
#include <numeric>
#include <string>
#include <unistd.h>
#include <utility>

using namespace emulator;

thread_local dim3 threadIdx, blockIdx, blockDim, gridDim;

void emulator::fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fflush(stdout);
  fputs("error: emulator: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  fflush(stderr);
  _exit(1); // destructors would wait for what will never come
}

//===----------------------------------------------------------------------===//
// What threads wait for
//===----------------------------------------------------------------------===//

namespace {

struct Thread {
  unsigned index = 0;
  dim3 position;
  Fiber *fiber = nullptr;
  bool isWaiting = false;
  Site site = {};
};

/// Threads come together here; what one did before is seen by all behind it. The
/// sanitizer sees two places in turn, since the first may already be back while the
/// last still leaves.
struct Meeting {
  std::vector<unsigned> arrived; // threads
  char marks[2] = {};
  unsigned round = 0;

  void *mark(unsigned ofRound) { return &marks[ofRound % 2]; }
};

/// One collective operation of the lanes in a mask. Two of them take turns, since a
/// lane may begin the next while others still read the last.
struct Collective {
  uint64_t values[32] = {};
  bool isDone = false;
  Meeting meeting;
};

struct WarpGroup {
  unsigned mask = 0;
  Collective turns[2];
  uint32_t parity = 0; // a bit per lane: which turn is its next
};

struct Warp {
  /// A list, which keeps its place while it grows: a thread that moved what another had put there
  /// would race with it, to the sanitizer.
  std::list<WarpGroup> groups;
  WarpGroup &group(unsigned mask);
};

class Block {
public:
  Block(const Launch &launch, dim3 position);
  void run(Random &random);

  void barrier(Site site);
  /// A barrier of memory too where `ordersMemory` is set.
  Collective &collect(unsigned mask, uint64_t value, Site site, bool ordersMemory = false);

  /// "kernel NAME (NODES), block (X, Y, Z)"; and the thread that runs.
  std::string place() const;
  std::string placeOfThread() const {
    return place() + ", thread " + std::to_string(current->index);
  }

  Thread *current = nullptr;
  std::vector<char> shared;

private:
#ifdef DSC_TSAN
  /// For its reports, in which the stack has the kernel.
  std::string nameOfThread() const {
    return "block (" + std::to_string(position.x) + ", " + std::to_string(position.y) + ", " +
           std::to_string(position.z) + "), thread " + std::to_string(current->index);
  }
#endif
  static void runThreads(void *block);
  void enter(Thread &thread);
  void resume(Thread &thread);
  void recycle(Fiber *fiber);
  void wait(Site site, Meeting &meeting);
  void release(Meeting &meeting);
  void checkSites(const Meeting &meeting);
  [[noreturn]] void failDivergent(const Thread &a, const Thread &b) const;
  [[noreturn]] void failStuck();

  const Launch &launch;
  dim3 position;
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  Meeting blockMeeting;
  std::vector<unsigned> order; // in which threads begin
  size_t begun = 0;            // of these
  Fiber *starting = nullptr;
  std::vector<unsigned> ready;
};

/// Fibers are kept from block to block.
thread_local std::vector<std::unique_ptr<Fiber>> idleFibers;
thread_local Block *runningBlock = nullptr;

Fiber *takeFiber() {
  if (idleFibers.empty())
    return new Fiber;
  Fiber *fiber = idleFibers.back().release();
  idleFibers.pop_back();
  return fiber;
}

WarpGroup &Warp::group(unsigned mask) {
  for (WarpGroup &group : groups)
    if (group.mask == mask)
      return group;
  WarpGroup &group = groups.emplace_back();
  group.mask = mask;
  for (Collective &turn : group.turns)
    turn.meeting.arrived.reserve(32);
  return group;
}

} // namespace

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

Block::Block(const Launch &launch, dim3 position) : launch(launch), position(position) {
  // As on a device: nobody may rely on what shared memory holds at first.
  shared.assign(launch.sharedBytes, char(unwritten));
  unsigned count = launch.block.x * launch.block.y * launch.block.z;
  threads.resize(count);
  // Never moved while threads run: the sanitizer would see them move it.
  blockMeeting.arrived.reserve(count);
  ready.reserve(count);
  warps.resize((count + 31) / 32);
  for (unsigned i = 0; i < count; ++i) {
    threads[i].index = i;
    threads[i].position = dim3(i % launch.block.x, i / launch.block.x % launch.block.y,
                               i / (launch.block.x * launch.block.y));
  }
}

void Block::run(Random &random) {
  runningBlock = this;
  order.resize(threads.size());
  std::iota(order.begin(), order.end(), 0u);
  // Warps in random order, and lanes from either end.
  for (size_t warp = warps.size(); warp-- > 1;) {
    size_t other = random.below(static_cast<unsigned>(warp + 1));
    size_t lanes = std::min<size_t>(32, threads.size() - warp * 32);
    if (lanes == 32)
      std::swap_ranges(order.begin() + warp * 32, order.begin() + warp * 32 + 32,
                       order.begin() + other * 32);
  }
  if (random.below(2))
    std::reverse(order.begin(), order.end());
  while (begun < order.size()) {
    Fiber *fiber = starting = takeFiber();
    fiber->start(runThreads, this);
    recycle(fiber);
  }
  while (!ready.empty()) {
    std::vector<unsigned> next;
    next.reserve(threads.size());
    next.swap(ready);
    for (unsigned index : next)
      resume(threads[index]);
  }
  for (Thread &thread : threads)
    if (thread.isWaiting)
      failStuck();
  runningBlock = nullptr;
}

void Block::enter(Thread &thread) {
  current = &thread;
  threadIdx = thread.position;
}

void Block::resume(Thread &thread) {
  Fiber *fiber = thread.fiber;
  enter(thread);
  fiber->resume();
  recycle(fiber);
}

void Block::recycle(Fiber *fiber) {
  if (!fiber->isDone())
    return; // its thread waits
#ifdef DSC_TSAN
  delete fiber; // each thread of the device is one to the sanitizer
#else
  idleFibers.emplace_back(fiber);
#endif
}

/// What the host did before a launch is seen by its threads, and the other way round.
[[maybe_unused]] static char launchBegins, launchEnds;

/// Begins one thread after another on this fiber, until one waits.
void Block::runThreads(void *block) {
  Block &self = *static_cast<Block *>(block);
  Fiber *fiber = self.starting;
  do {
    Thread &thread = self.threads[self.order[self.begun++]];
    thread.fiber = fiber;
    self.enter(thread);
#ifdef DSC_TSAN
    __tsan_set_fiber_name(__tsan_get_current_fiber(), self.nameOfThread().c_str());
    __tsan_acquire(&launchBegins);
#endif
    self.launch.thread();
#ifdef DSC_TSAN
    __tsan_release(&launchEnds);
    return;
#endif
  } while (self.begun < self.order.size());
}

//===----------------------------------------------------------------------===//
// Waiting
//===----------------------------------------------------------------------===//

void Block::wait(Site site, Meeting &meeting) {
  Thread &thread = *current;
  thread.isWaiting = true;
  thread.site = site;
  meeting.arrived.push_back(thread.index);
  Fiber::suspend();
}

void Block::release(Meeting &meeting) {
  for (unsigned index : meeting.arrived) {
    threads[index].isWaiting = false;
    ready.push_back(index);
  }
  meeting.arrived.clear();
  ++meeting.round;
}

static bool isSame(const char *a, const char *b) { return a == b || strcmp(a, b) == 0; }

static bool isSame(const Site &a, const Site &b) {
  return a.line() == b.line() && isSame(a.file(), b.file()) &&
         isSame(a.place.function_name(), b.place.function_name());
}

/// Ends the program: two threads wait in different places.
void Block::failDivergent(const Thread &a, const Thread &b) const {
  fail(
      "divergent barrier in %s: thread %u waits in %s at %s:%u (%s), thread %u in %s at %s:%u (%s)",
      place().c_str(), a.index, a.site.what, a.site.file(), a.site.line(),
      a.site.place.function_name(), b.index, b.site.what, b.site.file(), b.site.line(),
      b.site.place.function_name());
}

void Block::checkSites(const Meeting &meeting) {
  for (unsigned index : meeting.arrived)
    if (!isSame(threads[index].site, current->site))
      failDivergent(threads[index], *current);
}

void Block::barrier(Site site) {
  unsigned round = blockMeeting.round;
  (void)round;
#ifdef DSC_TSAN
  __tsan_release(blockMeeting.mark(round));
#endif
  current->site = site;
  if (blockMeeting.arrived.size() + 1 == threads.size()) {
    checkSites(blockMeeting);
    release(blockMeeting);
  } else {
    wait(site, blockMeeting);
  }
#ifdef DSC_TSAN
  __tsan_acquire(blockMeeting.mark(round));
#endif
}

Collective &Block::collect(unsigned mask, uint64_t value, Site site,
                           [[maybe_unused]] bool ordersMemory) {
  unsigned lane = current->index % 32;
  if (!(mask >> lane & 1))
    fail("%s at %s:%u in %s: lane %u is not in its own mask %08x", site.what, site.file(),
         site.line(), placeOfThread().c_str(), lane, mask);
  WarpGroup &group = warps[current->index / 32].group(mask);
  Collective &turn = group.turns[group.parity >> lane & 1];
  group.parity ^= 1u << lane;
  if (turn.isDone)
    turn.isDone = false; // everybody has read the last round
  turn.values[lane] = value;
  unsigned round = turn.meeting.round;
  (void)round;
#ifdef DSC_TSAN
  if (ordersMemory)
    __tsan_release(turn.meeting.mark(round));
#endif
  current->site = site;
  if (turn.meeting.arrived.size() + 1 == static_cast<size_t>(__builtin_popcount(mask))) {
    checkSites(turn.meeting);
    turn.isDone = true;
    release(turn.meeting);
  } else {
    wait(site, turn.meeting);
  }
#ifdef DSC_TSAN
  if (ordersMemory)
    __tsan_acquire(turn.meeting.mark(round));
#endif
  return turn;
}

std::string Block::place() const {
  return std::string("kernel ") + launch.name + " (" + launch.node + "), block (" +
         std::to_string(position.x) + ", " + std::to_string(position.y) + ", " +
         std::to_string(position.z) + ")";
}

void Block::failStuck() {
  unsigned waiting = 0, first = 0;
  for (const Thread &thread : threads)
    if (thread.isWaiting && waiting++ == 0)
      first = thread.index;
  const Site &site = threads[first].site;
  for (const Thread &thread : threads)
    if (thread.isWaiting && !isSame(thread.site, site))
      failDivergent(threads[first], thread);
  fail("divergent barrier in %s: %u of %zu threads wait in %s at %s:%u (the first is thread %u), "
       "which the others never reach",
       place().c_str(), waiting, threads.size(), site.what, site.file(), site.line(), first);
}

void emulator::barrier(Site site) { runningBlock->barrier(site); }

void emulator::syncWarp(unsigned mask, Site site) {
  runningBlock->collect(mask, 0, site, /*ordersMemory=*/true);
}

uint64_t emulator::exchange(unsigned mask, uint64_t value, unsigned source, Site site) {
  if (!(mask >> (source % 32) & 1))
    fail("%s at %s:%u in %s: reads lane %u, which is not in the mask %08x", site.what, site.file(),
         site.line(), runningBlock->placeOfThread().c_str(), source, mask);
  return runningBlock->collect(mask, value, site).values[source % 32];
}

unsigned emulator::vote(unsigned mask, bool value, Site site) {
  Collective &turn = runningBlock->collect(mask, value, site);
  unsigned lanes = 0;
  for (unsigned lane = 0; lane < 32; ++lane)
    lanes |= (mask >> lane & 1 && turn.values[lane]) ? 1u << lane : 0;
  return lanes;
}

namespace emulator {
void failMisaligned(const void *memory, size_t bytes) {
  fail("misaligned access in %s: %zu bytes at once at %p, which is no multiple of it",
       runningBlock->placeOfThread().c_str(), bytes, memory);
}
} // namespace emulator

unsigned emulator::laneId() { return runningBlock->current->index % 32; }

#ifdef DSC_ASAN
/// AddressSanitizer calls it before a report, which has the stack of the thread only.
extern "C" void __asan_on_error() {
  if (runningBlock)
    fprintf(stderr, "error: emulator: in %s:\n", runningBlock->placeOfThread().c_str());
}

/// The same of UndefinedBehaviorSanitizer, which finds misaligned accesses.
extern "C" void __ubsan_on_report() { __asan_on_error(); }
#endif

void *emulator::sharedMemory() { return runningBlock->shared.data(); }

//===----------------------------------------------------------------------===//
// Grids
//===----------------------------------------------------------------------===//

/// One per source of a module, most of them the same.
static std::vector<const SharedSection *> &sharedSections() {
  static std::vector<const SharedSection *> sections;
  return sections;
}

SharedSection::SharedSection(char *begin, char *end) : begin(begin), end(end) {
  sharedSections().push_back(this);
}

SharedSection::~SharedSection() { std::erase(sharedSections(), this); }

static void fillSharedSections() {
  const char *last = nullptr;
  for (const SharedSection *section : sharedSections())
    if (section->begin != std::exchange(last, section->begin))
      memset(section->begin, unwritten, static_cast<size_t>(section->end - section->begin));
}

#ifdef DSC_TSAN
extern "C" void AnnotateIgnoreWritesBegin(const char *file, int line);
extern "C" void AnnotateIgnoreWritesEnd(const char *file, int line);
#endif

/// Its threads have ended, but only the end of the launch says so to the sanitizer, for which
/// freeing what they used would be a race.
static void destroy(std::unique_ptr<Block> block) {
#ifdef DSC_TSAN
  AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
  block.reset();
  AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
#endif
}

void emulator::runGrid(const Launch &launch, Random &random) {
  unsigned count = launch.grid.x * launch.grid.y * launch.grid.z; // refuseBadLaunch() has looked
#ifdef DSC_TSAN
  __tsan_release(&launchBegins);
#endif
  fillSharedSections();
  gridDim = launch.grid;
  blockDim = launch.block;
  // A random rotation and direction: cheap, and no block may rely on another.
  unsigned first = random.below(count);
  bool backwards = random.below(2);
  for (unsigned i = 0; i < count; ++i) {
    unsigned index = (first + (backwards ? count - i : i)) % count;
    blockIdx = dim3(index % launch.grid.x, index / launch.grid.x % launch.grid.y,
                    index / (launch.grid.x * launch.grid.y));
    renewSharedMemory();
    auto block = std::make_unique<Block>(launch, blockIdx);
    block->run(random);
    destroy(std::move(block));
  }
#ifdef DSC_TSAN
  __tsan_acquire(&launchEnds);
#endif
}
