//===- KernelModule.cpp - All kernels of a model as EmitC functions -------===//
#include "KernelModule.h"

#include "KernelEmitter.h"
#include "Names.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace dsc::cuda {

namespace {
/// Where a kernel is launched.
struct Use {
  const PlacedCall *call;
  const ValueNames *names;
};

class Builder {
public:
  Builder(ModuleOp exec, ArrayRef<PlacedProgram> programs);
  FailureOr<KernelModule> build();

private:
  LogicalResult buildKernel(exec::KernelOp kernel, ArrayRef<Use> uses);
  SmallVector<std::string> argumentNames(exec::KernelOp kernel, const Use &use);
  void addComment(exec::KernelOp kernel, const KernelForm &form, ArrayRef<Use> uses,
                  ArrayRef<std::string> names);
  llvm::SmallBitVector findShared(exec::KernelOp kernel, ArrayRef<Use> uses) const;
  void addLine(const Twine &text) {
    emitc::VerbatimOp::create(b, exec.getLoc(), b.getStringAttr(text));
  }

  ModuleOp exec;
  SymbolTable symbols;
  OpBuilder b;
  std::vector<ValueNames> programNames;
  llvm::MapVector<StringRef, SmallVector<Use>> uses;
  KernelNamer namer;
  NameScope kernelNames;
  KernelModule result;
};
} // namespace

Builder::Builder(ModuleOp exec, ArrayRef<PlacedProgram> programs)
    : exec(exec), symbols(exec), b(exec.getContext()) {
  programNames.reserve(programs.size());
  for (const PlacedProgram &program : programs) {
    programNames.emplace_back(program.op);
    namer.beginProgram();
    for (const PlacedCall &call : program.calls) {
      namer.visit(call);
      if (auto launch = dyn_cast<exec::LaunchOp>(call.op))
        uses[launch.getKernel()].push_back({&call, &programNames.back()});
    }
  }
}

FailureOr<KernelModule> Builder::build() {
  result.module = ModuleOp::create(b, exec.getLoc());
  b.setInsertionPointToEnd(result.module->getBody());
  for (const auto &[symbol, list] : uses)
    if (failed(buildKernel(symbols.lookup<exec::KernelOp>(symbol), list)))
      return failure();
  return std::move(result);
}

/// After the first launch's tensors; what is written over an operand is new.
SmallVector<std::string> Builder::argumentNames(exec::KernelOp kernel, const Use &use) {
  SmallVector<std::string> names;
  NameScope scope;
  llvm::StringSet<> operands;
  for (auto [index, buffer] : llvm::enumerate(use.call->buffers)) {
    std::string wanted = use.names->nameOf(buffer.value);
    if (index < use.call->numOperands())
      operands.insert(wanted);
    else if (operands.contains(wanted))
      wanted = "new_" + wanted;
    names.push_back(scope.add(wanted));
  }
  return names;
}

static std::string shapeText(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  std::string text;
  for (int64_t size : tensor.getShape())
    text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "[" + text + "]";
}

static StringRef describe(KernelForm::Kind kind) {
  switch (kind) {
  case KernelForm::Elements:
    return "a thread per element";
  case KernelForm::Warp:
    return "a warp per row, reduced by shuffles";
  case KernelForm::Block:
    return "a block per row, reduced by shuffles and shared memory";
  case KernelForm::Columns:
    return "32 columns per block, reduced through shared memory";
  case KernelForm::Serial:
    return "a thread per row";
  }
  llvm_unreachable("unknown form");
}

void Builder::addComment(exec::KernelOp kernel, const KernelForm &form, ArrayRef<Use> list,
                         ArrayRef<std::string> names) {
  addLine("");
  llvm::SetVector<StringRef> nodes;
  SmallVector<std::string> texts;
  for (const Use &use : list)
    texts.push_back(originOf(use.call->op->getLoc()));
  for (StringRef text : texts)
    nodes.insert(text);
  constexpr size_t most = 3;
  for (StringRef node : nodes.getArrayRef().take_front(most))
    if (!node.empty())
      addLine("// " + node);
  if (nodes.size() > most)
    addLine("// and " + Twine(nodes.size() - most) + " more like these");
  addLine("//");
  auto addArguments = [&](StringRef kind, ArrayRef<Type> types, size_t first) {
    std::string text;
    for (auto [index, type] : llvm::enumerate(types))
      text += (index ? ", " : "") + names[first + index] + shapeText(type);
    if (!types.empty())
      addLine("// " + kind + ": " + text);
  };
  addArguments("reads", kernel.getArgumentTypes(), 0);
  addArguments("writes", kernel.getResultTypes(), kernel.getNumArguments());
  std::string size = std::to_string(form.rows);
  size += form.columns == 1 ? " elements" : " x " + std::to_string(form.columns);
  addLine("// " + size + ": " + describe(form.kind));
}

