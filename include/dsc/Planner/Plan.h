//===- Plan.h - What is decided about how a step runs ---------------------===//
//
// The planner writes a plan, passes obey it, people edit it and keep it under
// version control. One device today; the fields of many are there, at one.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_PLANNER_PLAN_H
#define DSC_PLANNER_PLAN_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <map>
#include <string>
#include <vector>

namespace dsc {

/// Measured peaks of the host, all threads together.
struct Hardware {
  std::string name = "host";
  double gemmGflops = 0;    // f32, a multiply-add counts as 2
  double copyGigabytes = 0; // per second, bytes read plus bytes written
  int64_t threads = 1;
  bool wasBusy = false; // while it was measured, as far as that showed; not kept in files
};

/// Bytes at the fullest moment of a step, by class. Gradients are what updates of
/// parameters read; activations all other values; workspace the routines' working
/// memory, scalars, alignment and what lies idle.
struct MemoryByClass {
  int64_t parameters = 0, gradients = 0, optimizer = 0, state = 0, activations = 0, workspace = 0;
  int64_t total() const {
    return parameters + gradients + optimizer + state + activations + workspace;
  }
  llvm::json::Object toJson() const;
};

/// A plan that was not chosen, and why.
struct Alternative {
  std::string change; // "micro-batches 2"
  double stepSeconds;
  int64_t memoryBytes;
  std::string reason;
};

/// Which algorithms the device's library takes for matrix products. Trainers for CUDA find them out
/// and write them (--pin-plan); here they are only handed on.
struct MatmulAlgorithms {
  std::string library;                       // and device, with versions; empty: nothing is pinned
  std::map<std::string, std::string> chosen; // by problem
  llvm::json::Object toJson() const;
};

struct Plan {
  std::string model, modelHash;
  int64_t batch = 0;
  int64_t dp = 1, tp = 1, pp = 1;
  int64_t microbatches = 1;
  std::string schedule = "none", precision = "fp32", remat = "none", target = "cpu", cpu;
  int64_t zero = 0;
  bool sequenceParallel = false;
  std::string optimizer = "adamw"; // its state and
  bool clip = true;                // the life of gradients are part of the memory
  Hardware hardware;
  MatmulAlgorithms matmulAlgorithms;
  // Predictions.
  double stepSeconds = 0;
  double flops = 0; // of a step
  int64_t tokensPerSample = 0;
  MemoryByClass memory;
  int64_t scratchBytes = 0; // of the workspace: the routines' working memory
  std::vector<Alternative> alternatives;

  llvm::json::Value toJson() const;

  /// Reads what a plan decides; predictions are made anew. Every field must be there,
  /// of its type and known.
  static llvm::Expected<Plan> fromJson(llvm::StringRef text, llvm::StringRef file);

  /// The first field that asks for what cannot be done yet, and the value that can;
  /// empty if there is none.
  std::string findUnsupported() const;

  /// The table that --plan prints.
  void print(llvm::raw_ostream &os) const;
};

/// "1.5 GiB".
std::string bytesText(int64_t bytes);

/// The fields in which two plans differ, one line each.
void printPlanDiff(const Plan &a, const Plan &b, llvm::raw_ostream &os);

} // namespace dsc

#endif // DSC_PLANNER_PLAN_H
