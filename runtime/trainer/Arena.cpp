//===- Arena.cpp - The memory of all steps --------------------------------===//
#include "trainer/Arena.h"

#include "device/Device.h"
#include "trainer/Error.h"

using namespace dsc;

Arena::Arena(int64_t bytes) : bytes(bytes), begin(device().allocate(bytes)) {
  if (begin)
    return;
  std::string reason = takeRoutineError(); // the device may know better
  if (!reason.empty())
    failInput("%s", reason.c_str());
  failInput("cannot reserve %lld bytes of memory for the model; compile it with a smaller --batch "
            "or a --memory-limit",
            static_cast<long long>(bytes));
}

Arena::~Arena() { device().release(begin, bytes); }
