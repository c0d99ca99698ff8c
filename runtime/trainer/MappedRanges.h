//===- MappedRanges.h - The files behind mapped memory --------------------===//
//
// A mapped file that somebody shortens takes its pages with it: the next read of one
// is a SIGBUS, wherever in the program it happens. The handler says which file it was.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_MAPPEDRANGES_H
#define DSC_RUNTIME_TRAINER_MAPPEDRANGES_H

#include <cstddef>
#include <string>

namespace dsc {

/// Notes that [begin, begin + length) shows `path`, until forgotten.
void rememberRange(const char *begin, size_t length, const std::string &path);
void forgetRange(const char *begin);

/// From now on a page that its file no longer has ends the process by an error line and
/// the status of bad input.
void installRangeHandler();

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_MAPPEDRANGES_H
