//===- Translate.cpp - EmitC to text with readable names ------------------===//
#include "Translate.h"

#include "KernelEmitter.h"
#include "Names.h"

#include "mlir/Dialect/EmitC/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/Cpp/CppEmitter.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace dsc::cuda {

//===----------------------------------------------------------------------===//
// Markers
//===----------------------------------------------------------------------===//

static constexpr StringLiteral kName = "//@name ";   // of the value defined above
static constexpr StringLiteral kAlias = "//@alias "; // the value is just another's

namespace {
/// Puts markers into one function.
class Marker {
public:
  explicit Marker(emitc::FuncOp func) : func(func), b(func.getContext()) {}
  void run();

private:
  void mark(Value value, StringRef wanted);
  void markOp(Operation *op);
  void markBlock(Block &block);
  void eraseUnused();
  std::string nameOf(Operation *op) const;

  emitc::FuncOp func;
  OpBuilder b;
  NameScope names;
};
} // namespace

void Marker::mark(Value value, StringRef wanted) {
  std::string text = (kName + "{} " + names.add(wanted)).str();
  emitc::VerbatimOp::create(b, func.getLoc(), b.getStringAttr(text), ValueRange(value));
}

/// An expression is called what its last operation is.
std::string Marker::nameOf(Operation *op) const {
  if (auto expression = dyn_cast<emitc::ExpressionOp>(op))
    if (Operation *root = expression.getRootOp())
      op = root;
  auto name = op->getAttrOfType<StringAttr>(kNameAttr);
  return name ? makeIdentifier(name.getValue()) : "value";
}

/// Whether the translator writes the expression where it is used.
static bool isInlined(Operation *op) {
  auto expression = dyn_cast<emitc::ExpressionOp>(op);
  if (!expression || !op->hasOneUse() || expression.hasSideEffects())
    return false;
  Operation *user = *op->user_begin();
  return !isa<emitc::SubscriptOp, emitc::ExpressionOp, emitc::CExpressionInterface>(user);
}

/// The thread's own variable that the op reads, if that is all it does.
static Value getVariable(Operation *op) {
  Value place;
  if (auto expression = dyn_cast<emitc::ExpressionOp>(op)) {
    auto load = dyn_cast_or_null<emitc::LoadOp>(expression.getRootOp());
    auto argument = load ? dyn_cast<BlockArgument>(load.getOperand()) : BlockArgument();
    if (argument)
      place = expression->getOperand(argument.getArgNumber());
  } else if (auto load = dyn_cast<emitc::LoadOp>(op)) {
    place = load.getOperand();
  }
  return place && place.getDefiningOp<emitc::VariableOp>() ? place : Value();
}

void Marker::markOp(Operation *op) {
  if (auto loop = dyn_cast<emitc::ForOp>(op)) {
    b.setInsertionPointToStart(loop.getBody());
    return mark(loop.getInductionVar(), nameOf(op));
  }
  bool isDeferred = isa<emitc::LiteralOp, emitc::SubscriptOp, emitc::YieldOp>(op);
  if (op->getNumResults() != 1 || isDeferred || isInlined(op))
    return;
  b.setInsertionPointAfter(op);
  if (Value variable = getVariable(op)) {
    emitc::VerbatimOp::create(b, func.getLoc(), b.getStringAttr(kAlias + "{} {}"),
                              ValueRange{op->getResult(0), variable});
    return;
  }
  mark(op->getResult(0), nameOf(op));
}

/// Names of a block end with it: each of several loops may have its own `j`.
void Marker::markBlock(Block &block) {
  SmallVector<Operation *> ops;
  for (Operation &op : block)
    ops.push_back(&op);
  for (Operation *op : ops) {
    NameScope outside = names;
    markOp(op);
    if (!isa<emitc::ForOp, emitc::IfOp>(op))
      continue;
    for (Region &region : op->getRegions())
      for (Block &inner : region)
        markBlock(inner);
    names = std::move(outside);
  }
}

