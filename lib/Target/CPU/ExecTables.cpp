//===- ExecTables.cpp - The tables that the runtime walks -----------------===//

#include "abi/Abi.h"
#include "dialects/Exec/ExecDialect.h"
#include "dsc/Target/CPU/ExecEmission.h"
#include "dsc/Target/CPU/Kernels.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace dsc;

/// Bytes of a constant start on a multiple of this.
static constexpr int64_t kConstantAlignment = 64;

//===----------------------------------------------------------------------===//
// Where values are
//===----------------------------------------------------------------------===//

namespace {
struct Place {
  int32_t space;
  int64_t offset;
};

/// The bytes of all exec.constants, each once.
class ConstantPool {
public:
  int64_t add(ElementsAttr value);
  ArrayRef<char> getBytes() const { return bytes; }

private:
  void append(ElementsAttr value);
  std::vector<char> bytes;
  llvm::DenseMap<Attribute, int64_t> known;
};
} // namespace

int64_t ConstantPool::add(ElementsAttr value) {
  auto [it, isNew] = known.try_emplace(value, 0);
  if (isNew) {
    bytes.resize((bytes.size() + kConstantAlignment - 1) / kConstantAlignment * kConstantAlignment);
    it->second = static_cast<int64_t>(bytes.size());
    append(value);
  }
  return it->second;
}

/// Elements as they lie in memory: little endian, i1 a byte.
void ConstantPool::append(ElementsAttr value) {
  Type element = value.getElementType();
  unsigned width = std::max(1U, element.getIntOrFloatBitWidth() / 8);
  auto appendBits = [&](const APInt &bits) {
    uint64_t word = bits.getZExtValue();
    const char *raw = reinterpret_cast<const char *>(&word);
    bytes.insert(bytes.end(), raw, raw + width);
  };
  if (isa<FloatType>(element)) {
    for (const APFloat &number : value.getValues<APFloat>()) {
      appendBits(number.bitcastToAPInt());
    }
    return;
  }
  for (const APInt &number : value.getValues<APInt>()) {
    appendBits(number);
  }
}

static Place placeOf(Value value, ConstantPool &constants, SymbolTable &symbols);

static Place placeOfArgument(BlockArgument argument) {
  Operation *parent = argument.getOwner()->getParentOp();
  int64_t index = argument.getArgNumber();
  auto repeat = dyn_cast<exec::RepeatOp>(parent);
  if (!repeat) {
    return {static_cast<int32_t>(DSC_SPACE_INPUTS + index), 0};
  }
  int64_t nBatch = static_cast<int64_t>(repeat.getBatch().size());
  if (index < nBatch) {
    return {static_cast<int32_t>(DSC_SPACE_INPUTS + repeat.getBatch()[static_cast<size_t>(index)]),
            0};
  }
  return {DSC_SPACE_ARENA, (*repeat.getOffsets())[static_cast<size_t>(index - nBatch)]};
}

static Place placeOf(Value value, ConstantPool &constants, SymbolTable &symbols) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    return placeOfArgument(argument);
  }
  Operation *op = value.getDefiningOp();
  size_t index = cast<OpResult>(value).getResultNumber();
  if (auto view = dyn_cast<exec::ViewOp>(op)) {
    return placeOf(view.getX(), constants, symbols);
  }
  if (auto constant = dyn_cast<exec::ConstantOp>(op)) {
    return {DSC_SPACE_CONSTANTS, constants.add(constant.getValue())};
  }
  if (auto read = dyn_cast<exec::ReadOp>(op)) {
    auto variable = symbols.lookup<exec::VariableOp>(read.getVariable());
    return {DSC_SPACE_ARENA, static_cast<int64_t>(*variable.getOffset())};
  }
  if (auto scalar = dyn_cast<exec::ScalarOp>(op)) {
    return {DSC_SPACE_ARENA, static_cast<int64_t>(*scalar.getOffset())};
  }
  if (auto repeat = dyn_cast<exec::RepeatOp>(op)) {
    return {DSC_SPACE_ARENA, (*repeat.getOffsets())[index]};
  }
  if (auto launch = dyn_cast<exec::LaunchOp>(op)) {
    return {DSC_SPACE_ARENA, (*launch.getOffsets())[index]};
  }
  return {DSC_SPACE_ARENA, (*cast<exec::CallOp>(op).getOffsets())[index]};
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

