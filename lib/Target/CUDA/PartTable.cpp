//===- PartTable.cpp - One launch for many tensors ------------------------===//
#include "PartTable.h"

#include "abi/Abi.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace dsc::cuda {

static StringRef nameOf(Span span) {
  switch (span) {
  case Span::Part:
    return "PerPart";
  case Span::Row:
    return "PerRow";
  case Span::Column:
    return "PerColumn";
  case Span::Element:
    return "PerElement";
  }
  llvm_unreachable("unknown span");
}

/// Operands, then results.
static SmallVector<Type> argumentTypes(Region &kernel) {
  SmallVector<Type> types(kernel.getArgumentTypes());
  llvm::append_range(types, kernel.front().getTerminator()->getOperandTypes());
  return types;
}

static std::string pointerType(Type tensor, bool isConst) {
  return (isConst ? "const " : "") + kernelTypeOf(getElementTypeOrSelf(tensor)).str() + " *";
}

//===----------------------------------------------------------------------===//
// Signatures
//===----------------------------------------------------------------------===//

/// Every argument is a buffer of the part.
static SmallVector<PartArgument> allBuffers(Region &kernel) {
  SmallVector<PartArgument> arguments;
  for (auto [number, type] : llvm::enumerate(argumentTypes(kernel)))
    arguments.push_back({false, static_cast<unsigned>(number),
                         pointerType(type, number < kernel.getNumArguments())});
  return arguments;
}

std::string batchSignature(Region &kernel) {
  auto analysis = analyzeKernel(kernel, [](Operation *, const Twine &) {});
  std::optional<AnySizeKernel> general;
  if (succeeded(analysis))
    general = generalize(*analysis);
  if (!general)
    return "";
  OpBuilder b(kernel.getContext());
  Location loc = b.getUnknownLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(b, loc);
  b.setInsertionPointToEnd(module->getBody());
  auto table = emitc::OpaqueType::get(b.getContext(), "Parts");
  auto func = emitc::FuncOp::create(b, loc, "kernel", b.getFunctionType(table, {}));
  func.getBody().emplaceBlock().addArgument(table, loc);
  SmallVector<PartArgument> arguments = allBuffers(kernel);
  SmallVector<std::string> names;
  for (const PartArgument &argument : arguments)
    names.push_back("x" + std::to_string(argument.number));
  // What cannot be emitted is reported when that is tried.
  ScopedDiagnosticHandler ignore(b.getContext(), [](Diagnostic &) { return success(); });
  if (failed(KernelEmitter(*analysis, general->form, func, names, arguments).emit()))
    return "";
  std::string text;
  llvm::raw_string_ostream os(text);
  os << general->form.threadsX << 'x' << general->form.threadsY << ' ';
  func.print(os);
  return text;
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

namespace {
class Planner {
public:
  Planner(ArrayRef<PlacedCall> calls, function_ref<exec::KernelOp(const PlacedCall &)> kernelOf)
      : calls(calls), kernelOf(kernelOf) {}
  PartTable plan();

private:
  void planArgument(unsigned argument, Span span);
  bool isShared(unsigned argument) const;
  unsigned bufferFor(unsigned argument, Span span);
  bool haveSamePlaces(unsigned a, unsigned b) const;
  bool isWritten(unsigned argument) const { return argument >= numOperands; }
  void addPart(const PlacedCall &call);

  ArrayRef<PlacedCall> calls;
  function_ref<exec::KernelOp(const PlacedCall &)> kernelOf;
  unsigned numOperands = 0;
  PartTable table;
};
} // namespace

static AnySizeKernel generalized(exec::KernelOp kernel) {
  return *generalize(*analyzeKernel(kernel.getBody()));
}

static bool isSamePlace(Place a, Place b) { return a.space == b.space && a.offset == b.offset; }

bool Planner::isShared(unsigned argument) const {
  Place first = calls.front().buffers[argument].place;
  return !isWritten(argument) && llvm::all_of(calls, [&](const PlacedCall &call) {
    return isSamePlace(call.buffers[argument].place, first);
  });
}

bool Planner::haveSamePlaces(unsigned a, unsigned b) const {
  return llvm::all_of(calls, [&](const PlacedCall &call) {
    return isSamePlace(call.buffers[a].place, call.buffers[b].place);
  });
}

unsigned Planner::bufferFor(unsigned argument, Span span) {
  Type element = getElementTypeOrSelf(argumentTypes(kernelOf(calls.front()).getBody())[argument]);
  std::string type = (isWritten(argument) ? "" : "const ") + kernelTypeOf(element).str();
  std::string text = (nameOf(span) + "<" + type + ">").str();
  for (auto [number, other] : llvm::enumerate(table.buffers))
    if (haveSamePlaces(argument, other) &&
        StringRef(table.spans[number]).starts_with(nameOf(span))) {
      if (isWritten(argument))
        table.spans[number] = text;
      return number;
    }
  table.buffers.push_back(argument);
  table.spans.push_back(text);
  return table.buffers.size() - 1;
}

void Planner::planArgument(unsigned argument, Span span) {
  Type type = argumentTypes(kernelOf(calls.front()).getBody())[argument];
  std::string pointer = pointerType(type, !isWritten(argument));
  if (isShared(argument)) {
    table.arguments.push_back(
        {true, static_cast<unsigned>(table.shared.size()), pointer + "__restrict__"});
    table.shared.push_back(argument);
  } else {
    table.arguments.push_back({false, bufferFor(argument, span), pointer});
  }
}

void Planner::addPart(const PlacedCall &call) {
  KernelForm form = generalized(kernelOf(call)).form;
  PartTable::Part part{&call, table.blocks, form.rows, form.columns, {}};
  for (unsigned argument : table.buffers)
    part.offsets.push_back(call.buffers[argument].place.offset);
  table.blocks += form.blocks;
  table.parts.push_back(std::move(part));
}

PartTable Planner::plan() {
  AnySizeKernel first = generalized(kernelOf(calls.front()));
  numOperands = static_cast<unsigned>(calls.front().numOperands());
  table.form = first.form;
  for (auto [argument, span] : llvm::enumerate(first.spans))
    planArgument(static_cast<unsigned>(argument), span);
  for (const PlacedCall &call : calls)
    addPart(call);
  return std::move(table);
}

PartTable planParts(ArrayRef<PlacedCall> calls,
                    function_ref<exec::KernelOp(const PlacedCall &)> kernelOf) {
  return Planner(calls, kernelOf).plan();
}

ArrayRef<PlacedCall> batchAt(ArrayRef<PlacedCall> calls, size_t first) {
  size_t end = first + 1;
  auto continues = [](const PlacedCall &call) {
    auto launch = dyn_cast<exec::LaunchOp>(call.op);
    return launch && launch.continuesBatch();
  };
  while (end < calls.size() && continues(calls[end]))
    ++end;
  return calls.slice(first, end - first);
}

std::string PartTable::type() const { return "Parts<" + llvm::join(spans, ", ") + ">"; }

} // namespace dsc::cuda
