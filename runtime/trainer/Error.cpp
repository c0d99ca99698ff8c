//===- Error.cpp - Errors that end a trainer ------------------------------===//
#include "trainer/Error.h"

#include "abi/Abi.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>

namespace {

std::string formatList(const char *pattern, va_list arguments) {
  va_list copy;
  va_copy(copy, arguments);
  int length = vsnprintf(nullptr, 0, pattern, copy);
  va_end(copy);
  std::string text(static_cast<size_t>(length < 0 ? 0 : length), '\0');
  vsnprintf(text.data(), text.size() + 1, pattern, arguments);
  return text;
}

std::string formatAndEnd(const char *pattern, va_list arguments) {
  std::string text = formatList(pattern, arguments);
  va_end(arguments);
  return text;
}

std::mutex routineErrorMutex;
std::string routineError; // guarded by routineErrorMutex: routines thread themselves

} // namespace

std::string dsc::format(const char *pattern, ...) {
  va_list arguments;
  va_start(arguments, pattern);
  return formatAndEnd(pattern, arguments);
}

void dsc::failInput(const char *pattern, ...) {
  va_list arguments;
  va_start(arguments, pattern);
  throw TrainerError(ExitStatus::BadInput, formatAndEnd(pattern, arguments));
}

void dsc::failUsage(const char *pattern, ...) {
  va_list arguments;
  va_start(arguments, pattern);
  throw TrainerError(ExitStatus::Usage, formatAndEnd(pattern, arguments));
}

void dsc::failInternal(const char *pattern, ...) {
  va_list arguments;
  va_start(arguments, pattern);
  throw TrainerError(ExitStatus::Internal, formatAndEnd(pattern, arguments));
}

void dsc::failSystem(const std::string &what) {
  throw TrainerError(ExitStatus::BadInput, what + ": " + strerror(errno));
}

std::string dsc::takeRoutineError() {
  std::lock_guard<std::mutex> lock(routineErrorMutex);
  std::string text;
  text.swap(routineError);
  return text;
}

void dscSetError(const char *pattern, ...) {
  va_list arguments;
  va_start(arguments, pattern);
  std::string text = formatAndEnd(pattern, arguments);
  std::lock_guard<std::mutex> lock(routineErrorMutex);
  if (routineError.empty()) // the first reason is the cause
    routineError = std::move(text);
}
