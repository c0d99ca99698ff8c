//===- CompiledModule.cpp - Training programs compiled and loaded ---------===//

#include "CompiledModule.h"

#include "Library.h"
#include "MemoryImage.h"
#include "PlacementVerifier.h"
#include "device/Device.h"
#include "dialects/Exec/ExecDialect.h"
#include "dsc/Pipelines/Exec.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "trainer/Error.h"
#include "trainer/Executor.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <dlfcn.h>

using namespace mlir;
using namespace dsc;
using namespace dsc::cpucheck;

//===----------------------------------------------------------------------===//
// Compilation
//===----------------------------------------------------------------------===//

/// Turns the order of the launches of each batch round.
static void reverseBatches(ModuleOp exec) {
  SmallVector<exec::LaunchOp> launches;
  exec.walk([&](exec::LaunchOp launch) { launches.push_back(launch); });
  exec::LaunchOp first;
  for (exec::LaunchOp launch : launches) {
    if (first && first.sharesBatchWith(launch)) {
      launch->moveBefore(first);
    }
    first = launch;
  }
}

static LogicalResult setOption(PassManager &pm, StringRef pass, StringRef option) {
  for (Pass &candidate : pm.getPasses()) {
    if (candidate.getArgument() == pass) {
      return candidate.initializeOptions(option, [](const Twine &) { return failure(); });
    }
  }
  return failure();
}

namespace {
/// A choice that is off.
struct Off {
  StringRef pass, option;
};
} // namespace

/// The choices of the lowering that are off; see CompiledModule::Options.
static SmallVector<Off> loweringWithout(unsigned without) {
  const Off all[] = {
      {"dsc-block-channels", "block=1"},          {"dsc-lower-to-exec", "epilogues=false"},
      {"dsc-lower-to-exec", "join-parts=false"},  {"dsc-lower-to-exec", "accumulate=false"},
      {"dsc-lower-to-exec", "own-kernels=false"}, {"dsc-lower-to-exec", "hoist-invariants=false"}};
  static_assert(std::size(all) == CompiledModule::Options::numLoweringChoices);
  SmallVector<Off> off;
  for (auto [number, choice] : llvm::enumerate(all)) {
    if (without == 1 || without == number + 2) {
      off.push_back(choice);
    }
  }
  return off;
}

static SmallVector<Off> choicesOff(const CompiledModule::Options &options) {
  SmallVector<Off> off = loweringWithout(options.loweringWithout);
  const std::pair<bool, Off> later[] = {
      {options.fuse, {"dsc-fuse-kernels", "fuse=false"}},
      {options.hoist, {"dsc-hoist-updates", "hoist=false"}},
      {options.inPlace, {"dsc-place-buffers", "in-place=false"}},
      {options.batch, {"dsc-batch-launches", "batch=false"}},
  };
  for (const auto &[isOn, choice] : later) {
    if (!isOn) {
      off.push_back(choice);
    }
  }
  return off;
}

static LogicalResult setOptions(PassManager &pm, const CompiledModule::Options &options,
                                const TargetModel &target) {
  for (const Off &choice : choicesOff(options)) {
    if (choice.pass == "dsc-block-channels" && target.getChannelBlock() == 1) {
      continue; // no such pass in its pipeline
    }
    if (failed(setOption(pm, choice.pass, choice.option))) {
      llvm::errs() << "error: the exec phase has no " << choice.pass << " with " << choice.option
                   << '\n';
      return failure();
    }
  }
  return success();
}

LogicalResult CompiledModule::lower(ModuleOp programs, const Options &options) {
  exec = programs.clone();
  PassManager pm(exec->getContext());
  auto target = createTargetModel();
  buildExecPipeline(pm, target);
  if (failed(setOptions(pm, options, *target))) {
    return failure();
  }
  if (failed(pm.run(*exec))) {
    return failure();
  }
  reverseBatches(*exec);
  if (failed(verifyPlacement(*exec, *target))) {
    return failure();
  }
  auto persistent = (*exec)->getAttrOfType<IntegerAttr>(exec::kPersistentBytesAttr);
  persistentBytes = persistent.getInt();
  arenaBytes = persistentBytes;
  for (auto program : exec->getOps<exec::ProgramOp>()) {
    arenaBytes =
        std::max(arenaBytes, program->getAttrOfType<IntegerAttr>(exec::kArenaBytesAttr).getInt());
  }
  return success();
}

LogicalResult CompiledModule::loadLibrary(const Options &options) {
  SmallString<128> path;
  llvm::sys::fs::createTemporaryFile("check", "so", path);
  LogicalResult written = writeLibrary(*exec, options.cpu, path.str().str());
  library = succeeded(written) ? dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
  llvm::sys::fs::remove(path);
  if (!library) {
    return succeeded(written) ? exec->emitError() << dlerror() : failure();
  }
  table = static_cast<const DscModule *>(dlsym(library, "dscModule"));
  return table ? success() : exec->emitError("the library defines no dscModule");
}

/// Ends the check where the device fails.
static void check(bool good) {
  if (!good) {
    llvm::report_fatal_error(Twine(takeRoutineError()));
  }
}

