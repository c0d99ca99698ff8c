//===- PlanPhase.cpp - The plan: obeyed, predicted, printed ---------------===//

#include "dsc/Planner/CostModel.h"
#include "lib/Driver/Compilation.h"
#include "lib/Driver/Host.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace dsc;

static llvm::Expected<Plan> readPlan(const std::string &path) {
  auto file = readFile(path);
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
  trainOptions.microbatches = obeyed->microbatches;
  return checkObeyedPlan();
}

/// What of a plan can be refused before the model is known.
int Compilation::checkObeyedPlan() {
  if (obeyed->dp * obeyed->tp * obeyed->pp != 1) {
    return fail(llvm::createStringError("plan '" + options.planFile +
                                        "' is for several ranks, which are not supported yet"));
  }
  auto contradicts = [&](llvm::StringRef flag, int64_t given, int64_t planned) {
    return failUsage(flag + " " + llvm::Twine(given) + " contradicts " + options.planFile +
                     ", which says " + llvm::Twine(planned));
  };
  if (options.microbatches && *options.microbatches != obeyed->microbatches) {
    return contradicts("--microbatches", *options.microbatches, obeyed->microbatches);
  }
  if (options.batch != 0 && options.batch != obeyed->batch) {
    return contradicts("--batch", options.batch, obeyed->batch);
  }
  return kDone;
}

/// A plan is of one graph with its shapes.
int Compilation::checkModelOfPlan() {
  if (!obeyed || obeyed->modelHash == plan.modelHash) {
    return kDone;
  }
  return fail(llvm::createStringError("plan '" + options.planFile + "' is of another model (" +
                                      obeyed->model + "); make a new one with --plan"));
}

/// The peaks that the predictions stand on.
llvm::Expected<Hardware> Compilation::hardware() const {
  return obeyed ? llvm::Expected<Hardware>(obeyed->hardware) : measureHost();
}

int Compilation::makePlan() {
  plan.microbatches = trainOptions.microbatches;
  plan.cpu = cpuTarget->cpu;
  auto peaks = hardware();
  if (!peaks) {
    return fail(peaks.takeError());
  }
  plan.hardware = *peaks;
  auto scratch = measureScratch(*module, plan.hardware.threads);
  if (!scratch) {
    return fail(scratch.takeError());
  }
  predict(*module, *scratch, plan);
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
