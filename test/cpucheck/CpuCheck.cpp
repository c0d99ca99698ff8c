//===- CpuCheck.cpp - A target against the interpreter --------------------===//
//
//   dsc-cpu-check --ops 4          four random instances of every op of the train
//                                  dialect, each as a program of its own
//   dsc-cpu-check --programs 40    random programs of 5 to 40 ops
//   dsc-cpu-check --models 20      random models: gradients, two steps of
//                                  training, evaluation
//   dsc-cpu-check FILE.mlir        every function of the file (argument values as
//                                  for gradcheck): what failures are reduced to
//   dsc-cpu-check --placement FILE.mlir   placed exec IR: no value is overwritten
//                                  before its last use
//
// Programs are compiled many at a time, with kernels fused or not, in place or
// not, launches in batches or not in turn. --seed N draws others. dsc-cuda-check is
// the same with the emulated GPU as its target.
//
//===----------------------------------------------------------------------===//

#include "CompiledModule.h"
#include "Library.h"
#include "ModelCheck.h"
#include "OpDraws.h"
#include "PlacementVerifier.h"
#include "dialects/Exec/ExecDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "test/gradcheck/Inputs.h"
#include "llvm/Support/CommandLine.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::cpucheck;
namespace cl = llvm::cl;

namespace {
struct Flags {
  cl::opt<std::string> input{cl::Positional, cl::desc("FILE.mlir")};
  cl::opt<uint64_t> seed{"seed", cl::init(1), cl::desc("of all draws")};
  cl::opt<int> ops{"ops", cl::init(0), cl::desc("instances of every op")};
  cl::opt<std::string> only{"only", cl::desc("of --ops: this op (train.add)")};
  cl::opt<int> programs{"programs", cl::init(0), cl::desc("random programs")};
  cl::opt<int> models{"models", cl::init(0), cl::desc("random models")};
  cl::opt<int> first{"first", cl::init(0), cl::desc("number of the first model")};
  cl::opt<std::string> cpu{"cpu", cl::init("native"), cl::desc("processor")};
  cl::opt<bool> print{"print", cl::desc("print every program")};
  cl::opt<double> toleranceScale{"tolerance-scale", cl::init(1.0),
                                 cl::desc("of --ops, --programs and FILE")};
  cl::opt<std::string> placement{"placement", cl::desc("verify the placement of this exec IR")};
};

/// Programs that are compiled together.
struct Batch {
  explicit Batch(MLIRContext &context) : module(ModuleOp::create(UnknownLoc::get(&context))) {}

  OwningOpRef<ModuleOp> module;
  std::vector<std::unique_ptr<ProgramBuilder>> programs;
};
} // namespace

