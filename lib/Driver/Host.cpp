//===- Host.cpp - What this host can do -----------------------------------===//

#include "lib/Driver/Host.h"

#include "lib/Driver/Scratch.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

using namespace dsc;

/// The prober lies beside this tool.
static std::string findProber() {
  std::string self = llvm::sys::fs::getMainExecutable(
      nullptr, reinterpret_cast<void *>(reinterpret_cast<intptr_t>(&findProber)));
  llvm::SmallString<256> prober(llvm::sys::path::parent_path(self));
  llvm::sys::path::append(prober, "dsc-probe");
  return prober.str().str();
}

static llvm::Expected<Hardware> readAnswer(const std::string &path) {
  auto file = readFile(path);
  if (!file) {
    return file.takeError();
  }
  auto value = llvm::json::parse((*file)->getBuffer());
  if (!value || !value->getAsObject()) {
    llvm::consumeError(value.takeError());
    return llvm::createStringError("cannot measure this host: dsc-probe said nothing useful");
  }
  const llvm::json::Object &object = *value->getAsObject();
  return Hardware{"host", object.getNumber("gemm_gflops").value_or(1),
                  object.getNumber("copy_gigabytes_per_second").value_or(1),
                  object.getInteger("threads").value_or(1)};
}

/// Asks a program of its own, so that the compiler itself needs no oneDNN.
llvm::Expected<Hardware> dsc::measureHost() {
  auto answer = ScratchFile::temporary("dsc-probe", "json");
  if (!answer) {
    return answer.takeError();
  }
  std::optional<llvm::StringRef> redirects[] = {std::nullopt, llvm::StringRef(answer->name()),
                                                llvm::StringRef("")};
  std::string prober = findProber(), reason;
  if (runTool({prober}, redirects, &reason) != 0) {
    return llvm::createStringError("cannot measure this host: '" + prober + "' failed" +
                                   (reason.empty() ? "" : ": " + reason));
  }
  return readAnswer(answer->name());
}
