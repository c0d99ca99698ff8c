//===- Debugging.cpp - IR dumps, errors as lines, seconds per phase -------===//

#include "lib/Driver/Debugging.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace dsc;

void dsc::printError(const llvm::Twine &message) { llvm::errs() << "error: " << message << '\n'; }

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

ErrorLines::ErrorLines(MLIRContext *context)
    : handler(context, [this](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == DiagnosticSeverity::Error && !seen) {
          seen = true;
          printError(describe(diagnostic.getLocation()) + diagnostic.str());
        }
        return success();
      }) {}

//===----------------------------------------------------------------------===//
// IR dumps
//===----------------------------------------------------------------------===//

namespace {
class Dumper : public PassInstrumentation {
public:
  Dumper(std::string folder, unsigned &next) : folder(std::move(folder)), next(next) {}

  void runAfterPass(Pass *pass, Operation *op) override {
    if (!isa<ModuleOp>(op) || pass->getArgument().empty()) {
      return;
    }
    StringRef name = pass->getArgument();
    name.consume_front("dsc-");
    std::string file;
    llvm::raw_string_ostream(file)
        << folder << '/' << llvm::format("%03u-", next++) << name << ".mlir";
    std::error_code error;
    llvm::raw_fd_ostream os(file, error);
    if (!error) {
      op->print(os, OpPrintingFlags().elideLargeElementsAttrs(1 << 20));
      os << '\n';
    }
  }

private:
  std::string folder;
  unsigned &next;
};
} // namespace

void dsc::dumpAfterEachPass(PassManager &pm, const std::string &folder, unsigned &next) {
  pm.addInstrumentation(std::make_unique<Dumper>(folder, next));
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
