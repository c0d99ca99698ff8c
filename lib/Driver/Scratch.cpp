//===- Scratch.cpp - Files and processes that do not outlive a failure ----===//

#include "lib/Driver/Scratch.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

using namespace dsc;

//===----------------------------------------------------------------------===//
// What a signal handler finds
//===----------------------------------------------------------------------===//

namespace {
/// More than a compilation ever has at a time.
constexpr size_t kSlots = 32;

/// Plain arrays, since a signal handler may neither lock nor allocate.
std::atomic<char *> scratchPaths[kSlots];
std::atomic<pid_t> runningTool{0};

/// How many moments go on in which a file or a tool is there but not written down yet, and the
/// signal that came meanwhile.
std::atomic<int> unwrittenMoments{0}, deferredSignal{0};

class UnwrittenMoment {
public:
  UnwrittenMoment() { ++unwrittenMoments; }
  ~UnwrittenMoment() {
    int number = --unwrittenMoments == 0 ? deferredSignal.exchange(0) : 0;
    if (number != 0) {
      raise(number);
    }
  }
};
} // namespace

static void registerPath(const std::string &path) {
  char *copy = strdup(path.c_str());
  for (std::atomic<char *> &slot : scratchPaths) {
    char *none = nullptr;
    if (slot.compare_exchange_strong(none, copy)) {
      return;
    }
  }
  free(copy); // the destructor still removes it
}

static void forgetPath(const std::string &path) {
  for (std::atomic<char *> &slot : scratchPaths) {
    char *known = slot.load();
    if (known && path == known) {
      slot = nullptr;
      free(known);
      return;
    }
  }
}

/// By another program: to walk a folder here would allocate.
static void removeFolder(const char *path) {
  pid_t child = fork();
  if (child == 0) {
    execl("/bin/rm", "rm", "-rf", "--", path, nullptr);
    _exit(127);
  }
  waitpid(child, nullptr, 0);
}

void dsc::removeScratchFiles() {
  for (std::atomic<char *> &slot : scratchPaths) {
    char *path = slot.load();
    if (path && unlink(path) != 0 && errno == EISDIR) {
      removeFolder(path);
    }
  }
}

/// A linker may finish its file after its parent is gone: waits for it and its whole process group
/// to end. A tool that has just been started may have neither its group nor its own way to end yet.
static void endRunningTool() {
  pid_t group = runningTool.load();
  if (group == 0) {
    return;
  }
  const timespec pause{0, 10'000'000};
  bool isThere = true;
  for (int tries = 0; tries < 300 && (isThere || kill(-group, 0) == 0); ++tries) {
    kill(-group, SIGTERM);
    if (isThere) {
      kill(group, SIGTERM);
      isThere = waitpid(group, nullptr, WNOHANG) == 0;
    }
    nanosleep(&pause, nullptr);
  }
  kill(-group, SIGKILL);
}

static void onSignal(int number) {
  if (unwrittenMoments.load() > 0) {
    deferredSignal = number;
    return;
  }
  endRunningTool();
  removeScratchFiles();
  signal(number, SIG_DFL);
  raise(number); // so that the caller sees which signal ended it
}

void dsc::cleanUpOnSignals() {
  for (int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action = {}, before = {};
    action.sa_handler = onSignal;
    sigfillset(&action.sa_mask);
    sigdelset(&action.sa_mask, number);
    sigaction(number, nullptr, &before);
    if (before.sa_handler != SIG_IGN) { // as under nohup
      sigaction(number, &action, nullptr);
    }
  }
}

void dsc::ignoreSignals() {
  for (int number : {SIGINT, SIGTERM, SIGHUP}) {
    signal(number, SIG_IGN);
  }
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

ScratchFile::ScratchFile(std::string path, std::string finalName)
    : path(std::move(path)), finalName(std::move(finalName)) {
  registerPath(this->path);
}

ScratchFile::ScratchFile(ScratchFile &&other) noexcept
    : path(std::move(other.path)), finalName(std::move(other.finalName)) {
  other.path.clear();
}

ScratchFile::~ScratchFile() {
  if (!path.empty()) {
    llvm::sys::fs::remove(path);
    forgetPath(path);
  }
}

llvm::Expected<ScratchFile> ScratchFile::temporary(llvm::StringRef prefix, llvm::StringRef suffix) {
  UnwrittenMoment moment;
  llvm::SmallString<128> path;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile(prefix, suffix, path)) {
    return llvm::createStringError("cannot create a temporary file: " + error.message());
  }
  return ScratchFile(std::string(path), "");
}

ScratchFile ScratchFile::unwritten(const std::string &finalName) {
  return {finalName + ".tmp" + std::to_string(llvm::sys::Process::getProcessId()), finalName};
}

llvm::Expected<ScratchFile> ScratchFile::pending(const std::string &finalName) {
  if (llvm::sys::fs::is_directory(finalName)) {
    return llvm::createStringError("cannot write '" + finalName +
                                   "': it is a folder; name a file with -o");
  }
  if (llvm::sys::fs::exists(finalName) && !llvm::sys::fs::is_regular_file(finalName)) {
    return llvm::createStringError("cannot write '" + finalName + "': it is not a regular file");
  }
  ScratchFile file = unwritten(finalName);
  std::error_code error;
  llvm::raw_fd_ostream probe(file.name(), error);
  if (error) {
    return llvm::createStringError("cannot write '" + finalName + "': " + error.message());
  }
  return file;
}

llvm::Error ScratchFile::keep() {
  if (std::error_code error = llvm::sys::fs::rename(path, finalName)) {
    return llvm::createStringError("cannot write '" + finalName + "': " + error.message());
  }
  forgetPath(path);
  path.clear();
  return llvm::Error::success();
}

ScratchFolder::ScratchFolder(std::string path) : path(std::move(path)) { registerPath(this->path); }

ScratchFolder::~ScratchFolder() {
  llvm::sys::fs::remove_directories(path);
  forgetPath(path);
}

llvm::Error dsc::takeError(llvm::raw_fd_ostream &os, llvm::StringRef shownName) {
  os.flush();
  if (!os.has_error()) {
    return llvm::Error::success();
  }
  std::string reason = os.error().message();
  os.clear_error();
  return llvm::createStringError("cannot write '" + shownName + "': " + reason);
}

llvm::Error dsc::writeFile(const ScratchFile &file,
                           llvm::function_ref<void(llvm::raw_fd_ostream &)> write) {
  std::error_code error;
  llvm::raw_fd_ostream os(file.name(), error);
  if (error) {
    return llvm::createStringError("cannot write '" + file.shownName() + "': " + error.message());
  }
  write(os);
  return takeError(os, file.shownName());
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

int dsc::runTool(llvm::ArrayRef<llvm::StringRef> arguments,
                 llvm::ArrayRef<std::optional<llvm::StringRef>> redirects, std::string *reason) {
  llvm::sys::ProcessInfo tool;
  {
    UnwrittenMoment moment;
    bool failed = false;
    // Detached: a process group of its own, which endRunningTool() can name.
    tool = llvm::sys::ExecuteNoWait(arguments[0], arguments, std::nullopt, redirects, 0, reason,
                                    &failed, /*AffinityMask=*/nullptr, /*DetachProcess=*/true);
    if (failed) {
      return -1;
    }
    runningTool = tool.Pid;
  }
  llvm::sys::ProcessInfo ended = llvm::sys::Wait(tool, std::nullopt, reason);
  runningTool = 0;
  return ended.ReturnCode;
}
