//===- KernelModule.cpp - All kernels of a model as EmitC functions -------===//
#include "KernelModule.h"

#include "KernelEmitter.h"
#include "Names.h"
#include "abi/Abi.h"

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

/// What one function does: launches of one kernel, or batches of one signature.
struct Function {
  SmallVector<Use> uses;
  SmallVector<BatchInfo *> batches;

  const PartTable *table() const { return batches.empty() ? nullptr : &batches.front()->table; }
};

class Builder {
public:
  Builder(ModuleOp exec, ArrayRef<PlacedProgram> programs);
  FailureOr<KernelModule> build();

private:
  exec::KernelOp kernelOf(const PlacedCall &call) const {
    return symbols.lookup<exec::KernelOp>(cast<exec::LaunchOp>(call.op).getKernel());
  }
  Function &functionOf(ArrayRef<PlacedCall> calls);
  LogicalResult buildFunction(const Function &function);
  FailureOr<SmallVector<Type>> parameterTypes(exec::KernelOp kernel, const Function &function);
  emitc::FuncOp createFunction(StringRef name, const KernelForm &form, ArrayRef<Type> types,
                               ArrayRef<std::string> names);
  SmallVector<std::string> argumentNames(const Use &use);
  void addComment(exec::KernelOp kernel, const Function &function, StringRef size,
                  ArrayRef<std::string> names);
  llvm::SmallBitVector findShared(exec::KernelOp kernel, ArrayRef<Use> uses) const;
  llvm::SmallBitVector findAligned(ArrayRef<Use> uses) const;
  void addLine(const Twine &text) {
    emitc::VerbatimOp::create(b, exec.getLoc(), b.getStringAttr(text));
  }

  ModuleOp exec;
  SymbolTable symbols;
  OpBuilder b;
  std::vector<ValueNames> programNames;
  // By the kernel's symbol, or by the signature and the table's type.
  llvm::MapVector<std::string, Function, std::map<std::string, unsigned>> functions;
  NameScope kernelNames;
  KernelModule result;
};
} // namespace

Builder::Builder(ModuleOp exec, ArrayRef<PlacedProgram> programs)
    : exec(exec), symbols(exec), b(exec.getContext()) {
  programNames.reserve(programs.size());
  for (const PlacedProgram &program : programs) {
    programNames.emplace_back(program.op);
    for (size_t i = 0; i < program.calls.size();) {
      ArrayRef<PlacedCall> calls = batchAt(program.calls, i);
      if (isa<exec::LaunchOp>(calls.front().op)) {
        Function &function = functionOf(calls);
        for (const PlacedCall &call : calls)
          function.uses.push_back({&call, &programNames.back()});
      }
      i += calls.size();
    }
  }
}

/// The function that a launch, or a batch of them, calls.
Function &Builder::functionOf(ArrayRef<PlacedCall> calls) {
  exec::KernelOp kernel = kernelOf(calls.front());
  if (calls.size() == 1)
    return functions[kernel.getName().str()];
  BatchInfo &batch = result.batches[calls.front().op];
  batch.table = planParts(calls, [&](const PlacedCall &call) { return kernelOf(call); });
  std::string key = batchSignature(kernel.getBody()) + batch.table.type();
  for (const PartArgument &argument : batch.table.arguments)
    key += (argument.isShared ? " shared " : " ") + std::to_string(argument.number);
  Function &function = functions[key];
  function.batches.push_back(&batch);
  return function;
}

FailureOr<KernelModule> Builder::build() {
  result.module = ModuleOp::create(b, exec.getLoc());
  b.setInsertionPointToEnd(result.module->getBody());
  for (const auto &[key, function] : functions)
    if (failed(buildFunction(function)))
      return failure();
  return std::move(result);
}

