//===- Host.cpp - What this host can do -----------------------------------===//

#include "lib/Driver/Host.h"

#include "dialects/Exec/ExecDialect.h"
#include "dsc/Support/RegularFile.h"
#include "lib/Driver/Scratch.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

#include <unistd.h>

using namespace mlir;
using namespace dsc;
namespace json = llvm::json;

/// The prober lies beside this tool.
static std::string findProber() {
  std::string self = llvm::sys::fs::getMainExecutable(
      nullptr, reinterpret_cast<void *>(reinterpret_cast<intptr_t>(&findProber)));
  llvm::SmallString<256> prober(llvm::sys::path::parent_path(self));
  llvm::sys::path::append(prober, "dsc-probe");
  return prober.str().str();
}

/// Runs the prober on a request, or on none, and returns what it says.
static llvm::Expected<llvm::json::Object> askProber(llvm::ArrayRef<llvm::StringRef> request) {
  auto answer = ScratchFile::temporary("dsc-probe", "json");
  if (!answer) {
    return answer.takeError();
  }
  std::optional<llvm::StringRef> redirects[] = {std::nullopt, llvm::StringRef(answer->name()),
                                                llvm::StringRef("")};
  std::string prober = findProber(), reason;
  llvm::SmallVector<llvm::StringRef> arguments = {prober};
  llvm::append_range(arguments, request);
  if (runTool(arguments, redirects, &reason) != 0) {
    return llvm::createStringError("cannot measure this host: '" + prober + "' failed" +
                                   (reason.empty() ? "" : ": " + reason));
  }
  auto file = readRegularFile(answer->name());
  if (!file) {
    return file.takeError();
  }
  auto value = llvm::json::parse((*file)->getBuffer());
  if (!value || !value->getAsObject()) {
    llvm::consumeError(value.takeError());
    return llvm::createStringError("cannot measure this host: dsc-probe said nothing useful");
  }
  return std::move(*value->getAsObject());
}

llvm::Expected<Hardware> dsc::measureHost() {
  auto answer = askProber({});
  if (!answer) {
    return answer.takeError();
  }
  return Hardware{"host", answer->getNumber("gemm_gflops").value_or(1),
                  answer->getNumber("copy_gigabytes_per_second").value_or(1),
                  answer->getInteger("threads").value_or(1),
                  answer->getBoolean("busy").value_or(false)};
}

int64_t dsc::hostMemory() {
  return static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
}

static bool isEmpty(Type type) { return cast<RankedTensorType>(type).getNumElements() == 0; }

static json::Object describeCall(exec::CallOp call) {
  int64_t inPlace = call->hasAttr("exec.in_place") ? 1 : 0;
  return json::Object{
      {"routine", call.getRoutine()},
      {"ints", json::Array(call.getInts())},
      {"floats", json::Array(call.getFloats())},
      {"buffers", static_cast<int64_t>(call->getNumOperands() + call->getNumResults()) - inPlace}};
}

/// Each distinct call once.
static json::Array describeCalls(ModuleOp exec) {
  json::Array calls;
  llvm::StringSet<> known;
  for (auto program : exec.getOps<exec::ProgramOp>()) {
    if (program.getName() == "gradients") {
      continue;
    }
    program.walk([&](exec::CallOp call) {
      if (llvm::any_of(call->getOperandTypes(), isEmpty)) {
        return;
      }
      json::Value description = describeCall(call);
      std::string text;
      llvm::raw_string_ostream(text) << description;
      if (known.insert(text).second) {
        calls.push_back(std::move(description));
      }
    });
  }
  return calls;
}

llvm::Expected<int64_t> dsc::measureScratch(ModuleOp exec, int64_t threads) {
  auto request = ScratchFile::temporary("dsc-calls", "json");
  if (!request) {
    return request.takeError();
  }
  json::Value calls = json::Object{{"threads", threads}, {"calls", describeCalls(exec)}};
  if (llvm::Error error = writeFile(*request, [&](llvm::raw_ostream &os) { os << calls; })) {
    return error;
  }
  auto answer = askProber({request->name()});
  if (!answer) {
    return answer.takeError();
  }
  return answer->getInteger("scratch_bytes").value_or(0);
}
