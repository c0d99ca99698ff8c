//===- CpuTarget.h - The processor that code is generated for -------------===//
//
// What `--cpu native|generic|NAME` means to code generation.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TARGET_CPU_CPUTARGET_H
#define DSC_TARGET_CPU_CPUTARGET_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace dsc::cpu {

struct CpuTarget {
  std::string triple;
  std::string cpu;      // as LLVM names it
  std::string features; // "+avx2,-..." beyond what the name implies
  unsigned vectorBits = 128;
  bool convertsBF16 = false; // has instructions for f32 -> bf16

  /// `native` is the processor this runs on, `generic` any x86-64 since about
  /// 2009 (x86-64-v2); other names are those of LLVM.
  static llvm::Expected<CpuTarget> get(llvm::StringRef name);
};

} // namespace dsc::cpu

#endif // DSC_TARGET_CPU_CPUTARGET_H
