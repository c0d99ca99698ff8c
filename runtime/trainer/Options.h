//===- Options.h - The trainer's command line -----------------------------===//
#ifndef DSC_RUNTIME_TRAINER_OPTIONS_H
#define DSC_RUNTIME_TRAINER_OPTIONS_H

#include "trainer/Convert.h"
#include "trainer/Module.h"
#include "trainer/Schedule.h"

#include <set>

namespace dsc {

struct Options {
  std::string data, evalData, init;
  Scaling scaling;
  std::optional<int64_t> steps;
  std::optional<double> epochs;

  Schedule schedule; // `total` is filled in when the data is known
  double weightDecay = 0, momentum = 0.9, beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  std::string noDecay;
  std::optional<double> clipNorm;

  int64_t seed = 0;
  bool shuffle = true;
  int64_t evalEvery = 0;
  bool evalOnly = false, keepBest = false;
  bool stopOnNan = true;

  std::string metrics, lossCurve, exportOnnx, dumpTensors, profile, pinPlan;
  std::string checkpointDir;
  int64_t checkpointEvery = 0, keep = 0; // 0: only at the end; all
  bool resume = false;

  int64_t sample = 0;
  double temperature = 0.8;
  std::string prompt;

  int threads = 0; // 0: all processors
  double timeout = 60;
  bool info = false;

  std::set<std::string> given; // flags on the command line, such as "--seed"
  bool has(const std::string &flag) const { return given.count(flag) != 0; }
};

/// Reads the command line. Returns nothing after printing the help. Fails with a usage error.
std::optional<Options> parseOptions(int argc, const char *const *argv);

/// Fails with a usage error where a flag needs what the model was not compiled with.
void checkAgainstModule(const Options &options, const ModuleInfo &module);

/// Fails where a launcher started several ranks: this trainer is one.
void refuseSeveralRanks();

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_OPTIONS_H
