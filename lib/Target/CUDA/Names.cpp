//===- Names.cpp - Readable identifiers for generated code ----------------===//
#include "Names.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace dsc::cuda {

std::string makeIdentifier(StringRef text, StringRef fallback) {
  std::string name;
  for (char c : text) {
    bool good = llvm::isAlnum(c);
    if (good)
      name += c;
    else if (!name.empty() && name.back() != '_')
      name += '_';
  }
  while (!name.empty() && name.back() == '_')
    name.pop_back();
  if (name.empty())
    return fallback.str();
  return llvm::isDigit(name.front()) ? "n" + name : name;
}

/// Words that C++, CUDA, or the text around the name use themselves.
static const llvm::StringSet<> &reservedWords() {
  static const llvm::StringSet<> words = {
      "alignas",   "alignof",  "and",      "asm",      "auto",     "bool",      "break",
      "case",      "catch",    "char",     "class",    "const",    "constexpr", "continue",
      "decltype",  "default",  "delete",   "do",       "double",   "else",      "enum",
      "explicit",  "export",   "extern",   "false",    "float",    "for",       "friend",
      "goto",      "if",       "inline",   "int",      "long",     "mutable",   "namespace",
      "new",       "noexcept", "not",      "nullptr",  "operator", "or",        "private",
      "protected", "public",   "register", "requires", "return",   "short",     "signed",
      "sizeof",    "static",   "struct",   "switch",   "template", "this",      "throw",
      "true",      "try",      "typedef",  "typeid",   "typename", "union",     "unsigned",
      "using",     "virtual",  "void",     "volatile", "while",    "xor",       "main",
      "step",      "call",     "buffers",  "launch",   "dsc",      "std",       "threadIdx",
      "blockIdx",  "blockDim", "gridDim",  "warpSize", "maximum",  "minimum",   "magnitude",
      "concept",   "module",   "import"};
  return words;
}

