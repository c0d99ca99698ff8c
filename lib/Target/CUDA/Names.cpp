//===- Names.cpp - Readable identifiers for generated code ----------------===//
#include "Names.h"

#include "dsc/Analysis/Origins.h"

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

SmallVector<std::string> commentLines(StringRef text) {
  constexpr size_t width = 100;
  SmallVector<StringRef> words;
  text.split(words, ' ');
  SmallVector<std::string> lines = {"//"};
  for (StringRef word : words) {
    if (lines.back().size() + 1 + word.size() > width)
      lines.push_back("//");
    lines.back() += (" " + word).str();
  }
  return lines;
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

/// The last parts of a path: /blocks.0/attn/MatMul is called attn_MatMul.
static std::string lastParts(StringRef path) {
  SmallVector<StringRef> parts;
  path.split(parts, '/', -1, /*KeepEmpty=*/false);
  if (parts.empty())
    return "";
  std::string last = parts.back().str();
  return parts.size() > 1 ? parts[parts.size() - 2].str() + "_" + last : last;
}

/// Gradients are called after the value whose gradient they are, what else a derivative computes
/// after the node whose derivative it is, and all others after their node.
static std::string shortOrigin(Location loc) {
  std::optional<Location> target = gradientOf(loc);
  SmallVector<Origin> origins = originsOf(target.value_or(loc));
  if (origins.empty())
    return "";
  StringRef suffix = target ? "_grad" : origins.front().isGradient ? "_backward" : "";
  return lastParts(origins.front().name) + suffix.str();
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
  program.walk([&](exec::RepeatOp repeat) { nameCarried(repeat); });
}

/// What micro-batches add up lies at one place all the time: under one name. The sum of what, a
/// micro-batch's own says.
void ValueNames::nameCarried(exec::RepeatOp repeat) {
  Operation *yield = repeat.getBlock()->getTerminator();
  for (auto [result, start, next] :
       llvm::zip_equal(repeat.getResults(), repeat.getCarry(), yield->getOperands())) {
    Value value = lookThroughViews(next);
    auto call = value.getDefiningOp<exec::CallOp>();
    bool isCopy = call && call.getRoutine() == "Copy";
    std::string name = known.lookup(result);
    if (name.empty())
      name = nameOf(isCopy ? call->getOperand(0) : value) + "_sum";
    for (Value same : {Value(result), value, lookThroughViews(start)})
      known.try_emplace(same, name);
  }
}

/// A row of an input, or what was yielded the iteration before: after the node that made it,
/// since its name may be made of its operands', of which this is one.
std::string ValueNames::loopArgumentName(exec::LoopOp loop, unsigned index) const {
  size_t numCarry = loop.getCarry().size();
  if (index >= numCarry)
    return nameOf(loop.getInputs()[index - numCarry]) + "_row";
  Value yielded = lookThroughViews(loop.getBlock()->getTerminator()->getOperand(index));
  auto result = dyn_cast<OpResult>(yielded);
  std::string origin = result ? shortOrigin(originOfResult(result)) : "";
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
      return nameOf(repeat.getResult(index - numBatch));
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
  if (auto launch = dyn_cast<exec::LaunchOp>(op); launch && isOfNumbers(launch)) {
    auto kernel =
        SymbolTable::lookupNearestSymbolFrom<exec::KernelOp>(launch, launch.getKernelAttr());
    return verbsOf(kernel) + "_" + nameOf(launch->getOperand(0));
  }
  auto call = dyn_cast<exec::CallOp>(op); // of no node, such as the norm of all gradients
  std::string routine = call ? llvm::convertToSnakeFromCamelCase(call.getRoutine()) : "value";
  return makeIdentifier(shortOrigin(originOfResult(cast<OpResult>(value))), routine);
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

std::string kernelName(exec::KernelOp kernel, const PlacedCall &call, const ValueNames &values) {
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
  else if (llvm::any_of(origins, [](const Origin &origin) { return origin.isGradient; }))
    what += "_grad";
  return what + (from.empty() ? "" : "__" + from);
}

} // namespace dsc::cuda
