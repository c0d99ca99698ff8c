//===- Signals.cpp - A polite request to stop -----------------------------===//
#include "trainer/Signals.h"

#include <csignal>
#include <initializer_list>

namespace {

volatile std::sig_atomic_t requested = 0; // all that a handler may write

void handle(int number) {
  if (requested) { // the user insists
    std::signal(number, SIG_DFL);
    std::raise(number);
  }
  requested = 1;
}

} // namespace

void dsc::installSignalHandlers() {
  struct sigaction action = {};
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;
  for (int number : {SIGINT, SIGTERM})
    sigaction(number, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN); // a closed pipe and a file size limit
  std::signal(SIGXFSZ, SIG_IGN); // become write errors
}

bool dsc::stopRequested() { return requested != 0; }
