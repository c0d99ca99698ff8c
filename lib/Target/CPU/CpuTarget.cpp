//===- CpuTarget.cpp - The processor that code is generated for -----------===//
//
// Looks a processor up in LLVM's tables.
//
//===----------------------------------------------------------------------===//
#include "dsc/Target/CPU/CpuTarget.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"
#include "llvm/TargetParser/Triple.h"

#include <mutex>

namespace dsc::cpu {

static std::string hostFeatures() {
  llvm::SubtargetFeatures features;
  for (const auto &feature : llvm::sys::getHostCPUFeatures())
    features.AddFeature(feature.first(), feature.second);
  return features.getString();
}

static llvm::Error unknownCpu(llvm::StringRef name) {
  return llvm::createStringError(
      "unknown processor '" + name +
      "'; expected native, generic, or a name such as x86-64-v3, skylake-avx512 or znver4 "
      "('llc -mcpu=help' lists all)");
}

static unsigned widestVector(const llvm::MCSubtargetInfo &info) {
  if (info.checkFeatures("+avx512f"))
    return 512;
  return info.checkFeatures("+avx2") ? 256 : 128;
}

llvm::Expected<CpuTarget> CpuTarget::get(llvm::StringRef name) {
  static std::once_flag registered;
  std::call_once(registered, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  });

  CpuTarget result;
  result.triple = llvm::sys::getDefaultTargetTriple();
  llvm::Triple triple(result.triple);
  result.cpu = name.str();
  if (name == "native") {
    result.cpu = llvm::sys::getHostCPUName().str();
    result.features = hostFeatures();
  } else if (name == "generic") {
    result.cpu = triple.getArch() == llvm::Triple::x86_64 ? "x86-64-v2" : "generic";
  }

  std::string message;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return llvm::createStringError(message);
  // The table is asked through a known name first: LLVM warns on its own about
  // unknown ones.
  std::unique_ptr<llvm::MCSubtargetInfo> any(target->createMCSubtargetInfo(triple, "", ""));
  if (!any->isCPUStringValid(result.cpu))
    return unknownCpu(name);
  std::unique_ptr<llvm::MCSubtargetInfo> info(
      target->createMCSubtargetInfo(triple, result.cpu, result.features));
  if (triple.getArch() == llvm::Triple::x86_64 && !info->checkFeatures("+64bit"))
    return unknownCpu(name);
  if (triple.isX86()) {
    result.vectorBits = widestVector(*info);
    result.convertsBF16 = info->checkFeatures("+avx512bf16,+avx512vl");
  }
  return result;
}

} // namespace dsc::cpu