/// All sixteen ways in turn; every third with all choices of the lowering off, every third with one
/// of them off.
static CompiledModule::Options optionsOf(size_t number, const Flags &flags) {
  unsigned one = 2 + number / 3 % CompiledModule::Options::numLoweringChoices;
  return {.loweringWithout = number % 3 == 2 ? one : static_cast<unsigned>(number % 3),
          .fuse = number % 2 == 0,
          .hoist = number / 4 % 2 == 0,
          .inPlace = number / 2 % 2 == 0,
          .batch = number / 8 % 2 == 1,
          .cpu = flags.cpu};
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

static bool checkProgram(CompiledModule &compiled, ProgramBuilder &program, const Flags &flags) {
  auto actual = compiled.run(program.getName(), program.getArguments());
  bool ok = succeeded(actual);
  for (size_t i = 0; ok && i < actual->size(); ++i) {
    std::string what = (program.getName() + " result " + Twine(i)).str();
    ok = agree(what, (*actual)[i], program.expected(program.getResults()[i]),
               {.scale = flags.toleranceScale});
  }
  if (!ok) {
    llvm::errs() << program.getFunction() << '\n';
  }
  return ok;
}

/// Which programs of a batch cannot be compiled.
static void findRefused(Batch &batch, const CompiledModule::Options &options) {
  for (auto &program : batch.programs) {
    OwningOpRef<ModuleOp> alone = ModuleOp::create(batch.module->getLoc());
    alone->push_back(program->getFunction()->clone());
    if (!CompiledModule::compile(*alone, options)) {
      llvm::errs() << "error: cannot compile\n" << program->getFunction() << '\n';
    }
  }
}

static bool checkBatch(Batch &batch, const CompiledModule::Options &options, const Flags &flags) {
  for (auto &program : batch.programs) {
    program->finish();
  }
  if (flags.print) {
    llvm::outs() << *batch.module << '\n';
  }
  auto compiled = CompiledModule::compile(*batch.module, options);
  if (!compiled) {
    findRefused(batch, options);
    return false;
  }
  bool ok = true;
  for (auto &program : batch.programs) {
    ok &= checkProgram(*compiled, *program, flags);
  }
  return ok;
}

//===----------------------------------------------------------------------===//
// One op at a time
//===----------------------------------------------------------------------===//

/// The shape of steps, which the models cover.
static bool isStructural(StringRef op) {
  return llvm::is_contained({"train.step", "train.return", "train.microbatch", "train.yield",
                             "train.variable", "train.read", "train.write", "train.scalar",
                             "train.body_yield"},
                            op);
}

static bool checkCoverage(MLIRContext &context, const DrawTable &table) {
  bool ok = true;
  for (RegisteredOperationName op : context.getRegisteredOperationsByDialect("train")) {
    StringRef name = op.getStringRef();
    if (!table.count(name.str()) && !isStructural(name)) {
      llvm::errs() << "error: no draw of " << name << "; add one to test/cpucheck\n";
      ok = false;
    }
  }
  return ok;
}

static bool contains(ProgramBuilder &program, StringRef op) {
  return program.getFunction()
      .walk([&](Operation *inner) {
        return inner->getName().getStringRef() == op ? WalkResult::interrupt()
                                                     : WalkResult::advance();
      })
      .wasInterrupted();
}

/// A program around one op: with operands as they are in every other one.
static void addOp(Batch &batch, StringRef op, const DrawOp &draw, uint64_t seed) {
  std::string name = (op.drop_front(StringRef("train.").size()) + "_" + Twine(seed)).str();
  auto program =
      std::make_unique<ProgramBuilder>(*batch.module, name, seed, /*derives=*/seed % 2 == 0);
  if (program->draw.chance(10)) {
    program->floatType = program->builder.getF64Type();
  }
  for (int attempt = 0; attempt < 200 && !contains(*program, op); ++attempt) {
    draw(*program);
  }
  if (!contains(*program, op)) {
    llvm::report_fatal_error(op + ": every draw was taken back");
  }
  batch.programs.push_back(std::move(program));
}

static bool checkOps(MLIRContext &context, const Flags &flags) {
  constexpr size_t kProgramsPerBatch = 100;
  DrawTable table = makeDrawTable();
  bool ok = checkCoverage(context, table);
  size_t numBatches = 0, numPrograms = 0;
  auto batch = std::make_unique<Batch>(context);
  auto flush = [&] {
    ok &= checkBatch(*batch, optionsOf(numBatches++, flags), flags);
    numPrograms += batch->programs.size();
    batch = std::make_unique<Batch>(context);
  };
  for (int i = 0; i < flags.ops; ++i) {
    for (auto &[op, draw] : table) {
      if (flags.only.empty() || flags.only == op) {
        addOp(*batch, op, draw, flags.seed * 1000 + static_cast<uint64_t>(i));
      }
      if (batch->programs.size() == kProgramsPerBatch) {
        flush();
      }
    }
  }
  flush();
  llvm::outs() << "ops: " << table.size() << " ops in " << numPrograms << " programs"
               << (ok ? " agree\n" : ", FAILED\n");
  return ok;
}

//===----------------------------------------------------------------------===//
// Random programs and models
//===----------------------------------------------------------------------===//

static unsigned addProgram(Batch &batch, const DrawTable &table, uint64_t seed) {
  SmallVector<const DrawOp *> draws;
  for (const auto &[op, draw] : table) {
    draws.push_back(&draw);
  }
  auto program = std::make_unique<ProgramBuilder>(*batch.module, "program_" + std::to_string(seed),
                                                  seed, /*derives=*/true);
  auto numOps = static_cast<unsigned>(program->draw.between(5, 40));
  while (program->getNumOps() < numOps) {
    (*program->draw.pickFrom(draws))(*program);
  }
  batch.programs.push_back(std::move(program));
  return batch.programs.back()->getNumOps();
}

static bool checkPrograms(MLIRContext &context, const Flags &flags) {
  constexpr int kProgramsPerBatch = 10;
  DrawTable table = makeDrawTable();
  bool ok = true;
  unsigned numOps = 0;
  for (int first = 0; first < flags.programs; first += kProgramsPerBatch) {
    Batch batch(context);
    for (int i = first; i < std::min(first + kProgramsPerBatch, flags.programs.getValue()); ++i) {
      numOps += addProgram(batch, table, flags.seed * 100000 + static_cast<uint64_t>(i));
    }
    ok &=
        checkBatch(batch, optionsOf(static_cast<size_t>(first / kProgramsPerBatch), flags), flags);
  }
  llvm::outs() << "programs: " << flags.programs << " of " << numOps << " ops"
               << (ok ? " agree\n" : ", FAILED\n");
  return ok;
}

static bool checkModels(MLIRContext &context, const Flags &flags) {
  bool ok = true;
  int64_t numBatched = 0;
  for (int i = flags.first; i < flags.first + flags.models; ++i) {
    uint64_t seed = flags.seed * 100000 + static_cast<uint64_t>(i);
    CompiledModule::Options options = optionsOf(static_cast<size_t>(i), flags);
    if (!checkModel(drawModel(context, seed), options, numBatched)) {
      llvm::errs() << "error: model " << i << " of seed " << flags.seed << " failed\n";
      ok = false;
    }
  }
  llvm::outs() << "models: " << flags.models << (ok ? " agree, " : ", FAILED, ") << numBatched
               << " launches in batches\n";
  return ok;
}

//===----------------------------------------------------------------------===//
// A file
//===----------------------------------------------------------------------===//

static bool checkFunction(CompiledModule &compiled, ModuleOp module, func::FuncOp function,
                          const Flags &flags) {
  SmallVector<Tensor> arguments;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    arguments.push_back(gradcheck::makeInput(function, i, 100 + i));
    arguments.back().roundToType();
  }
  auto actual = compiled.run(function.getName(), arguments);
  auto f64 = Interpreter(module, {true}).call(function.getName(), arguments);
  auto rounded = Interpreter(module, {false}).call(function.getName(), arguments);
  bool ok = succeeded(actual) && succeeded(f64) && succeeded(rounded);
  for (size_t i = 0; ok && i < actual->size(); ++i) {
    ok = agree((function.getName() + " result " + Twine(i)).str(), (*actual)[i],
               {(*f64)[i], (*rounded)[i]}, {.scale = flags.toleranceScale});
  }
  llvm::outs() << function.getName() << (ok ? ": agrees\n" : ": FAILED\n");
  return ok;
}