/// The names of the nodes a location stands for, at most four.
static std::string originOf(Location loc) {
  llvm::SetVector<StringAttr> names;
  loc->walk([&](Location inner) {
    if (auto name = dyn_cast<NameLoc>(inner)) {
      names.insert(name.getName());
    }
    return WalkResult::advance();
  });
  std::string text;
  for (auto [index, name] : llvm::enumerate(names)) {
    if (index == 4) {
      return text + ", ...";
    }
    text += (index ? ", " : "") + name.str();
  }
  return text;
}

namespace {
class TableEmitter {
public:
  TableEmitter(ModuleOp exec, const cpu::CpuTarget &target, llvm::Module &module)
      : exec(exec), target(target), symbols(exec), module(module), context(module.getContext()) {}

  LogicalResult emit(StringRef description);

private:
  struct Entry {
    std::string name;
    Location loc;
    llvm::Constant *kernel, *routine;
    cpu::KernelInfo info;
    SmallVector<Place> places;
    ArrayRef<int64_t> ints;
    ArrayRef<double> floats;
    int64_t flops;
    int64_t bytes;
  };

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

  LogicalResult collect(Block &block, std::vector<Entry> &entries);
  FailureOr<Entry> launchEntry(exec::LaunchOp launch);
  Entry callEntry(exec::CallOp call);
  SmallVector<Place> placesOf(Operation *op);
  llvm::Constant *buildEntry(const Entry &entry);
  FailureOr<llvm::Constant *> buildProgram(exec::ProgramOp program);