/// Arguments that share memory with another at some launch.
llvm::SmallBitVector Builder::findShared(exec::KernelOp kernel, ArrayRef<Use> list) const {
  unsigned numOperands = kernel.getNumArguments();
  llvm::SmallBitVector shared(numOperands + kernel.getResultTypes().size());
  auto bytes = [](const PlacedBuffer &buffer) {
    return cast<RankedTensorType>(buffer.value.getType()).getNumElements() *
           bytesOfElement(buffer.value.getType());
  };
  for (const Use &use : list)
    for (unsigned result = numOperands; result < shared.size(); ++result)
      for (unsigned operand = 0; operand < numOperands; ++operand) {
        const PlacedBuffer &x = use.call->buffers[operand], &y = use.call->buffers[result];
        if (x.place.space == y.place.space && x.place.offset < y.place.offset + bytes(y) &&
            y.place.offset < x.place.offset + bytes(x)) {
          shared.set(operand);
          shared.set(result);
        }
      }
  return shared;
}

/// The C++ name of an element's type; empty where CUDA kernels have none yet.
static StringRef cppType(Type type) {
  if (type.isF32())
    return "float";
  if (type.isF64())
    return "double";
  if (type.isInteger(1))
    return "bool";
  if (type.isInteger(8))
    return "int8_t";
  if (type.isInteger(16))
    return "int16_t";
  if (type.isInteger(32))
    return "int32_t";
  return type.isInteger(64) ? "int64_t" : "";
}

LogicalResult Builder::buildKernel(exec::KernelOp kernel, ArrayRef<Use> list) {
  FailureOr<KernelAnalysis> analysis = analyzeKernel(kernel.getBody());
  if (failed(analysis))
    return failure();
  const Use &first = list.front();
  KernelInfo info{kernelNames.add(namer.name(kernel, *first.call, *first.names)),
                  chooseForm(*analysis)};
  llvm::SmallBitVector shared = findShared(kernel, list);
  SmallVector<std::string> names = argumentNames(kernel, list.front());
  addComment(kernel, info.form, list, names);

  SmallVector<Type> types;
  unsigned numOperands = kernel.getNumArguments();
  for (unsigned i = 0; i < shared.size(); ++i) {
    Type tensor =
        i < numOperands ? kernel.getArgumentTypes()[i] : kernel.getResultTypes()[i - numOperands];
    StringRef element = cppType(getElementTypeOrSelf(tensor));
    if (element.empty())
      return list.front().call->op->emitError("the CUDA target has no kernels on ")
             << getElementTypeOrSelf(tensor) << " yet; compile for the cpu target";
    std::string text = (i < numOperands ? "const " : "") + element.str() + " *" +
                       (shared.test(i) ? "" : "__restrict__");
    types.push_back(emitc::OpaqueType::get(b.getContext(), text));
  }
  auto func =
      emitc::FuncOp::create(b, kernel.getLoc(), info.name, b.getFunctionType(types, TypeRange()));
  std::string bounds =
      llvm::formatv("__launch_bounds__({0})", info.form.threadsX * info.form.threadsY);
  func.setSpecifiersAttr(b.getStrArrayAttr({"__global__", bounds}));
  func->setAttr(kNameAttr, b.getStrArrayAttr(SmallVector<StringRef>(names.begin(), names.end())));
  func.getBody().emplaceBlock().addArguments(types,
                                             SmallVector<Location>(types.size(), kernel.getLoc()));
  if (failed(KernelEmitter(*analysis, info.form, func, names).emit()))
    return failure();
  result.infos[kernel.getName()] = std::move(info);
  return success();
}

FailureOr<KernelModule> buildKernels(ModuleOp exec, ArrayRef<PlacedProgram> programs) {
  return Builder(exec, programs).build();
}

} // namespace dsc::cuda
