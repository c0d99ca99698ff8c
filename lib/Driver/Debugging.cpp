//===- Debugging.cpp - IR dumps, errors as lines, seconds per phase -------===//

#include "lib/Driver/Debugging.h"

#include "lib/Driver/Scratch.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace dsc;

/// Names from a corrupt file may hold anything; the message stays one line of UTF-8.
static std::string oneLine(const std::string &text) {
  std::string line;
  for (char c : llvm::json::fixUTF8(text)) {
    if (c == '\n') {
      line += "\\n";
    } else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
      line += '?';
    } else {
      line += c;
    }
  }
  return line;
}

void dsc::printError(const llvm::Twine &message) {
  llvm::errs() << "error: " << oneLine(message.str()) << '\n';
}

void dsc::printWarning(const llvm::Twine &message) {
  llvm::errs() << "warning: " << oneLine(message.str()) << '\n';
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

/// The first node or file position that a location knows.
static std::string describe(Location loc) {
  std::string text;
  loc->walk([&](Location inner) {
    llvm::raw_string_ostream os(text);
    if (auto name = dyn_cast<NameLoc>(inner)) {
      os << name.getName().getValue() << ": ";
    } else if (auto place = dyn_cast<FileLineColLoc>(inner)) {
      os << place.getFilename().getValue() << ':' << place.getLine() << ':' << place.getColumn()
         << ": ";
    }
    return text.empty() ? WalkResult::advance() : WalkResult::interrupt();
  });
  return text;
}

/// What MLIR says when it wrote a reproducer; the driver says that itself.
static bool isReproducerNotice(const Diagnostic &diagnostic) {
  std::string text = diagnostic.str();
  return StringRef(text).starts_with("Failures have been detected while processing") ||
         StringRef(text).starts_with("A signal was caught while processing");
}

ErrorLines::ErrorLines(MLIRContext *context)
    : handler(context, [this](Diagnostic &diagnostic) {
        std::string text = describe(diagnostic.getLocation()) + diagnostic.str();
        if (diagnostic.getSeverity() == DiagnosticSeverity::Warning) {
          printWarning(text);
        } else if (diagnostic.getSeverity() == DiagnosticSeverity::Error && !seen &&
                   !isReproducerNotice(diagnostic)) {
          seen = true;
          printError(text);
        }
        return success();
      }) {}

//===----------------------------------------------------------------------===//
// IR dumps
//===----------------------------------------------------------------------===//

namespace {
/// Functions go through a nested pipeline one by one, each through all its passes, so that
/// no module ever is "after" a pass before the last. Here that module is put together.
class NestedPasses {
public:
  void record(StringRef pass, Operation *function);
  void write(IrDumps &dumps, ModuleOp module);

private:
  struct Step {
    std::string pass;
    llvm::DenseMap<Operation *, std::string> functions;
  };
  std::vector<Step> steps;
  llvm::DenseMap<Operation *, size_t> counts; // passes a function has behind it
};

class Dumper : public PassInstrumentation {
public:
  explicit Dumper(IrDumps &dumps) : dumps(dumps) {}

  void runAfterPass(Pass *pass, Operation *op) override {
    StringRef name = pass->getArgument();
    name.consume_front("dsc-");
    auto module = dyn_cast<ModuleOp>(op);
    if (!module) {
      nested.record(name, op);
    } else if (name.empty()) { // the adaptor around a nested pipeline
      nested.write(dumps, module);
    } else {
      dumps.write(name, op);
    }
  }

private:
  IrDumps &dumps;
  NestedPasses nested;
};
} // namespace

void NestedPasses::record(StringRef pass, Operation *function) {
  size_t number = counts[function]++;
  if (number == steps.size()) {
    steps.emplace_back();
    steps.back().pass = pass.str();
  }
  llvm::raw_string_ostream os(steps[number].functions[function]);
  // Without aliases, which each function would define anew.
  function->print(os, OpPrintingFlags().useLocalScope().elideLargeElementsAttrs(1 << 20));
}

void NestedPasses::write(IrDumps &dumps, ModuleOp module) {
  for (Step &step : steps) {
    dumps.write(step.pass, [&](llvm::raw_ostream &os) {
      os << "module";
      if (!module->getAttrs().empty()) {
        os << " attributes " << module->getAttrDictionary();
      }
      os << " {\n";
      for (Operation &op : *module.getBody()) {
        auto found = step.functions.find(&op);
        if (found != step.functions.end()) {
          os << found->second;
        } else {
          op.print(os, OpPrintingFlags().useLocalScope());
        }
        os << '\n';
      }
      os << "}\n";
    });
  }
  steps.clear();
  counts.clear();
}

llvm::Error IrDumps::open(const std::string &path) {
  folder = path;
  std::error_code error = llvm::sys::fs::create_directories(folder);
  if (!error && !llvm::sys::fs::is_directory(folder)) {
    error = std::make_error_code(std::errc::not_a_directory);
  }
  return error ? llvm::createStringError("--dump-ir: cannot create folder '" + folder +
                                         "': " + error.message())
               : llvm::Error::success();
}

void IrDumps::attach(PassManager &pm) {
  if (!folder.empty()) {
    pm.addInstrumentation(std::make_unique<Dumper>(*this));
  }
}

void IrDumps::write(StringRef pass, Operation *op) {
  write(pass, [op](llvm::raw_ostream &os) {
    op->print(os, OpPrintingFlags().elideLargeElementsAttrs(1 << 20));
  });
}

void IrDumps::write(StringRef pass, llvm::function_ref<void(llvm::raw_ostream &)> print) {
  if (folder.empty() || !problem.empty()) {
    return;
  }
  std::string file;
  llvm::raw_string_ostream(file) << folder << '/' << llvm::format("%03u-", next++) << pass
                                 << ".mlir";
  auto pending = ScratchFile::pending(file);
  llvm::Error error = pending ? writeFile(*pending,
                                          [&](llvm::raw_ostream &os) {
                                            print(os);
                                            os << '\n';
                                          })
                              : pending.takeError();
  if (!error) {
    error = pending->keep();
  }
  if (error) {
    problem = "--dump-ir: " + llvm::toString(std::move(error));
  }
}

llvm::Error IrDumps::takeError() const {
  return problem.empty() ? llvm::Error::success() : llvm::createStringError(problem);
}

//===----------------------------------------------------------------------===//
// Crashes on purpose
//===----------------------------------------------------------------------===//

namespace {
class Crasher : public PassInstrumentation {
public:
  explicit Crasher(std::string pass) : pass(std::move(pass)) {}

  void runBeforePass(Pass *next, Operation *) override {
    if (next->getArgument() == pass) {
      LLVM_BUILTIN_TRAP;
    }
  }

private:
  std::string pass;
};
} // namespace

void dsc::crashBeforePass(mlir::PassManager &pm, const std::string &pass) {
  pm.addInstrumentation(std::make_unique<Crasher>(pass));
}

//===----------------------------------------------------------------------===//
// Times
//===----------------------------------------------------------------------===//

void PhaseTimes::begin(std::string name) {
  end();
  phases.emplace_back(std::move(name), -1.0);
  started = Clock::now();
}

void PhaseTimes::end() {
  if (!phases.empty() && phases.back().second < 0) {
    phases.back().second = std::chrono::duration<double>(Clock::now() - started).count();
  }
}

void PhaseTimes::print(llvm::raw_ostream &os) const {
  double total = 0;
  for (const auto &[name, seconds] : phases) {
    os << "  " << llvm::left_justify(name, 22) << llvm::format("%8.3f s", seconds) << '\n';
    total += seconds;
  }
  os << "  " << llvm::left_justify("total", 22) << llvm::format("%8.3f s", total) << '\n';
}
