//===- dsc-onnx-backend.cpp - The ONNX backend tests ----------------------===//
//
// Runs folders of tests through frontend, interpreter and CPU target in one
// process and compares with the results they hold:
//
//   dsc-onnx-backend ROOT... [--filter REGEX]
//   dsc-onnx-backend ROOT... --page docs/Coverage.md --section NAME [--write]
//
// A test passes or is refused for one of the reasons of Reasons.cpp; wrong
// answers, crashes and other refusals make the run fail, as does a page that
// says something else.
//
//===----------------------------------------------------------------------===//

#include "Coverage.h"
#include "Reasons.h"

#include "dialects/Exec/ExecDialect.h"
#include "dialects/Train/TrainDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Regex.h"

using namespace dsc;
using namespace dsc::backend;
namespace cl = llvm::cl;

namespace {
struct Flags {
  cl::list<std::string> roots{cl::Positional, cl::OneOrMore, cl::desc("ROOT...")};
  cl::opt<std::string> filter{"filter", cl::desc("only tests whose names match")};
  cl::opt<std::string> page{"page", cl::desc("the page that lists what passes")};
  cl::opt<std::string> section{"section", cl::desc("the page's section of these tests")};
  cl::opt<bool> known{"known-inputs", cl::desc("inputs are constants, which the importer folds")};
  cl::opt<bool> write{"write", cl::desc("renew the section instead of checking it")};
  cl::opt<bool> verbose{"verbose", cl::desc("also print what is refused, and why")};
};

class Session {
public:
  Session(mlir::MLIRContext &context, const Flags &flags) : context(context), flags(flags) {}

  void add(const std::string &folder);
  void flush();
  int report() const;

private:
  void import(const std::string &folder, Outcome &outcome);

  mlir::MLIRContext &context;
  const Flags &flags;
  std::vector<std::unique_ptr<Outcome>> outcomes;
  std::vector<PendingRun> pending;
};
} // namespace

static void refuse(Outcome &outcome, llvm::StringRef message) {
  bool isKnown = findReason(message) != nullptr;
  outcome.kind = isKnown ? Outcome::Kind::Refused : Outcome::Kind::Failed;
  outcome.message = message.str();
}

void Session::import(const std::string &folder, Outcome &outcome) {
  llvm::Expected<TestCase> test = readTestCase(folder);
  if (!test) {
    return refuse(outcome, llvm::toString(test.takeError()));
  }
  outcome.op = operatorOf(*test);
  std::vector<PendingRun> runs;
  for (size_t i = 0; i < test->dataSets.size(); ++i) {
    llvm::Expected<Run> run = importRun(folder, i, flags.known, context);
    if (!run) {
      return refuse(outcome, llvm::toString(run.takeError()));
    }
    outcome.constants.insert(run->constants.begin(), run->constants.end());
    if (run->isRandom) {
      refuse(outcome, "random values");
    }
    runs.push_back({std::move(*run), &outcome});
  }
  std::move(runs.begin(), runs.end(), std::back_inserter(pending));
}

void Session::add(const std::string &folder) {
  constexpr size_t kRunsPerBatch = 32;
  Outcome &outcome = *outcomes.emplace_back(std::make_unique<Outcome>());
  outcome.name = llvm::StringRef(folder).rsplit('/').second.str();
  if (!runSafely([&] { import(folder, outcome); })) {
    outcome.kind = Outcome::Kind::Failed;
    outcome.message = "the importer crashes";
  }
  if (pending.size() >= kRunsPerBatch) {
    flush();
  }
}

/// Only where the compiled program or the derivative differs: the interpreter must hold by itself.
static void excuse(Outcome &outcome) {
  llvm::StringRef why = whyIllConditioned(outcome.name), message = outcome.message;
  if (!why.empty() && (message.starts_with("compiled program, output") ||
                       message.starts_with("has the slope 0.000000e+00"))) {
    refuse(outcome, why);
  }
}

void Session::flush() {
  if (!pending.empty()) {
    execute(pending, context);
  }
  for (PendingRun &run : pending) {
    excuse(*run.outcome);
  }
  pending.clear();
}

/// Renews the page's section, or says that it is stale.
static bool updatePage(const Flags &flags, const std::string &table) {
  auto buffer = llvm::MemoryBuffer::getFile(flags.page);
  std::optional<std::string> page;
  if (buffer) {
    page = replaceSection((*buffer)->getBuffer(), flags.section, table);
    page = page ? replaceSection(*page, "reasons", listReasons()) : page;
  }
  if (!page) {
    llvm::errs() << "error: " << flags.page << " has no section '" << flags.section << "'\n";
    return false;
  }
  if (flags.write) {
    std::error_code error;
    llvm::raw_fd_ostream(flags.page, error) << *page;
    return !error;
  }
  if (*page == (*buffer)->getBuffer()) {
    return true;
  }
  llvm::errs() << "error: section '" << flags.section << "' of " << flags.page
               << " is stale; run this again with --write\n";
  return false;
}

int Session::report() const {
  int counts[3] = {};
  for (const auto &outcome : outcomes) {
    ++counts[static_cast<int>(outcome->kind)];
    bool failed = outcome->kind == Outcome::Kind::Failed;
    if (failed || (flags.verbose && outcome->kind == Outcome::Kind::Refused)) {
      llvm::outs() << (failed ? "FAILED " : "refused ") << outcome->name << ": " << outcome->message
                   << '\n';
    }
  }
  llvm::outs() << counts[0] << " passed, " << counts[1] << " refused, " << counts[2] << " failed\n";
  bool ok = counts[2] == 0 && !outcomes.empty();
  if (!flags.page.empty()) {
    ok &= updatePage(flags, makeTable(outcomes));
  }
  return ok ? 0 : 1;
}

int main(int argc, char **argv) {
  Flags flags;
  cl::ParseCommandLineOptions(argc, argv, "the ONNX backend tests\n");
  llvm::CrashRecoveryContext::Enable();
  mlir::DialectRegistry registry;
  registry.insert<train::TrainDialect, exec::ExecDialect, mlir::arith::ArithDialect,
                  mlir::func::FuncDialect, mlir::linalg::LinalgDialect, mlir::LLVM::LLVMDialect,
                  mlir::math::MathDialect, mlir::scf::SCFDialect, mlir::tensor::TensorDialect,
                  mlir::vector::VectorDialect>();
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  Session session(context, flags);
  llvm::Regex filter(flags.filter.empty() ? "." : flags.filter.getValue());
  for (const std::string &root : flags.roots) {
    for (const std::string &folder : findFolders(root)) {
      if (filter.match(llvm::StringRef(folder).rsplit('/').second)) {
        session.add(folder);
      }
    }
  }
  session.flush();
  return session.report();
}