/// After the first launch's tensors; what is written over an operand is new.
SmallVector<std::string> Builder::argumentNames(const Use &use) {
  SmallVector<std::string> names;
  NameScope scope;
  scope.reserve(kPartsName);
  scope.reserve(kPartName);
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

static StringRef describe(const KernelForm &form) {
  switch (form.kind) {
  case KernelForm::Elements:
    return form.perThread == 4 ? "a thread per four elements" : "a thread per element";
  case KernelForm::Warp:
    return form.perThread == 4 ? "a warp per row, four elements per lane, reduced by shuffles"
                               : "a warp per row, reduced by shuffles";
  case KernelForm::Block:
    return form.perThread == 4
               ? "a block per row, four elements per thread, reduced by shuffles and shared memory"
               : "a block per row, reduced by shuffles and shared memory";
  case KernelForm::Columns:
    return "32 columns per block, reduced through shared memory";
  case KernelForm::Serial:
    return "a thread per row";
  }
  llvm_unreachable("unknown form");
}

/// "32 x 10: a warp per row"; of parts the smallest and the largest.
static std::string describeSize(const KernelForm &form, const Function &function) {
  auto size = [](int64_t rows, int64_t columns) {
    return std::to_string(rows) + (columns == 1 ? "" : " x " + std::to_string(columns));
  };
  std::string text = size(form.rows, form.columns) + (form.columns == 1 ? " elements" : "");
  if (function.table()) {
    SmallVector<std::pair<int64_t, std::string>> sizes;
    for (const BatchInfo *batch : function.batches)
      for (const PartTable::Part &part : batch->table.parts)
        sizes.emplace_back(part.rows * part.columns, size(part.rows, part.columns));
    llvm::sort(sizes);
    text = "parts of " + sizes.front().second + " to " + sizes.back().second +
           (form.columns == 1 ? " elements" : "");
  }
  return text + ": " + describe(form).str();
}

void Builder::addComment(exec::KernelOp kernel, const Function &function, StringRef size,
                         ArrayRef<std::string> names) {
  addLine("");
  llvm::SetVector<StringRef> nodes;
  SmallVector<std::string> texts;
  for (const Use &use : function.uses)
    texts.push_back(originOf(use.call->op->getLoc(), /*most=*/16));
  for (StringRef text : texts)
    nodes.insert(text);
  constexpr size_t most = 3;
  for (StringRef node : nodes.getArrayRef().take_front(most))
    for (const std::string &line : commentLines(node))
      if (!node.empty())
        addLine(line);
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
  addLine("// " + size);
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

/// Whether it begins on a multiple of 16 bytes in every iteration of the loops around. Arena and
/// constants do so themselves; an input's rows begin where the micro-batch does.
static bool isAligned(const Place &place) {
  auto keeps = [](int64_t bytes) { return bytes % 16 == 0; };
  return place.space < DSC_SPACE_INPUTS && keeps(place.offset) &&
         llvm::all_of(place.strides, keeps);
}

/// Arguments that do so at every launch.
llvm::SmallBitVector Builder::findAligned(ArrayRef<Use> uses) const {
  llvm::SmallBitVector aligned(uses.front().call->buffers.size(), true);
  for (const Use &use : uses)
    for (auto [argument, buffer] : llvm::enumerate(use.call->buffers))
      if (!isAligned(buffer.place))
        aligned.reset(argument);
  return aligned;
}

/// Of a function for parts: the table, then what they share.
FailureOr<SmallVector<Type>> Builder::parameterTypes(exec::KernelOp kernel,
                                                     const Function &function) {
  SmallVector<Type> types;
  auto add = [&](StringRef text) { types.push_back(emitc::OpaqueType::get(b.getContext(), text)); };
  if (const PartTable *table = function.table()) {
    add(table->type());
    for (unsigned argument : table->shared)
      add(table->arguments[argument].type);
    return types;
  }
  llvm::SmallBitVector shared = findShared(kernel, function.uses);
  unsigned numOperands = kernel.getNumArguments();
  for (unsigned i = 0; i < shared.size(); ++i) {
    Type tensor =
        i < numOperands ? kernel.getArgumentTypes()[i] : kernel.getResultTypes()[i - numOperands];
    StringRef element = kernelTypeOf(getElementTypeOrSelf(tensor));
    add((i < numOperands ? "const " : "") + element.str() + " *" +
        (shared.test(i) ? "" : "__restrict__"));
  }
  return types;
}

emitc::FuncOp Builder::createFunction(StringRef name, const KernelForm &form, ArrayRef<Type> types,
                                      ArrayRef<std::string> names) {
  auto func = emitc::FuncOp::create(b, exec.getLoc(), name, b.getFunctionType(types, TypeRange()));
  std::string bounds = llvm::formatv("__launch_bounds__({0})", form.threadsX * form.threadsY);
  func.setSpecifiersAttr(b.getStrArrayAttr({"__global__", bounds}));
  func->setAttr(kNameAttr, b.getStrArrayAttr(SmallVector<StringRef>(names.begin(), names.end())));
  SmallVector<Location> locations(types.size(), exec.getLoc());
  func.getBody().emplaceBlock().addArguments(types, locations);
  return func;
}

LogicalResult Builder::buildFunction(const Function &function) {
  const Use &first = function.uses.front();
  const PartTable *table = function.table();
  exec::KernelOp kernel = kernelOf(*first.call);
  FailureOr<KernelAnalysis> analysis = analyzeKernel(kernel.getBody());
  if (failed(analysis))
    return failure();
  KernelForm form = table ? table->form : chooseForm(*analysis, findAligned(function.uses));
  std::string name = kernelName(kernel, *first.call, *first.names) + (table ? "_etc" : "");
  name = kernelNames.add(name);
  SmallVector<std::string> names = argumentNames(first), parameters = names;
  addComment(kernel, function, describeSize(form, function), names);
  FailureOr<SmallVector<Type>> types = parameterTypes(kernel, function);
  if (failed(types))
    return failure();
  if (table) {
    parameters = {kPartsName.str()};
    for (unsigned argument : table->shared)
      parameters.push_back(names[argument]);
  }
  emitc::FuncOp func = createFunction(name, form, *types, parameters);
  ArrayRef<PartArgument> parts = table ? ArrayRef(table->arguments) : ArrayRef<PartArgument>();
  if (failed(KernelEmitter(*analysis, form, func, names, parts).emit()))
    return failure();
  for (BatchInfo *batch : function.batches)
    batch->kernel = name;
  if (!table)
    result.infos[kernel.getName()] = {name, form};
  return success();
}

FailureOr<KernelModule> buildKernels(ModuleOp exec, ArrayRef<PlacedProgram> programs) {
  return Builder(exec, programs).build();
}

} // namespace dsc::cuda
