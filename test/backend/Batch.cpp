//===- Batch.cpp - Backend tests interpreted and compiled together --------===//

#include "Batch.h"
#include "Gradients.h"
#include "Reasons.h"

#include "dsc/Interpreter/Interpreter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "test/cpucheck/CompiledModule.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace mlir;
using namespace dsc;
using namespace dsc::backend;
using cpucheck::CompiledModule;

bool backend::runSafely(llvm::function_ref<void()> action) {
  llvm::CrashRecoveryContext recovery;
  return recovery.RunSafely(action);
}

static void fail(Outcome &outcome, const Twine &message) {
  outcome.kind = Outcome::Kind::Failed;
  outcome.message = message.str();
}

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

/// ONNX's own tests allow a relative 1e-3 and an absolute 1e-7; two units in the last
/// place where the type itself is coarser. Sums have errors relative to their terms,
/// so that an element may differ by a millionth of the largest one too.
static double allowedDifference(const Tensor &expected, double wanted, double largest) {
  Type element = expected.type.getElementType();
  double relative = element.isBF16() ? 1.6e-2 : element.isF16() ? 2e-3 : 1e-3;
  return relative * std::abs(wanted) + 1e-6 * largest + 1e-7;
}

static double largestOf(const Tensor &tensor) {
  double largest = 0;
  for (size_t i = 0; i < tensor.size(); ++i) {
    double value = std::abs(tensor.number(i));
    largest = std::isfinite(value) ? std::max(largest, value) : largest;
  }
  return largest;
}

static bool isEqual(const Tensor &expected, double actual, double wanted, double largest) {
  if (!expected.isFloat() || std::isinf(wanted)) {
    return actual == wanted;
  }
  if (std::isnan(wanted)) {
    return std::isnan(actual);
  }
  return std::abs(actual - wanted) <= allowedDifference(expected, wanted, largest);
}

static std::string compare(const Tensor &actual, const Tensor &expected, bool typesOnly) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (actual.type != expected.type) {
    os << "expected " << expected.type << ", got " << actual.type;
    return text;
  }
  double largest = largestOf(expected);
  for (size_t i = 0; i < expected.size() && !typesOnly; ++i) {
    if (!isEqual(expected, actual.number(i), expected.number(i), largest)) {
      os << "element " << i << " of " << expected.type << ": expected " << expected.number(i)
         << ", got " << actual.number(i);
      return text;
    }
  }
  return text;
}

static void compareAll(PendingRun &pending, StringRef who, FailureOr<SmallVector<Tensor>> results,
                       StringRef diagnostics) {
  if (failed(results)) {
    return fail(*pending.outcome, who + " reports: " + diagnostics);
  }
  for (auto [i, expected] : llvm::enumerate(pending.run.expected)) {
    std::string problem = compare((*results)[i], expected, pending.run.isRandom);
    if (!problem.empty()) {
      return fail(*pending.outcome, who + ", output " + Twine(i) + ": " + problem);
    }
  }
}

//===----------------------------------------------------------------------===//
// Execution
//===----------------------------------------------------------------------===//

namespace {
/// Keeps the first diagnostic from stderr.
class Capture {
public:
  explicit Capture(MLIRContext &context)
      : handler(&context, [this](Diagnostic &diagnostic) {
          first = first.empty() ? diagnostic.str() : first;
          return success();
        }) {}
  std::string first;

private:
  ScopedDiagnosticHandler handler;
};
} // namespace

static std::string programName(size_t i) { return "test_" + std::to_string(i); }

static void interpret(PendingRun &pending, ModuleOp module, StringRef name) {
  Capture capture(*module.getContext());
  bool survived = runSafely([&] {
    Interpreter interpreter(module);
    interpreter.setScalar("seed", 1);
    interpreter.setScalar("step", 1);
    compareAll(pending, "interpreter", interpreter.call(name, pending.run.arguments),
               capture.first);
  });
  if (!survived) {
    fail(*pending.outcome, "the interpreter crashes");
  }
}

/// Compiled programs know integers without a sign; this says how to read them.
static void restoreSigns(MutableArrayRef<Tensor> results, ArrayRef<Tensor> expected) {
  for (auto [actual, wanted] : llvm::zip(results, expected)) {
    Type type = wanted.type.getElementType(), own = actual.type.getElementType();
    if (type.isUnsignedInteger() && own.isSignlessInteger(type.getIntOrFloatBitWidth())) {
      actual.type = actual.type.clone(type);
      actual.wrapIntegers();
    }
  }
}

static void runCompiled(PendingRun &pending, CompiledModule &compiled, StringRef name) {
  Capture capture(*pending.run.module->getContext());
  bool survived = runSafely([&] {
    auto results = compiled.run(name, pending.run.arguments);
    if (succeeded(results)) {
      restoreSigns(*results, pending.run.expected);
    }
    compareAll(pending, "compiled program", results, capture.first);
  });
  if (!survived) {
    fail(*pending.outcome, "the compiled program crashes");
  }
}

/// The programs of the runs as `@test_N`, N counted from `first`.
static OwningOpRef<ModuleOp> merge(MutableArrayRef<PendingRun> runs, MLIRContext &context) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  for (auto [i, pending] : llvm::enumerate(runs)) {
    auto forward = pending.run.module->lookupSymbol<func::FuncOp>("forward").clone();
    forward.setSymName(programName(i));
    module->push_back(forward);
  }
  return module;
}

static std::unique_ptr<CompiledModule> compile(ModuleOp module, std::string &message) {
  std::unique_ptr<CompiledModule> compiled;
  Capture capture(*module.getContext());
  if (!runSafely([&] { compiled = CompiledModule::compile(module, {}); })) {
    message = "the compiler crashes";
  } else if (!compiled) {
    message = "the compiler reports: " + capture.first;
  }
  if (compiled) {
    compiled->setScalar("seed", 1);
    compiled->setScalar("step", 1);
  }
  return compiled;
}

static void compileAndRun(MutableArrayRef<PendingRun> runs, MLIRContext &context) {
  OwningOpRef<ModuleOp> module = merge(runs, context);
  std::string message;
  std::unique_ptr<CompiledModule> compiled = compile(*module, message);
  if (!compiled && runs.size() > 1) {
    for (PendingRun &pending : runs) {
      compileAndRun(pending, context);
    }
    return;
  }
  for (auto [i, pending] : llvm::enumerate(runs)) {
    if (compiled) {
      runCompiled(pending, *compiled, programName(i));
    } else if (pending.outcome->kind != Outcome::Kind::Failed) {
      // The target may say no for one of the reasons, too.
      fail(*pending.outcome, message);
      bool isKnown = findReason(message) != nullptr;
      pending.outcome->kind = isKnown ? Outcome::Kind::Refused : Outcome::Kind::Failed;
    }
  }
}

static void differentiate(PendingRun &pending) {
  Capture capture(*pending.run.module->getContext());
  std::string message;
  GradientCheck check = GradientCheck::Differs;
  if (!runSafely([&] { check = checkGradient(pending.run, message); })) {
    message = "crashes the differentiation";
  }
  pending.outcome->hasGradient |= check == GradientCheck::Agrees;
  if (check == GradientCheck::Differs) {
    fail(*pending.outcome, message + (capture.first.empty() ? "" : ": " + capture.first));
  }
}

void backend::execute(MutableArrayRef<PendingRun> runs, MLIRContext &context) {
  for (PendingRun &pending : runs) {
    interpret(pending, *pending.run.module, "forward");
    differentiate(pending);
  }
  compileAndRun(runs, context);
}