std::string NameScope::add(StringRef wanted) {
  std::string name = wanted.str();
  for (unsigned i = 2; reservedWords().contains(name) || !taken.insert(name).second; ++i)
    name = (wanted + "_" + Twine(i)).str();
  return name;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

namespace {
/// What a location names: a node with the type of its operator, an initializer, or the model.
struct Origin {
  StringRef name, type;
  bool isInitializer = false;
};
} // namespace

/// Reads names such as "node '/blocks.0/Add' (Add, opset 20)" and "initializer 'w'".
static SmallVector<Origin> originsOf(Location loc) {
  llvm::SetVector<StringRef> texts;
  loc->walk([&](Location inner) {
    if (auto name = dyn_cast<NameLoc>(inner))
      texts.insert(name.getName().getValue());
    return WalkResult::advance();
  });
  SmallVector<Origin> origins;
  for (StringRef text : texts) {
    auto [name, rest] = text.split('\'').second.split('\'');
    if (name.empty())
      continue; // the model as a whole
    StringRef type = rest.split('(').second.split(',').first;
    name.consume_front("node_");
    origins.push_back({name, type, text.starts_with("initializer")});
  }
  return origins;
}

/// The last parts of a path: /blocks.0/attn/MatMul is called attn_MatMul.
static std::string lastParts(StringRef path) {
  SmallVector<StringRef> parts;
  path.split(parts, '/', -1, /*KeepEmpty=*/false);
  if (parts.empty())
    return "";
  std::string last = parts.back().str();
  return parts.size() > 1 ? parts[parts.size() - 2].str() + "_" + last : last;
}

static std::string shortOrigin(Location loc) {
  SmallVector<Origin> origins = originsOf(loc);
  return origins.empty() ? "" : lastParts(origins.front().name);
}

ValueNames::ValueNames(exec::ProgramOp program) {
  Operation *end = program.getBlock()->getTerminator();
  for (auto [index, value] : llvm::enumerate(end->getOperands()))
    if (auto name = program.getResultAttrOfType<StringAttr>(index, exec::kNameAttr))
      known.try_emplace(lookThroughViews(value), makeIdentifier(name.getValue()));
  program.walk([&](exec::WriteOp write) {
    Value value = lookThroughViews(write.getValue());
    known[value] = makeIdentifier(write.getVariable());
    written.insert(value);
  });
}

/// Where a value came from; of a launch's result, what the kernel computes there.
static Location definitionOf(OpResult value) {
  auto launch = dyn_cast<exec::LaunchOp>(value.getOwner());
  auto kernel =
      launch ? SymbolTable::lookupNearestSymbolFrom<exec::KernelOp>(launch, launch.getKernelAttr())
             : nullptr;
  if (!kernel)
    return value.getOwner()->getLoc();
  Operation *end = kernel.getBody().front().getTerminator();
  Operation *inner = end->getOperand(value.getResultNumber()).getDefiningOp();
  bool isNamed = inner && !originsOf(inner->getLoc()).empty();
  return isNamed ? inner->getLoc() : launch.getLoc();
}

/// A row of an input, or what was yielded the iteration before: after the node that made it,
/// since its name may be made of its operands', of which this is one.
std::string ValueNames::loopArgumentName(exec::LoopOp loop, unsigned index) const {
  size_t numCarry = loop.getCarry().size();
  if (index >= numCarry)
    return nameOf(loop.getInputs()[index - numCarry]) + "_row";
  Value yielded = lookThroughViews(loop.getBlock()->getTerminator()->getOperand(index));
  auto result = dyn_cast<OpResult>(yielded);
  std::string origin = result ? shortOrigin(definitionOf(result)) : "";
  return origin.empty() ? "carried_" + std::to_string(index) : makeIdentifier(origin) + "_before";
}

std::string ValueNames::argumentName(BlockArgument argument) const {
  Operation *parent = argument.getOwner()->getParentOp();
  unsigned index = argument.getArgNumber();
  if (auto loop = dyn_cast<exec::LoopOp>(parent))
    return loopArgumentName(loop, index);
  if (auto repeat = dyn_cast<exec::RepeatOp>(parent)) {
    size_t numBatch = repeat.getBatch().size();
    if (index >= numBatch)
      return "carried_" + std::to_string(index - numBatch);
    index = static_cast<unsigned>(repeat.getBatch()[index]);
    parent = repeat->getParentOp();
  }
  auto name = cast<exec::ProgramOp>(parent).getArgAttrOfType<StringAttr>(index, exec::kNameAttr);
  return makeIdentifier(name.getValue());
}

/// The verbs of a kernel's work, in order, each once: max_sub_exp_sum.
static std::string verbsOf(exec::KernelOp kernel) {
  static const llvm::StringMap<StringRef> verbs = {
      {"addf", "add"},       {"subf", "sub"},       {"mulf", "mul"},     {"divf", "div"},
      {"maximumf", "max"},   {"minimumf", "min"},   {"maxnumf", "max"},  {"minnumf", "min"},
      {"negf", "neg"},       {"cmpf", "compare"},   {"cmpi", "compare"}, {"select", "select"},
      {"addi", "add"},       {"muli", "mul"},       {"absf", "abs"},     {"powf", "pow"},
      {"sitofp", "convert"}, {"uitofp", "convert"}, {"index_cast", ""},  {"index", "index"},
      {"constant", ""},      {"yield", ""},         {"xori", "xor"},     {"mulsi_extended", "mul"}};
  llvm::SetVector<StringRef> found;
  kernel.walk([&](linalg::GenericOp generic) {
    for (Operation &op : *generic.getBody()) {
      StringRef name = op.getName().stripDialect();
      auto it = verbs.find(name);
      bool isSum = generic.getNumReductionLoops() > 0 && (name == "addf" || name == "addi");
      StringRef verb = isSum ? "sum" : it == verbs.end() ? name : it->second;
      if (!verb.empty())
        found.insert(verb);
    }
  });
  constexpr size_t most = 4;
  std::string text = llvm::join(found.getArrayRef().take_front(most), "_");
  return text.empty() ? "fill" : text;
}

/// Whether a launch computes a number from numbers, such as a correction of the optimizer's: what
/// it stands beside says less about it than what it reads.
static bool isOfNumbers(exec::LaunchOp launch) {
  auto isNumber = [](Type type) { return cast<RankedTensorType>(type).getNumElements() == 1; };
  return launch.getNumOperands() > 0 && llvm::all_of(launch->getOperandTypes(), isNumber);
}

std::string ValueNames::nameOf(Value viewed) const {
  Value value = lookThroughViews(viewed);
  if (auto it = known.find(value); it != known.end())
    return it->second;
  if (auto argument = dyn_cast<BlockArgument>(value))
    return argumentName(argument);
  Operation *op = value.getDefiningOp();
  if (auto read = dyn_cast<exec::ReadOp>(op))
    return makeIdentifier(read.getVariable());
  if (auto scalar = dyn_cast<exec::ScalarOp>(op))
    return makeIdentifier((scalar.getName() + " " + scalar.getParameter().value_or("")).str());
  if (isa<exec::ConstantOp>(op))
    return "constant";
  if (isa<exec::RepeatOp>(op))
    return "carried_" + std::to_string(cast<OpResult>(value).getResultNumber());
  if (auto launch = dyn_cast<exec::LaunchOp>(op); launch && isOfNumbers(launch)) {
    auto kernel =
        SymbolTable::lookupNearestSymbolFrom<exec::KernelOp>(launch, launch.getKernelAttr());
    return verbsOf(kernel) + "_" + nameOf(launch->getOperand(0));
  }
  return makeIdentifier(shortOrigin(definitionOf(cast<OpResult>(value))), "value");
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// The operators that a kernel fuses: add_layernorm. Products and convolutions are
/// library calls: a kernel that names one computes something behind it, such as a loss.
static std::string operatorsOf(ArrayRef<Origin> origins) {
  static const llvm::StringSet<> libraryCalls = {"MatMul", "Gemm", "Conv", "ConvTranspose"};
  llvm::SetVector<StringRef> types;
  for (const Origin &origin : origins)
    if (!origin.type.empty() && !libraryCalls.contains(origin.type))
      types.insert(origin.type);
  constexpr size_t most = 4;
  std::string text = llvm::join(types.getArrayRef().take_front(most), "_");
  for (size_t at = text.find("Normalization"); at != std::string::npos;
       at = text.find("Normalization"))
    text.replace(at, strlen("Normalization"), "Norm");
  return StringRef(text).lower();
}

std::string KernelNamer::name(exec::KernelOp kernel, const PlacedCall &call,
                              const ValueNames &values) {
  SmallVector<Origin> origins = originsOf(call.op->getLoc());
  auto launch = dyn_cast<exec::LaunchOp>(call.op);
  bool hasOrigin = !origins.empty() && !(launch && isOfNumbers(launch));
  std::string from = hasOrigin ? makeIdentifier(lastParts(origins.front().name), "")
                               : values.nameOf(call.buffers.front().value);
  bool updates =
      llvm::any_of(call.op->getResults(), [&](Value result) { return values.isWritten(result); });
  std::string what = operatorsOf(origins);
  if (updates && !origins.empty() && origins.front().isInitializer)
    what = "update";
  else if (what.empty())
    what = verbsOf(kernel);
  else if (isGradient(call))
    what += "_grad";
  return what + (from.empty() ? "" : "__" + from);
}

void KernelNamer::visit(const PlacedCall &call) {
  SmallVector<StringRef> names;
  for (const Origin &origin : originsOf(call.op->getLoc()))
    names.push_back(origin.name);
  bool isKnown = llvm::any_of(names, [&](StringRef name) { return seen.contains(name); });
  bool isNext = llvm::any_of(names, [&](StringRef name) { return last.contains(name); });
  if (isKnown && !isNext)
    gradients.insert(call.op);
  if (isNext && gradients.contains(lastCall))
    gradients.insert(call.op); // several kernels of one gradient
  last.clear();
  for (StringRef name : names) {
    seen.insert(name);
    last.insert(name);
  }
  lastCall = call.op;
}

} // namespace dsc::cuda
