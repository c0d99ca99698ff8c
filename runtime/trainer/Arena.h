//===- Arena.h - The memory of all steps ----------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_ARENA_H
#define DSC_RUNTIME_TRAINER_ARENA_H

#include <cstddef>
#include <cstdint>

namespace dsc {

/// One zeroed block of the device's memory.
class Arena {
public:
  explicit Arena(int64_t bytes);
  ~Arena();
  Arena(const Arena &) = delete;
  Arena &operator=(const Arena &) = delete;

  char *base() const { return begin; }
  char *at(int64_t offset) const { return begin + offset; }

private:
  int64_t bytes;
  char *begin;
};

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_ARENA_H
