//===- MappedRanges.cpp - The files behind mapped memory ------------------===//
#include "trainer/MappedRanges.h"

#include "trainer/Error.h"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace {

constexpr size_t longestName = 240;

/// A handler may neither lock nor allocate: a table of fixed size, without a name for
/// what does not fit.
struct Range {
  std::atomic<const char *> begin = nullptr;
  std::atomic<size_t> length = 0;
  char name[longestName + 1] = {};
};
std::array<Range, 256> ranges;

void say(const char *text) {
  ssize_t written = write(STDERR_FILENO, text, strlen(text));
  (void)written; // there is nobody left to tell
}

const char *nameOf(const char *address) {
  for (const Range &range : ranges) {
    const char *begin = range.begin;
    if (begin && address >= begin && address < begin + range.length)
      return range.name;
  }
  return nullptr;
}

void handle(int number, siginfo_t *info, void *) {
  const char *name = nameOf(static_cast<const char *>(info->si_addr));
  if (!name) { // not ours: what would have happened without a handler
    std::signal(number, SIG_DFL);
    std::raise(number);
    return;
  }
  say("error: ");
  say(name);
  say(" became shorter while it was read; put it back and start again with --resume\n");
  _exit(static_cast<int>(dsc::ExitStatus::BadInput));
}

} // namespace

void dsc::rememberRange(const char *begin, size_t length, const std::string &path) {
  for (Range &range : ranges) {
    const char *free = nullptr;
    if (range.begin || !range.begin.compare_exchange_strong(free, begin))
      continue;
    strncpy(range.name, path.c_str(), longestName);
    range.length = length; // from here on the entry counts
    return;
  }
}

void dsc::forgetRange(const char *begin) {
  for (Range &range : ranges)
    if (range.begin == begin) {
      range.length = 0;
      range.begin = nullptr;
      return;
    }
}

void dsc::installRangeHandler() {
  struct sigaction action = {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, nullptr);
}
