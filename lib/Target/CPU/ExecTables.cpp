//===- ExecTables.cpp - The tables that the runtime walks -----------------===//

#include "abi/Abi.h"
#include "dsc/Analysis/Placement.h"
#include "dsc/Target/CPU/ExecEmission.h"
#include "dsc/Target/CPU/Kernels.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace dsc;

namespace {
class TableEmitter {
public:
  TableEmitter(ModuleOp exec, const cpu::CpuTarget &target, llvm::Module &module)
      : exec(exec), target(target), placement(exec), module(module), context(module.getContext()) {}

  LogicalResult emit(StringRef description);

private:
  llvm::Type *i32() { return llvm::Type::getInt32Ty(context); }
  llvm::Type *i64() { return llvm::Type::getInt64Ty(context); }
  llvm::PointerType *ptr() { return llvm::PointerType::getUnqual(context); }
  llvm::Constant *num32(int64_t v) { return llvm::ConstantInt::getSigned(i32(), v); }
  llvm::Constant *num64(int64_t v) { return llvm::ConstantInt::getSigned(i64(), v); }
  llvm::Constant *null() { return llvm::ConstantPointerNull::get(ptr()); }
  llvm::Constant *global(llvm::Constant *init, bool isConstant = true);
  llvm::Constant *text(StringRef value);
  llvm::Constant *structOf(ArrayRef<llvm::Constant *> fields);
  llvm::Constant *arrayOf(ArrayRef<llvm::Constant *> elements);
  llvm::Constant *external(StringRef name);

  FailureOr<llvm::Constant *> buildLaunch(const PlacedCall &placed, exec::LaunchOp launch);
  llvm::Constant *buildCall(const PlacedCall &placed, exec::CallOp call);
  struct Callee {
    StringRef name;
    llvm::Constant *kernel, *routine;
    cpu::KernelInfo info;
    ArrayRef<int64_t> ints;
    ArrayRef<double> floats;
    int64_t flops;
  };
  llvm::Constant *buildEntry(const PlacedCall &placed, const Callee &callee);
  FailureOr<llvm::Constant *> buildCalls(const PlacedProgram &placed);
  llvm::Constant *buildLoop(const PlacedProgram &placed, const PlacedLoop &loop);
  FailureOr<llvm::Constant *> buildProgram(exec::ProgramOp program);

  ModuleOp exec;
  const cpu::CpuTarget &target;
  Placement placement;
  llvm::Module &module;
  llvm::LLVMContext &context;
  llvm::DenseMap<StringRef, cpu::KernelInfo> infos;
};
} // namespace

llvm::Constant *TableEmitter::global(llvm::Constant *init, bool isConstant) {
  return new llvm::GlobalVariable(module, init->getType(), isConstant,
                                  llvm::GlobalValue::PrivateLinkage, init);
}

llvm::Constant *TableEmitter::text(StringRef value) {
  return global(llvm::ConstantDataArray::getString(context, value));
}

llvm::Constant *TableEmitter::structOf(ArrayRef<llvm::Constant *> fields) {
  return llvm::ConstantStruct::getAnon(context, fields);
}

/// The address of an array; null for none.
llvm::Constant *TableEmitter::arrayOf(ArrayRef<llvm::Constant *> elements) {
  if (elements.empty()) {
    return null();
  }
  auto *type = llvm::ArrayType::get(elements.front()->getType(), elements.size());
  return global(llvm::ConstantArray::get(type, elements));
}

llvm::Constant *TableEmitter::external(StringRef name) {
  if (llvm::GlobalValue *known = module.getNamedValue(name)) {
    return known;
  }
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), false);
  return llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, module);
}

FailureOr<llvm::Constant *> TableEmitter::buildLaunch(const PlacedCall &placed,
                                                      exec::LaunchOp launch) {
  auto known = infos.find(launch.getKernel());
  if (known == infos.end()) {
    FailureOr<cpu::KernelInfo> info =
        cpu::getKernelInfo(placement.kernelOf(launch).getBody(), target);
    if (failed(info)) {
      return failure();
    }
    known = infos.try_emplace(launch.getKernel(), *info).first;
  }
  return buildEntry(placed, {launch.getKernel(),
                             external(launch.getKernel()),
                             null(),
                             known->second,
                             {},
                             {},
                             static_cast<int64_t>(launch.getFlops())});
}

llvm::Constant *TableEmitter::buildCall(const PlacedCall &placed, exec::CallOp call) {
  return buildEntry(placed, {call.getRoutine(),
                             null(),
                             external(("dscCpu" + call.getRoutine()).str()),
                             {},
                             call.getInts(),
                             call.getFloats(),
                             static_cast<int64_t>(call.getFlops())});
}

