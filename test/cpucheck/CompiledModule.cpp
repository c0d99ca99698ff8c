//===- CompiledModule.cpp - Training programs compiled and loaded ---------===//

#include "CompiledModule.h"

#include "MemoryImage.h"
#include "PlacementVerifier.h"
#include "dialects/Exec/ExecDialect.h"
#include "dsc/Pipelines/Exec.h"
#include "dsc/Target/CPU/ExecEmission.h"
#include "dsc/Target/CPU/ObjectEmission.h"
#include "dsc/Target/CPU/Passes.h"
#include "dsc/Target/CUDA/CudaEmission.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "trainer/Error.h"
#include "trainer/Executor.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>
#include <dlfcn.h>

using namespace mlir;
using namespace dsc;
using namespace dsc::cpucheck;

static constexpr int64_t kCacheLine = 64;

//===----------------------------------------------------------------------===//
// Compilation
//===----------------------------------------------------------------------===//

namespace {
/// The CPU, which would rather launch what a GPU launches as one.
struct BatchingTarget : TargetModel {
  std::shared_ptr<const TargetModel> cpu = cpu::createCpuTargetModel();
  std::shared_ptr<const TargetModel> cuda = cuda::createCudaTargetModel();

  SmallVector<std::pair<unsigned, unsigned>> getInPlacePairs(Region &kernel) const override {
    return cpu->getInPlacePairs(kernel);
  }
  bool acceptsKernel(Region &kernel) const override { return cpu->acceptsKernel(kernel); }
  bool launchesBatches() const override { return true; }
  std::string getBatchSignature(Region &kernel) const override {
    return cuda->getBatchSignature(kernel);
  }
  void addDialects(DialectRegistry &registry) const override { cuda->addDialects(registry); }
};
} // namespace

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

LogicalResult CompiledModule::lower(ModuleOp programs, const Options &options) {
  exec = programs.clone();
  PassManager pm(exec->getContext());
  std::shared_ptr<const TargetModel> target = cpu::createCpuTargetModel();
  if (options.batch) {
    target = std::make_shared<BatchingTarget>();
  }
  buildExecPipeline(pm, target);
  if (!options.fuse && failed(setOption(pm, "dsc-fuse-kernels", "fuse=false"))) {
    return exec->emitError("the exec phase has no option to fuse");
  }
  if (!options.hoist && failed(setOption(pm, "dsc-hoist-updates", "hoist=false"))) {
    return exec->emitError("the exec phase has no option to move updates up");
  }
  if (!options.inPlace && failed(setOption(pm, "dsc-place-buffers", "in-place=false"))) {
    return exec->emitError("the exec phase has no option to work in place");
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

namespace {
/// A temporary file that goes when this does.
struct ObjectFile {
  ObjectFile() { llvm::sys::fs::createTemporaryFile("cpu-check", "o", path); }
  ~ObjectFile() { llvm::sys::fs::remove(path); }
  SmallString<128> path;
};
} // namespace

template <typename Write> static LogicalResult writeFile(StringRef path, Write write) {
  std::error_code error;
  llvm::raw_fd_ostream output(path, error);
  return error ? failure() : write(output);
}

LogicalResult CompiledModule::emit(const Options &options) {
  llvm::Expected<cpu::CpuTarget> target = cpu::CpuTarget::get(options.cpu);
  if (!target) {
    return exec->emitError() << llvm::toString(target.takeError());
  }
  OwningOpRef<ModuleOp> kernels = cpu::extractKernels(*exec);
  PassManager pm(exec->getContext());
  cpu::buildKernelPipeline(pm, options.cpu);
  ObjectFile code, tables;
  if (failed(pm.run(*kernels)) ||
      failed(writeFile(
          code.path,
          [&](llvm::raw_pwrite_stream &os) { return cpu::emitObject(*kernels, *target, os); })) ||
      failed(writeFile(tables.path, [&](llvm::raw_pwrite_stream &os) {
        return cpu::emitTables(*exec, *target, "{}", os);
      }))) {
    return failure();
  }
  return loadObjects({code.path.str().str(), tables.path.str().str()});
}

LogicalResult CompiledModule::loadObjects(ArrayRef<std::string> objects) {
  std::string path = objects[0] + ".so", message;
  SmallVector<StringRef> command = {DSC_LINKER, "-shared", "-fuse-ld=lld", "-o", path};
  llvm::append_range(command, objects);
  command.push_back("-lm");
  if (llvm::sys::ExecuteAndWait(DSC_LINKER, command, std::nullopt, {}, 120, 0, &message) != 0) {
    return exec->emitError() << "linking failed: " << message;
  }
  library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  llvm::sys::fs::remove(path);
  if (!library) {
    return exec->emitError() << dlerror();
  }
  table = static_cast<const DscModule *>(dlsym(library, "dscModule"));
  return table ? success() : exec->emitError("the tables define no dscModule");
}

std::unique_ptr<CompiledModule> CompiledModule::compile(ModuleOp programs, const Options &options) {
  std::unique_ptr<CompiledModule> compiled(new CompiledModule);
  if (failed(compiled->lower(programs, options)) || failed(compiled->emit(options))) {
    return nullptr;
  }
  size_t size = static_cast<size_t>(compiled->arenaBytes + kCacheLine);
  compiled->storage.reset(new char[size]());
  auto address = reinterpret_cast<uintptr_t>(compiled->storage.get());
  compiled->arena = compiled->storage.get() + (kCacheLine - address % kCacheLine);
  return compiled;
}

CompiledModule::~CompiledModule() {
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

void CompiledModule::setVariable(StringRef name, const Tensor &value) {
  auto variable = exec->lookupSymbol<exec::VariableOp>(name);
  store(value, arena + *variable.getOffset());
}

Tensor CompiledModule::getVariable(StringRef name) {
  auto variable = exec->lookupSymbol<exec::VariableOp>(name);
  return load(typeOf(variable), arena + *variable.getOffset());
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
      store(Tensor::scalar(type.getElementType(), value), arena + *scalar.getOffset());
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
  std::memset(arena + persistentBytes, 0xff, static_cast<size_t>(arenaBytes - persistentBytes));
}

bool CompiledModule::execute(const DscProgram &program, ArrayRef<std::vector<char>> inputs) {
  std::vector<InputRows> rows;
  for (const std::vector<char> &input : inputs) {
    rows.push_back({input.data(), static_cast<int64_t>(input.size()) / program.microbatches});
  }
  try {
    Executor(program, arena, table->constants, nullptr).run(rows, [this](int64_t microbatch) {
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
  auto result = cast<OpResult>(value);
  auto offsets = result.getOwner()->getAttrOfType<DenseI64ArrayAttr>("offsets");
  return offsets[result.getResultNumber()];
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
    results.push_back(load(cast<RankedTensorType>(value.getType()), arena + offsetOf(value)));
  }
  return results;
}