  ModuleOp exec;
  const cpu::CpuTarget &target;
  SymbolTable symbols;
  llvm::Module &module;
  llvm::LLVMContext &context;
  ConstantPool constants;
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

/// Operands, then results; an operand that a result is written into counts as
/// the result only.
SmallVector<Place> TableEmitter::placesOf(Operation *op) {
  SmallVector<Place> places;
  auto inPlace = op->getAttrOfType<IntegerAttr>("exec.in_place");
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    if (!inPlace || inPlace.getInt() != static_cast<int64_t>(index)) {
      places.push_back(placeOf(operand, constants, symbols));
    }
  }
  for (Value result : op->getResults()) {
    places.push_back(placeOf(result, constants, symbols));
  }
  return places;
}

static int64_t elementWidth(Type type) {
  return std::max<int64_t>(1, getElementTypeOrSelf(type).getIntOrFloatBitWidth() / 8);
}

static int64_t trafficOf(Operation *op) {
  int64_t bytes = 0;
  auto add = [&](Type type) {
    bytes += cast<RankedTensorType>(type).getNumElements() * elementWidth(type);
  };
  llvm::for_each(op->getOperandTypes(), add);
  llvm::for_each(op->getResultTypes(), add);
  return bytes;
}

FailureOr<TableEmitter::Entry> TableEmitter::launchEntry(exec::LaunchOp launch) {
  auto known = infos.find(launch.getKernel());
  if (known == infos.end()) {
    auto kernel = symbols.lookup<exec::KernelOp>(launch.getKernel());
    FailureOr<cpu::KernelInfo> info = cpu::getKernelInfo(kernel.getBody(), target);
    if (failed(info)) {
      return failure();
    }
    known = infos.try_emplace(launch.getKernel(), *info).first;
  }
  return Entry{launch.getKernel().str(),
               launch.getLoc(),
               external(launch.getKernel()),
               null(),
               known->second,
               placesOf(launch),
               {},
               {},
               static_cast<int64_t>(launch.getFlops()),
               trafficOf(launch)};
}

TableEmitter::Entry TableEmitter::callEntry(exec::CallOp call) {
  SmallVector<Place> places = placesOf(call);
  // Shifts are of operands; a slice starts later than its tensor.
  for (auto [index, shift] : llvm::enumerate(call.getShifts())) {
    if (shift != 0) {
      places[index].offset +=
          shift * elementWidth(call.getOperand(static_cast<unsigned>(index)).getType());
    }
  }
  return Entry{call.getRoutine().str(),
               call.getLoc(),
               null(),
               external(("dscCpu" + call.getRoutine()).str()),
               {},
               places,
               call.getInts(),
               call.getFloats(),
               static_cast<int64_t>(call.getFlops()),
               trafficOf(call)};
}

LogicalResult TableEmitter::collect(Block &block, std::vector<Entry> &entries) {
  for (Operation &op : block) {
    if (auto launch = dyn_cast<exec::LaunchOp>(op)) {
      FailureOr<Entry> entry = launchEntry(launch);
      if (failed(entry)) {
        return failure();
      }
      entries.push_back(*entry);
    } else if (auto call = dyn_cast<exec::CallOp>(op)) {
      entries.push_back(callEntry(call));
    }
  }
  return success();
}

llvm::Constant *TableEmitter::buildEntry(const Entry &entry) {
  SmallVector<llvm::Constant *> buffers, ints, floats;
  for (Place place : entry.places) {
    buffers.push_back(structOf({num32(place.space), num32(0), num64(place.offset)}));
  }
  for (int64_t value : entry.ints) {
    ints.push_back(num64(value));
  }
  for (double value : entry.floats) {
    floats.push_back(llvm::ConstantFP::get(llvm::Type::getDoubleTy(context), value));
  }
  llvm::Constant *state = global(null(), /*isConstant=*/false);
  return structOf({text(entry.name), text(originOf(entry.loc)), entry.kernel, entry.routine,
                   num64(entry.info.extent), num64(entry.info.grain),
                   num32(static_cast<int64_t>(buffers.size())),
                   num32(static_cast<int64_t>(ints.size())),
                   num32(static_cast<int64_t>(floats.size())), num32(0), arrayOf(buffers),
                   arrayOf(ints), arrayOf(floats), num64(entry.flops), num64(entry.bytes), state});
}

FailureOr<llvm::Constant *> TableEmitter::buildProgram(exec::ProgramOp program) {
  std::vector<Entry> entries;
  size_t bodyBegin = 0, bodyEnd = 0;
  int64_t microbatches = 1;
  bool repeats = false;
  for (Operation &op : *program.getBlock()) {
    if (auto repeat = dyn_cast<exec::RepeatOp>(op)) {
      repeats = true;
      bodyBegin = entries.size();
      microbatches = static_cast<int64_t>(repeat.getCount());
      if (failed(collect(*repeat.getBlock(), entries))) {
        return failure();
      }
      bodyEnd = entries.size();
    } else if (auto launch = dyn_cast<exec::LaunchOp>(op)) {
      FailureOr<Entry> entry = launchEntry(launch);
      if (failed(entry)) {
        return failure();
      }
      entries.push_back(*entry);
    } else if (auto call = dyn_cast<exec::CallOp>(op)) {
      entries.push_back(callEntry(call));
    }
  }
  if (!repeats) {
    bodyEnd = entries.size(); // one micro-batch is the whole program
  }
  SmallVector<llvm::Constant *> calls;
  for (const Entry &entry : entries) {
    calls.push_back(buildEntry(entry));
  }
  return structOf({text(program.getName()), arrayOf(calls),
                   num64(static_cast<int64_t>(calls.size())),
                   num64(static_cast<int64_t>(bodyBegin)), num64(static_cast<int64_t>(bodyEnd)),
                   num64(microbatches)});
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
  if (!constants.getBytes().empty()) {
    auto *pool = cast<llvm::GlobalVariable>(global(llvm::ConstantDataArray::getRaw(
        StringRef(constants.getBytes().data(), constants.getBytes().size()),
        constants.getBytes().size(), llvm::Type::getInt8Ty(context))));
    pool->setAlignment(llvm::Align(kConstantAlignment));
    bytes = pool;
  }
  llvm::Constant *table = structOf(
      {num32(DSC_ABI_VERSION), num32(static_cast<int64_t>(programs.size())), arrayOf(programs),
       text(description), num64(static_cast<int64_t>(description.size())), bytes});
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
