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

/// The name of the first node of an origin such as "node 'x' (Add, opset 20), ...".
static StringRef firstNode(StringRef origin) {
  StringRef quoted = origin.split('\'').second.split('\'').first;
  StringRef name = quoted.empty() ? origin.split(',').first : quoted;
  name.consume_front("node_");
  return name;
}

/// The last parts of a node's path: /blocks.0/attn/MatMul is called attn_MatMul.
static std::string shortOrigin(Location loc) {
  std::string text = originOf(loc);
  StringRef origin = firstNode(text);
  SmallVector<StringRef> parts;
  origin.split(parts, '/', -1, /*KeepEmpty=*/false);
  if (parts.empty())
    return "";
  std::string last = parts.back().str();
  return parts.size() > 1 ? parts[parts.size() - 2].str() + "_" + last : last;
}

ValueNames::ValueNames(exec::ProgramOp program) {
  Operation *end = program.getBlock()->getTerminator();
  for (auto [index, value] : llvm::enumerate(end->getOperands()))
    if (auto name = program.getResultAttrOfType<StringAttr>(index, exec::kNameAttr))
      known.try_emplace(lookThroughViews(value), makeIdentifier(name.getValue()));
  program.walk([&](exec::WriteOp write) {
    known[lookThroughViews(write.getValue())] = makeIdentifier(write.getVariable());
  });
}

static std::string argumentName(BlockArgument argument) {
  Operation *parent = argument.getOwner()->getParentOp();
  unsigned index = argument.getArgNumber();
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
  return makeIdentifier(shortOrigin(op->getLoc()), "value");
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

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

std::string kernelName(exec::KernelOp kernel, Location launchedAt) {
  std::string origin = originOf(launchedAt);
  std::string from = makeIdentifier(firstNode(origin), "");
  return verbsOf(kernel) + (from.empty() ? "" : "__" + from);
}

} // namespace dsc::cuda