llvm::Constant *TableEmitter::buildEntry(const PlacedCall &placed, const Callee &callee) {
  SmallVector<llvm::Constant *> buffers, ints, floats;
  for (const PlacedBuffer &buffer : placed.buffers) {
    buffers.push_back(structOf({num32(buffer.place.space), num32(0), num64(buffer.place.offset)}));
  }
  for (int64_t value : callee.ints) {
    ints.push_back(num64(value));
  }
  for (double value : callee.floats) {
    floats.push_back(llvm::ConstantFP::get(llvm::Type::getDoubleTy(context), value));
  }
  llvm::Constant *state = global(null(), /*isConstant=*/false);
  return structOf(
      {text(callee.name), text(originOf(placed.op->getLoc())), callee.kernel, callee.routine,
       num64(callee.info.extent), num64(callee.info.grain),
       num32(static_cast<int64_t>(buffers.size())), num32(static_cast<int64_t>(ints.size())),
       num32(static_cast<int64_t>(floats.size())), num32(0), arrayOf(buffers), arrayOf(ints),
       arrayOf(floats), num64(callee.flops), num64(leastBytes(placed.op)), state});
}

FailureOr<llvm::Constant *> TableEmitter::buildCalls(const PlacedProgram &placed) {
  SmallVector<llvm::Constant *> calls;
  for (const PlacedCall &call : placed.calls) {
    auto launch = dyn_cast<exec::LaunchOp>(call.op);
    FailureOr<llvm::Constant *> entry =
        launch ? buildLaunch(call, launch) : buildCall(call, cast<exec::CallOp>(call.op));
    if (failed(entry)) {
      return failure();
    }
    calls.push_back(*entry);
  }
  return arrayOf(calls);
}

llvm::Constant *TableEmitter::buildLoop(const PlacedProgram &placed, const PlacedLoop &loop) {
  SmallVector<llvm::Constant *> advances;
  for (size_t call = loop.begin; call < loop.end; ++call) {
    for (auto [index, buffer] : llvm::enumerate(placed.calls[call].buffers)) {
      if (int64_t stride = buffer.place.strides[loop.depth]) {
        advances.push_back(structOf({num64(static_cast<int64_t>(call)),
                                     num32(static_cast<int64_t>(index)), num32(0), num64(stride)}));
      }
    }
  }
  return structOf({num64(static_cast<int64_t>(loop.begin)), num64(static_cast<int64_t>(loop.end)),
                   num64(loop.count), num64(static_cast<int64_t>(advances.size())),
                   arrayOf(advances)});
}

FailureOr<llvm::Constant *> TableEmitter::buildProgram(exec::ProgramOp program) {
  PlacedProgram placed = placement.place(program);
  FailureOr<llvm::Constant *> calls = buildCalls(placed);
  if (failed(calls)) {
    return failure();
  }
  auto loops = llvm::map_to_vector(placed.loops,
                                   [&](const PlacedLoop &loop) { return buildLoop(placed, loop); });
  return structOf(
      {text(program.getName()), *calls, num64(static_cast<int64_t>(placed.calls.size())),
       num64(static_cast<int64_t>(placed.bodyBegin)), num64(static_cast<int64_t>(placed.bodyEnd)),
       num64(placed.microbatches), num64(static_cast<int64_t>(loops.size())), arrayOf(loops)});
}

LogicalResult TableEmitter::emit(StringRef description) {
  SmallVector<llvm::Constant *> programs;
  for (exec::ProgramOp program : exec.getOps<exec::ProgramOp>()) {
    FailureOr<llvm::Constant *> built = buildProgram(program);
    if (failed(built)) {
      return failure();
    }
    programs.push_back(*built);
  }
  llvm::Constant *bytes = null();
  if (ArrayRef<char> data = placement.getConstants().getBytes(); !data.empty()) {
    auto *pool = cast<llvm::GlobalVariable>(global(llvm::ConstantDataArray::getRaw(
        StringRef(data.data(), data.size()), data.size(), llvm::Type::getInt8Ty(context))));
    pool->setAlignment(llvm::Align(ConstantPool::kAlignment));
    bytes = pool;
  }
  llvm::Constant *table = structOf(
      {num32(DSC_ABI_VERSION), num32(static_cast<int64_t>(programs.size())), arrayOf(programs),
       text(description), num64(static_cast<int64_t>(description.size())), bytes,
       num64(static_cast<int64_t>(placement.getConstants().getBytes().size()))});
  new llvm::GlobalVariable(module, table->getType(), true, llvm::GlobalValue::ExternalLinkage,
                           table, "dscModule");
  return success();
}

//===----------------------------------------------------------------------===//
// The object file
//===----------------------------------------------------------------------===//

LogicalResult cpu::emitTables(ModuleOp exec, const CpuTarget &target, StringRef description,
                              llvm::raw_pwrite_stream &output) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  llvm::LLVMContext context;
  llvm::Module module("tables", context);
  llvm::Triple triple(target.triple);
  std::string error;
  const llvm::Target *machine = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!machine) {
    return exec.emitError() << "no code generator for " << target.triple << ": " << error;
  }
  std::unique_ptr<llvm::TargetMachine> tm(machine->createTargetMachine(
      triple, target.cpu, target.features, llvm::TargetOptions(), llvm::Reloc::PIC_));
  module.setTargetTriple(triple);
  module.setDataLayout(tm->createDataLayout());
  if (failed(TableEmitter(exec, target, module).emit(description))) {
    return failure();
  }
  llvm::legacy::PassManager passes;
  if (tm->addPassesToEmitFile(passes, output, nullptr, llvm::CodeGenFileType::ObjectFile)) {
    return exec.emitError("the code generator cannot write object files");
  }
  passes.run(module);
  return success();
}
