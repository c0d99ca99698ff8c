//===- Options.h - What a user asks of dsc-compile ------------------------===//
#ifndef DSC_DRIVER_OPTIONS_H
#define DSC_DRIVER_OPTIONS_H

#include "dsc/Pipelines/Train.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dsc {

/// Exit statuses of every tool (docs: CONTRACT of the command line).
enum ExitCode { kDone = 0, kBadInput = 1, kBadUsage = 2, kInternalError = 70 };

struct CompileOptions {
  std::string input;
  std::string output; // empty: the input's stem + "-trainer"
  enum class Inspect { No, Text, Json } inspect = Inspect::No;

  // The model.
  int64_t batch = 0; // 0: as the model has it
  std::map<std::string, int64_t> dims;
  std::string trainable, freeze, tie, stopGradient;
  std::string batchNorm = "train";
  bool dropout = true;
  std::string init; // weights that replace the input's, by name

  // The step.
  TrainOptions train;
  bool hasLoss = false; // the user named one

  // The machine and the plan. What a plan file decides too is kept as the user gave
  // it, or nothing.
  std::string target = "cpu", precision = "fp32";
  std::optional<std::string> cpu;
  std::optional<OptimizerKind> optimizer;
  std::optional<bool> clip;
  std::optional<int64_t> microbatches;
  bool printPlan = false, planOnly = false;
  std::string planFile;              // obey this plan
  std::vector<std::string> planDiff; // compare two
  std::string weights = "auto";      // inside, beside or auto

  // For the curious.
  std::string dumpIr;
  std::string emit = "trainer"; // plan, train, exec, llvm or trainer
  bool timeReport = false;
  std::string crashBefore; // this pass, to test what a crash leaves
};

/// Losses and optimizers as flags name them; nothing for other names.
std::optional<LossKind> parseLossKind(llvm::StringRef name);
std::optional<OptimizerKind> parseOptimizerKind(llvm::StringRef name);
llvm::StringRef nameOf(LossKind kind);
llvm::StringRef nameOf(OptimizerKind kind);

/// Reads the command line. On a wrong one prints an `error:` line and returns
/// the exit status; so it does (0) after --help and --version.
std::optional<int> parseCommandLine(int argc, char **argv, CompileOptions &options);

} // namespace dsc

#endif // DSC_DRIVER_OPTIONS_H
