//===- PlanPhase.cpp - The plan: obeyed, predicted, printed ---------------===//

#include "dsc/Planner/CostModel.h"
#include "dsc/Support/RegularFile.h"
#include "lib/Driver/Compilation.h"
#include "lib/Driver/Host.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace dsc;

static llvm::Expected<Plan> readPlan(const std::string &path) {
  auto file = readRegularFile(path);
  if (!file) {
    return file.takeError();
  }
  return Plan::fromJson((*file)->getBuffer(), path);
}

/// --plan-diff.
int Compilation::comparePlans() {
  auto a = readPlan(options.planDiff[0]), b = readPlan(options.planDiff[1]);
  if (!a || !b) {
    llvm::Error error = a ? b.takeError() : a.takeError();
    if (!a && !b) {
      llvm::consumeError(b.takeError());
    }
    return fail(std::move(error));
  }
  printPlanDiff(*a, *b, llvm::outs());
  return kStop;
}

int Compilation::readPlanFile() {
  if (!options.planDiff.empty()) {
    return comparePlans();
  }
  if (options.planFile.empty()) {
    return kDone;
  }
  auto read = readPlan(options.planFile);
  if (!read) {
    return fail(read.takeError());
  }
  obeyed = *read;
  return obeyPlan();
}

int Compilation::failPlan(const llvm::Twine &problem) {
  printError("plan '" + options.planFile + "': " + problem);
  return kBadInput;
}

int Compilation::failContradiction(llvm::StringRef flag, const llvm::Twine &given,
                                   llvm::StringRef field, const llvm::Twine &planned) {
  return failUsage(flag + " " + given + " contradicts plan '" + options.planFile +
                   "', whose field '" + field + "' is " + planned +
                   "; leave the flag out, or change the plan");
}

/// Everything that a plan decides before the model is known; the batch and the
/// processor are asked for where they are needed.
int Compilation::obeyPlan() {
  if (std::string problem = obeyed->findUnsupported(); !problem.empty()) {
    return failPlan(problem);
  }
  std::optional<OptimizerKind> optimizer = parseOptimizerKind(obeyed->optimizer);
  if (!optimizer) {
    return failPlan("field 'optimizer' is \"" + obeyed->optimizer +
                    "\"; expected sgd, momentum, adam or adamw");
  }
  if (int status = checkTarget()) {
    return status;
  }
  if (int status = checkContradictions()) {
    return status;
  }
  trainOptions.microbatches = obeyed->microbatches;
  trainOptions.optimizer = *optimizer;
  trainOptions.clip = obeyed->clip;
  return kDone;
}

/// What is emitted depends on the target from the flags on, so that a plan cannot set it.
int Compilation::checkTarget() {
  if (obeyed->target == options.target) {
    return kDone;
  }
  if (options.target == "cuda") {
    return failContradiction(options.emit == "cuda" ? "--emit" : "--target", "cuda", "target",
                             obeyed->target);
  }
  return failPlan("field 'target' is \"" + obeyed->target + "\"; " +
                  (obeyed->target == "cuda" ? "compile it with --target cuda or --emit=cuda"
                                            : "expected cpu or cuda"));
}

int Compilation::checkContradictions() {
  if (options.microbatches && *options.microbatches != obeyed->microbatches) {
    return failContradiction("--microbatches", llvm::Twine(*options.microbatches), "microbatches",
                             llvm::Twine(obeyed->microbatches));
  }
  if (options.batch != 0 && options.batch != obeyed->batch) {
    return failContradiction("--batch", llvm::Twine(options.batch), "batch",
                             llvm::Twine(obeyed->batch));
  }
  if (options.optimizer && nameOf(*options.optimizer) != obeyed->optimizer) {
    return failContradiction("--optimizer", nameOf(*options.optimizer), "optimizer",
                             obeyed->optimizer);
  }
  if (options.clip && *options.clip != obeyed->clip) {
    return failContradiction("--clip", *options.clip ? "on" : "off", "clip",
                             obeyed->clip ? "true" : "false");
  }
  return kDone;
}

/// A plan names the processor; this host's own has features that its name alone
/// does not tell.
int Compilation::chooseProcessor() {
  cpuName = options.cpu.value_or("native");
  auto target = cpu::CpuTarget::get(cpuName);
  if (!target) {
    return fail(target.takeError(), kBadUsage);
  }
  cpuTarget = *target;
  if (!obeyed) {
    return kDone;
  }
  auto planned = cpu::CpuTarget::get(obeyed->cpu);
  if (!planned) {
    return failPlan("field 'cpu': " + llvm::toString(planned.takeError()));
  }
  if (planned->cpu == cpuTarget->cpu) {
    return kDone;
  }
  if (options.cpu) {
    return failContradiction("--cpu", cpuName, "cpu", obeyed->cpu);
  }
  cpuName = obeyed->cpu;
  cpuTarget = *planned;
  return kDone;
}

/// The peaks that the predictions stand on.
llvm::Expected<Hardware> Compilation::hardware() const {
  return obeyed ? llvm::Expected<Hardware>(obeyed->hardware) : measureHost();
}

/// More than this no process can address.
static constexpr int64_t kAddressSpace = int64_t(1) << 47;

/// The trainer may run on a larger machine than this one, but not on none.
int Compilation::checkMemory() const {
  int64_t needed = plan.memory.total(), available = hostMemory();
  std::string what = "a step needs " + bytesText(needed) + " of memory";
  std::string wayOut = "; lower --batch, or raise --microbatches";
  if (needed > kAddressSpace) {
    printError(what + ", more than a process can address" + wayOut);
    return kBadInput;
  }
  if (needed > available) {
    printWarning(what + ", and this host has " + bytesText(available) + wayOut);
  }
  return kDone;
}

int Compilation::makePlan() {
  plan.microbatches = trainOptions.microbatches;
  plan.target = options.target;
  plan.cpu = cpuTarget->cpu;
  plan.optimizer = nameOf(trainOptions.optimizer).str();
  plan.clip = trainOptions.clip;
  auto peaks = hardware();
  if (!peaks) {
    return fail(peaks.takeError());
  }
  plan.hardware = *peaks;
  if (obeyed) {
    plan.matmulAlgorithms = obeyed->matmulAlgorithms;
  }
  auto scratch = measureScratch(*module, plan.hardware.threads);
  if (!scratch) {
    return fail(scratch.takeError());
  }
  predict(*module, *scratch, plan);
  if (int status = checkMemory()) {
    return status;
  }
  if (options.printPlan || options.planOnly) {
    plan.print(llvm::outs());
    llvm::outs().flush();
  }
  bool stops = options.planOnly || options.emit == "plan";
  if (!stops) {
    return kDone;
  }
  return writeOutput(output + ".plan.json", [this](llvm::raw_ostream &os) { writePlan(os); });
}

void Compilation::writePlan(llvm::raw_ostream &os) const {
  os << llvm::formatv("{0:2}\n", plan.toJson());
}
