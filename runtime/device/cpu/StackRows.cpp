//===- StackRows.cpp - A micro-batch's rows into the whole batch's tensor -===//
#include "abi/CpuRoutines.h"

#include <cstring>

int32_t dscCpuStackRows(const DscCall *call, void *const *buffers) {
  int64_t bytes = call->ints[0];
  int64_t number = *static_cast<const int64_t *>(buffers[1]);
  memcpy(static_cast<char *>(buffers[2]) + number * bytes, buffers[0], static_cast<size_t>(bytes));
  return 0;
}
