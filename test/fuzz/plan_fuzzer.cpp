//===- plan_fuzzer.cpp - Any bytes in, an error or a plan out -------------===//
//
// A plan file, which people edit. What is accepted must say the same when it is
// written and read again, and can be printed and compared.
//
//===----------------------------------------------------------------------===//

#include "dsc/Planner/Plan.h"

#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace dsc;

static std::string textOf(const Plan &plan) {
  std::string text;
  llvm::raw_string_ostream(text) << plan.toJson();
  return text;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto plan = Plan::fromJson(llvm::StringRef(reinterpret_cast<const char *>(data), size), "input");
  if (!plan) {
    llvm::consumeError(plan.takeError());
    return 0;
  }
  std::string text = textOf(*plan);
  auto again = Plan::fromJson(text, "written");
  if (!again || textOf(*again) != text)
    std::abort();
  std::string printed;
  llvm::raw_string_ostream os(printed);
  plan->print(os);
  printPlanDiff(*plan, Plan(), os);
  os << plan->findUnsupported();
  return 0;
}