void CompiledModule::allocate() {
  arena = device().allocate(arenaBytes);
  constants = device().allocate(table->constantsBytes);
  check(arena && constants);
  write(constants, table->constants, static_cast<size_t>(table->constantsBytes));
}

std::unique_ptr<CompiledModule> CompiledModule::compile(ModuleOp programs, const Options &options) {
  std::unique_ptr<CompiledModule> compiled(new CompiledModule);
  if (failed(compiled->lower(programs, options)) || failed(compiled->loadLibrary(options))) {
    return nullptr;
  }
  compiled->allocate();
  return compiled;
}

CompiledModule::~CompiledModule() {
  if (arena) {
    device().release(arena, arenaBytes);
    device().release(constants, table->constantsBytes);
  }
  if (library) {
    dlclose(library);
  }
}

//===----------------------------------------------------------------------===//
// State
//===----------------------------------------------------------------------===//

static RankedTensorType typeOf(exec::VariableOp variable) {
  return cast<RankedTensorType>(variable.getType());
}

void CompiledModule::write(char *to, const void *from, size_t bytes) {
  check(device().write(to, from, bytes) && device().finish());
}

void CompiledModule::writeTensor(int64_t offset, const Tensor &value) {
  std::vector<char> image(static_cast<size_t>(tensorBytes(value.type)));
  store(value, image.data());
  write(arena + offset, image.data(), image.size());
}

Tensor CompiledModule::readTensor(int64_t offset, RankedTensorType type) {
  std::vector<char> image(static_cast<size_t>(tensorBytes(type)));
  check(device().read(image.data(), arena + offset, image.size()));
  return load(type, image.data());
}

void CompiledModule::setVariable(StringRef name, const Tensor &value) {
  auto variable = exec->lookupSymbol<exec::VariableOp>(name);
  writeTensor(*variable.getOffset(), value);
}

Tensor CompiledModule::getVariable(StringRef name) {
  auto variable = exec->lookupSymbol<exec::VariableOp>(name);
  return readTensor(*variable.getOffset(), typeOf(variable));
}

int64_t CompiledModule::countBatched() {
  int64_t count = 0;
  exec->walk([&](exec::LaunchOp launch) { count += launch.getBatch().has_value(); });
  return count;
}

void CompiledModule::setScalar(StringRef name, double value) {
  exec->walk([&](exec::ScalarOp scalar) {
    if (scalar.getName() == name) {
      auto type = cast<RankedTensorType>(scalar.getValue().getType());
      writeTensor(*scalar.getOffset(), Tensor::scalar(type.getElementType(), value));
    }
  });
}

//===----------------------------------------------------------------------===//
// Execution
//===----------------------------------------------------------------------===//

const DscProgram *CompiledModule::findProgram(StringRef name) const {
  for (int32_t i = 0; i < table->numPrograms; ++i) {
    if (name == table->programs[i].name) {
      return &table->programs[i];
    }
  }
  return nullptr;
}

/// All ones: a quiet NaN in every float type, and no index of anything.
void CompiledModule::poison() {
  std::vector<char> ones(static_cast<size_t>(arenaBytes - persistentBytes), char(0xff));
  write(arena + persistentBytes, ones.data(), ones.size());
}

bool CompiledModule::execute(const DscProgram &program, ArrayRef<std::vector<char>> inputs) {
  std::vector<InputRows> rows;
  for (auto [index, input] : llvm::enumerate(inputs)) {
    const void *data = device().stageInput(index, input.data(), input.size());
    check(data || input.empty());
    rows.push_back({data, static_cast<int64_t>(input.size()) / program.microbatches});
  }
  try {
    Executor(program, arena, constants, nullptr).run(rows, [this](int64_t microbatch) {
      setScalar("microbatch", static_cast<double>(microbatch));
    });
  } catch (const TrainerError &error) {
    llvm::errs() << "error: " << error.what() << '\n';
    return false;
  }
  return true;
}

/// Where a value of a placed program lies.
static int64_t offsetOf(Value value) {
  while (auto view = value.getDefiningOp<exec::ViewOp>()) {
    value = view.getX();
  }
  return exec::getOffset(cast<OpResult>(value));
}

FailureOr<SmallVector<Tensor>> CompiledModule::run(StringRef name, ArrayRef<Tensor> arguments) {
  const DscProgram *program = findProgram(name);
  if (!program) {
    llvm::errs() << "error: no program is called " << name << '\n';
    return failure();
  }
  std::vector<std::vector<char>> inputs;
  for (const Tensor &argument : arguments) {
    inputs.emplace_back(static_cast<size_t>(tensorBytes(argument.type)));
    store(argument, inputs.back().data());
  }
  poison();
  std::vector<std::vector<char>> before = inputs;
  if (!execute(*program, inputs)) {
    return failure();
  }
  if (inputs != before) {
    llvm::errs() << "error: the program " << name << " writes its inputs\n";
    return failure();
  }
  SmallVector<Tensor> results;
  auto op = exec->lookupSymbol<exec::ProgramOp>(name);
  for (Value value : op.getBlock()->getTerminator()->getOperands()) {
    results.push_back(readTensor(offsetOf(value), cast<RankedTensorType>(value.getType())));
  }
  return results;
}