/// A value that only a marker used would be written into the marker.
void Marker::eraseUnused() {
  SmallVector<Operation *> ops;
  func.getBody().walk([&](Operation *op) { ops.push_back(op); });
  for (Operation *op : llvm::reverse(ops)) {
    bool isPlain =
        isa<emitc::ExpressionOp, emitc::LiteralOp, emitc::SubscriptOp, emitc::LoadOp>(op);
    if (isPlain && op->use_empty() && !op->getParentOfType<emitc::ExpressionOp>())
      op->erase();
  }
}

void Marker::run() {
  b.setInsertionPointToStart(&func.getBody().front());
  if (auto list = func->getAttrOfType<ArrayAttr>(kNameAttr))
    for (auto [argument, name] :
         llvm::zip_equal(func.getArguments(), list.getAsValueRange<StringAttr>()))
      mark(argument, name);
  eraseUnused();
  markBlock(func.getBody().front());
}

//===----------------------------------------------------------------------===//
// Renaming
//===----------------------------------------------------------------------===//

/// Calls `found(begin, end)` for each place where the word stands in the line.
static std::string replaceWord(StringRef line, StringRef word, StringRef by) {
  std::string result;
  auto isPart = [](char c) { return llvm::isAlnum(c) || c == '_'; };
  while (true) {
    size_t at = line.find(word);
    if (at == StringRef::npos)
      return result + line.str();
    size_t end = at + word.size();
    bool whole = (at == 0 || !isPart(line[at - 1])) && (end == line.size() || !isPart(line[end]));
    result += line.take_front(at).str() + (whole ? by : word).str();
    line = line.drop_front(end);
  }
}

static bool hasWord(StringRef line, StringRef word) {
  return replaceWord(line, word, "\n").find('\n') != std::string::npos;
}

namespace {
/// The text so far, and what is renamed from here on.
class Renamer {
public:
  void addLine(StringRef line);
  std::string take() { return llvm::join(lines, "\n"); }

private:
  struct Rename {
    std::string from, to;
    int depth;
  };
  std::string renamed(StringRef line) const;
  std::vector<std::string>::iterator definitionOf(StringRef word);

  std::vector<std::string> lines;
  std::vector<Rename> active;
  int depth = 0;
};
} // namespace

std::string Renamer::renamed(StringRef line) const {
  std::string result = line.str();
  for (const Rename &rename : active)
    result = replaceWord(result, rename.from, rename.to);
  return result;
}

/// The nearest line that has the word.
std::vector<std::string>::iterator Renamer::definitionOf(StringRef word) {
  auto it = std::find_if(lines.rbegin(), lines.rend(),
                         [&](const std::string &line) { return hasWord(line, word); });
  return it == lines.rend() ? lines.end() : std::prev(it.base());
}

void Renamer::addLine(StringRef line) {
  StringRef marker = line.trim();
  bool isAlias = marker.consume_front(kAlias);
  if (isAlias || marker.consume_front(kName)) {
    auto [from, wanted] = marker.split(' ');
    std::string to = renamed(wanted);
    auto definition = definitionOf(from);
    if (isAlias && definition != lines.end())
      lines.erase(definition);
    else if (definition != lines.end())
      *definition = replaceWord(*definition, from, to);
    active.push_back({from.str(), to, depth});
    return;
  }
  if (marker == "return;")
    return; // kernels end anyway
  lines.push_back(renamed(line));
  depth += static_cast<int>(line.count('{')) - static_cast<int>(line.count('}'));
  llvm::erase_if(active, [&](const Rename &rename) { return rename.depth > depth; });
}

std::string renameByMarkers(StringRef text) {
  Renamer renamer;
  SmallVector<StringRef> lines;
  text.split(lines, '\n');
  for (StringRef line : lines)
    renamer.addLine(line);
  return renamer.take();
}

FailureOr<std::string> translate(ModuleOp module) {
  PassManager pm(module.getContext());
  pm.addPass(emitc::createFormExpressionsPass());
  if (failed(pm.run(module)))
    return failure();
  module.walk([](emitc::FuncOp func) { Marker(func).run(); });
  std::string text;
  llvm::raw_string_ostream os(text);
  if (failed(emitc::translateToCpp(module, os)))
    return failure();
  return renameByMarkers(text);
}

} // namespace dsc::cuda