/// In all four ways.
static bool checkFile(MLIRContext &context, const Flags &flags) {
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(flags.input, &context);
  bool ok = module && true;
  for (size_t way = 0; ok && way < 4; ++way) {
    auto compiled = CompiledModule::compile(*module, optionsOf(way, flags));
    ok = compiled != nullptr;
    for (auto function : module->getOps<func::FuncOp>()) {
      ok = ok && checkFunction(*compiled, *module, function, flags);
    }
  }
  return ok;
}

/// The verifier of placements by itself, for the test that it can fail.
static bool checkPlacement(MLIRContext &context, const Flags &flags) {
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(flags.placement, &context);
  bool ok = module && succeeded(verifyPlacement(*module, *createTargetModel()));
  llvm::outs() << (ok ? "the placement keeps every value\n" : "FAILED\n");
  return ok;
}

int main(int argc, char **argv) {
  Flags flags;
  cl::ParseCommandLineOptions(argc, argv, "a target against the interpreter\n");
  DialectRegistry registry;
  registry.insert<train::TrainDialect, exec::ExecDialect, arith::ArithDialect, func::FuncDialect,
                  linalg::LinalgDialect, LLVM::LLVMDialect, math::MathDialect, scf::SCFDialect,
                  tensor::TensorDialect, vector::VectorDialect>();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  context.allowUnregisteredDialects();
  bool ok = flags.input.empty() || checkFile(context, flags);
  ok &= flags.placement.empty() || checkPlacement(context, flags);
  ok &= flags.ops == 0 || checkOps(context, flags);
  ok &= flags.programs == 0 || checkPrograms(context, flags);
  ok &= flags.models == 0 || checkModels(context, flags);
  return ok ? 0 : 1;
}
