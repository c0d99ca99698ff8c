//===- Scratch.h - Files and processes that do not outlive a failure ------===//
//
// A compilation writes under temporary names and runs other programs. What it
// has not finished when it fails, is interrupted or crashes, must go.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_DRIVER_SCRATCH_H
#define DSC_LIB_DRIVER_SCRATCH_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <optional>
#include <string>

namespace dsc {

/// A file that is removed with this object, by SIGINT, SIGTERM or SIGHUP, and by
/// removeScratchFiles(), unless it was kept.
class ScratchFile {
public:
  /// In the temporary folder, empty.
  static llvm::Expected<ScratchFile> temporary(llvm::StringRef prefix, llvm::StringRef suffix);
  /// Beside its final name, to which keep() moves it; empty. An error if the final
  /// name cannot be written.
  static llvm::Expected<ScratchFile> pending(const std::string &finalName);
  /// The same, not created yet.
  static ScratchFile unwritten(const std::string &finalName);

  ScratchFile(ScratchFile &&other) noexcept;
  ScratchFile &operator=(ScratchFile &&) = delete;
  ~ScratchFile();

  const std::string &name() const { return path; }
  /// For messages.
  const std::string &shownName() const { return finalName.empty() ? path : finalName; }
  /// Under its final name from now on.
  llvm::Error keep();

private:
  ScratchFile(std::string path, std::string finalName);
  std::string path, finalName;
};

/// A folder that is removed with everything in it, as a ScratchFile is.
class ScratchFolder {
public:
  /// The folder is there, or will be.
  explicit ScratchFolder(std::string path);
  ScratchFolder(const ScratchFolder &) = delete;
  ~ScratchFolder();

  const std::string path;
};

/// Removes every scratch file and folder there is: for the time after a crash, when no
/// destructor runs.
void removeScratchFiles();

/// Makes SIGINT, SIGTERM and SIGHUP remove the scratch files and end the program
/// that runTool() waits for, before they end this one.
void cleanUpOnSignals();

/// For the moment when results move to their final names: from here on the
/// program ends by itself, with all of them or none.
void ignoreSignals();

/// Runs a program and waits. Returns its exit status, or a negative number and
/// the reason where it did not run.
int runTool(llvm::ArrayRef<llvm::StringRef> arguments,
            llvm::ArrayRef<std::optional<llvm::StringRef>> redirects, std::string *reason);

/// Writes a file by `write`; the error says if anything did not reach it.
llvm::Error writeFile(const ScratchFile &file,
                      llvm::function_ref<void(llvm::raw_fd_ostream &)> write);

/// What went wrong on a stream so far; it is forgotten there.
llvm::Error takeError(llvm::raw_fd_ostream &os, llvm::StringRef shownName);

} // namespace dsc

#endif // DSC_LIB_DRIVER_SCRATCH_H
