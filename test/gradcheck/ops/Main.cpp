//===- Main.cpp - dsc-gradcheck: every train op checked by running --------===//
//
//   dsc-gradcheck [--op NAME]... [--draws N] [--seed S] [--tolerance F] [--verbose]
//
// The ops come from the dialect's registry, so that an op without a generator
// fails. Exit status 1 if anything is wrong.
//
//===----------------------------------------------------------------------===//

#include "Checks.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::gradcheck;
namespace cl = llvm::cl;

static cl::list<std::string> onlyOps("op", cl::desc("check these ops only, e.g. train.dot"));
static cl::opt<unsigned> draws("draws", cl::desc("draws per op"), cl::init(24));
static cl::opt<uint64_t> seed("seed", cl::desc("seed of the draws"), cl::init(1));
static cl::opt<double> tolerance("tolerance", cl::desc("relative error allowed of derivatives"),
                                 cl::init(1e-6));
static cl::opt<bool> verbose("verbose", cl::desc("a line per op"));

static Generators allGenerators() {
  Generators generators;
  for (auto add : {addControl, addElementwise, addShape, addReduce, addLinear, addPool, addIndex,
                   addNorm, addAttention, addLoss, addRandom, addOptimizer}) {
    add(generators);
  }
  return generators;
}

/// Ops that compute: those that say how they shard. The others shape programs.
static SmallVector<RegisteredOperationName> opsToCheck(MLIRContext &context) {
  SmallVector<RegisteredOperationName> names;
  for (RegisteredOperationName name : context.getRegisteredOperationsByDialect("train")) {
    bool chosen = onlyOps.empty() || llvm::is_contained(onlyOps, name.getStringRef().str());
    bool computes = name.hasInterface<train::ShardingRuleOpInterface>() ||
                    name.hasInterface<train::DifferentiableOpInterface>() ||
                    name.hasInterface<train::DecomposableOpInterface>();
    if (chosen && computes) {
      names.push_back(name);
    }
  }
  return names;
}

static Failure checkCase(Case &c, Coverage &coverage) {
  if (failed(verify(*c.module))) {
    return "the drawn op is not valid";
  }
  for (Failure failure :
       {checkShape(c), checkDecomposition(c), checkEvaluation(c), checkSharding(c, coverage)}) {
    if (failure) {
      return failure;
    }
  }
  if (!isa<train::DifferentiableOpInterface, train::DecomposableOpInterface>(c.op)) {
    return std::nullopt;
  }
  Failure first = checkDerivative(c, coverage);
  return first ? first : checkSecondDerivative(c, coverage);
}

/// Over all draws, each operand with a gradient has one that is not zero.
static Failure checkCoverage(const Coverage &coverage, ArrayRef<bool> expectsGradient) {
  for (auto [operand, expected] : llvm::enumerate(expectsGradient)) {
    double largest =
        operand < coverage.largestReference.size() ? coverage.largestReference[operand] : 0.0;
    if (expected && largest < 1e-3) {
      return llvm::formatv("the reference gradient of operand {0} was zero in every draw", operand)
          .str();
    }
  }
  return std::nullopt;
}

/// One seed per op and draw, whatever else is checked.
static uint64_t seedOf(StringRef op, unsigned number) {
  uint64_t hash = 1469598103934665603u; // FNV-1a
  for (char letter : op) {
    hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211u;
  }
  return hash ^ (seed << 32) ^ number;
}

static Failure checkOp(MLIRContext &context, StringRef name, Generator generator,
                       Coverage &coverage) {
  SmallVector<bool> expectsGradient;
  for (unsigned number = 0; number < draws; ++number) {
    CaseBuilder builder(&context, seedOf(name, number));
    Case c = builder.finish(generator(builder));
    if (Failure failure = checkCase(c, coverage)) {
      llvm::errs() << "draw " << number << ":\n" << *c.function << '\n';
      return failure;
    }
    bool expects = coverage.derivatives > 0 && !c.isPiecewiseConstant;
    expectsGradient.resize(std::max(expectsGradient.size(), c.inputs.size()), false);
    for (auto [operand, differentiable] : llvm::enumerate(c.isDifferentiable)) {
      expectsGradient[operand] = expectsGradient[operand] || (expects && differentiable);
    }
  }
  return checkCoverage(coverage, expectsGradient);
}

static void report(StringRef name, const Coverage &coverage) {
  llvm::outs() << llvm::format("%-28s %4u derivatives, %3u second, %3u splits, worst %.1e\n",
                               name.str().c_str(), coverage.derivatives, coverage.secondDerivatives,
                               coverage.splits, coverage.worstError);
}

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "Checks every train op by running it\n");
  DialectRegistry registry;
  registry.insert<train::TrainDialect, func::FuncDialect>();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  Generators generators = allGenerators();
  unsigned failures = 0, ops = 0;
  Coverage total;
  for (RegisteredOperationName name : opsToCheck(context)) {
    Coverage coverage;
    coverage.tolerance = tolerance;
    Generator generator = generators.lookup(name.getStringRef());
    Failure failure = generator ? checkOp(context, name.getStringRef(), generator, coverage)
                                : Failure("no generator draws this op");
    if (failure) {
      llvm::errs() << "error: " << name.getStringRef() << ": " << *failure << '\n';
      ++failures;
    } else if (verbose) {
      report(name.getStringRef(), coverage);
    }
    ++ops;
    total.derivatives += coverage.derivatives;
    total.secondDerivatives += coverage.secondDerivatives;
    total.splits += coverage.splits;
    total.worstError = std::max(total.worstError, coverage.worstError);
  }
  if (ops == 0) {
    llvm::errs() << "error: no such op\n";
    return 1;
  }
  failures += countKinkFailures(context);
  llvm::outs() << ops << " ops, " << failures << " failed\n";
  report("all", total);
  return failures == 0 ? 0 : 1;
}
