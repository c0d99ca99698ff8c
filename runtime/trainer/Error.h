//===- Error.h - Errors that end a trainer --------------------------------===//
//
// Everything that stops a trainer is thrown as a TrainerError, which carries
// the exit status; main prints it as the one `error:` line.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_ERROR_H
#define DSC_RUNTIME_TRAINER_ERROR_H

#include <stdexcept>
#include <string>

namespace dsc {

/// The exit statuses of every tool and trainer.
enum class ExitStatus { Done = 0, BadInput = 1, Usage = 2, Diverged = 3, Lost = 4, Internal = 70 };

class TrainerError : public std::runtime_error {
public:
  TrainerError(ExitStatus status, const std::string &message)
      : std::runtime_error(message), status(status) {}
  const ExitStatus status;
};

/// printf into a string.
std::string format(const char *pattern, ...) __attribute__((format(printf, 1, 2)));

[[noreturn]] void failInput(const char *pattern, ...) __attribute__((format(printf, 1, 2)));
[[noreturn]] void failUsage(const char *pattern, ...) __attribute__((format(printf, 1, 2)));
[[noreturn]] void failInternal(const char *pattern, ...) __attribute__((format(printf, 1, 2)));

/// `what` with the operating system's reason (errno) behind it.
[[noreturn]] void failSystem(const std::string &what);

/// What the last routine that failed said through dscSetError; empty when it said nothing.
std::string takeRoutineError();

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_ERROR_H
