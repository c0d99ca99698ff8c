//===- CostModel.cpp - Predicted time and memory of placed programs -------===//

#include "dsc/Planner/CostModel.h"

#include "dialects/Exec/ExecDialect.h"
#include "dialects/Train/Interfaces.h"
#include "dsc/Analysis/Placement.h"
#include "lib/Planner/ArenaUse.h"

using namespace mlir;
using namespace dsc;

static int64_t persistentBytes(ModuleOp exec) {
  return exec->getAttrOfType<IntegerAttr>(exec::kPersistentBytesAttr).getInt();
}

static int64_t arenaBytes(exec::ProgramOp program) {
  return program->getAttrOfType<IntegerAttr>(exec::kArenaBytesAttr).getInt();
}

int64_t dsc::countArenaBytes(ModuleOp exec) {
  int64_t bytes = persistentBytes(exec);
  for (auto program : exec.getOps<exec::ProgramOp>()) {
    bytes = std::max(bytes, arenaBytes(program));
  }
  return bytes;
}

/// The program of a training run that needs the larger arena. (@gradients is for
/// --dump-tensors alone.)
static exec::ProgramOp largestProgram(ModuleOp exec) {
  auto train = exec.lookupSymbol<exec::ProgramOp>("train");
  auto evaluate = exec.lookupSymbol<exec::ProgramOp>("evaluate");
  return evaluate && arenaBytes(evaluate) > arenaBytes(train) ? evaluate : train;
}

MemoryByClass dsc::countMemory(ModuleOp exec, int64_t scratchBytes) {
  MemoryByClass memory;
  for (auto variable : exec.getOps<exec::VariableOp>()) {
    int64_t bytes = train::getTensorBytes(variable.getType());
    if (variable.getRole() == "slot") {
      memory.optimizer += bytes;
    } else if (variable.getRole() == "state") {
      memory.state += bytes;
    } else {
      memory.parameters += bytes;
    }
  }
  exec::ProgramOp program = largestProgram(exec);
  ArenaUse peak = findPeakUse(program, persistentBytes(exec));
  memory.gradients = peak.gradients;
  memory.activations = peak.others;
  // Scalars, alignment and what lies idle at that moment.
  memory.workspace = arenaBytes(program) - memory.total() + scratchBytes;
  return memory;
}

namespace {
struct Work {
  double seconds = 0, flops = 0;
};
} // namespace

static Work workOf(exec::ProgramOp program, const Hardware &hardware) {
  Work work;
  program.walk([&](Operation *op) {
    if (!isa<exec::LaunchOp, exec::CallOp>(op)) {
      return;
    }
    auto times = static_cast<double>(exec::countRuns(op));
    double flops = static_cast<double>(op->getAttrOfType<IntegerAttr>("flops").getInt());
    double compute = flops / (hardware.gemmGflops * 1e9);
    double memory = static_cast<double>(leastBytes(op)) / (hardware.copyGigabytes * 1e9);
    work.seconds += times * std::max(compute, memory);
    work.flops += times * flops;
  });
  return work;
}

/// More micro-batches: less memory for activations, more traffic for adding up
/// gradients (an accumulator is read and written, a part read).
static void addAlternatives(Plan &plan) {
  for (int64_t count : {1, 2, 4}) {
    if (count == plan.microbatches || plan.batch % count != 0) {
      continue;
    }
    double ratio = static_cast<double>(plan.microbatches) / static_cast<double>(count);
    auto passes = [](int64_t n) { return n > 1 ? static_cast<double>(n) : 0.0; };
    double traffic = 3.0 * static_cast<double>(plan.memory.parameters) *
                     (passes(count) - passes(plan.microbatches));
    double seconds = plan.stepSeconds + traffic / (plan.hardware.copyGigabytes * 1e9);
    double memory = static_cast<double>(plan.memory.total()) +
                    static_cast<double>(plan.memory.activations) * (ratio - 1);
    auto bytes = static_cast<int64_t>(std::min(memory, 0x1p62)); // of any batch
    plan.alternatives.push_back({"micro-batches " + std::to_string(count), seconds, bytes,
                                 seconds > plan.stepSeconds
                                     ? "slower: gradients are added up in memory"
                                     : "needs more memory for activations"});
  }
}

void dsc::predict(ModuleOp exec, int64_t scratchBytes, Plan &plan) {
  plan.memory = countMemory(exec, scratchBytes);
  plan.scratchBytes = scratchBytes;
  auto program = exec.lookupSymbol<exec::ProgramOp>("train");
  Work work = workOf(program, plan.hardware);
  plan.stepSeconds = work.seconds;
  plan.flops = work.flops;
  addAlternatives(plan);
}
