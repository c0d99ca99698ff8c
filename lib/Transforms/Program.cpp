//===- Program.cpp - What the passes that build programs share ------------===//

#include "Program.h"

#include "dialects/Train/Expr.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc;
using train::Expr;

static StringRef nameIn(Attribute attr) {
  auto name = dyn_cast_or_null<StringAttr>(attr);
  return name ? name.getValue() : StringRef();
}

StringRef dsc::getArgName(FunctionOpInterface function, unsigned index) {
  return nameIn(function.getArgAttr(index, train::kNameAttr));
}

StringRef dsc::getResultName(FunctionOpInterface function, unsigned index) {
  return nameIn(function.getResultAttr(index, train::kNameAttr));
}

DictionaryAttr dsc::makeNameAttrs(MLIRContext *context, const Twine &name) {
  Builder builder(context);
  return builder.getDictionaryAttr(
      builder.getNamedAttr(train::kNameAttr, builder.getStringAttr(name)));
}

FailureOr<func::FuncOp> dsc::findForward(ModuleOp module, StringRef pass) {
  if (auto forward = module.lookupSymbol<func::FuncOp>(kForwardName)) {
    return forward;
  }
  return module.emitError() << pass << " needs a function @" << kForwardName
                            << ", the model's graph, and the module has none";
}

FailureOr<train::StepOp> dsc::findTrainStep(ModuleOp module, StringRef pass) {
  if (auto step = module.lookupSymbol<train::StepOp>(kTrainName)) {
    if (step.getNumResults() >= 2) {
      return step;
    }
    return step.emitError() << pass << " expects @" << kTrainName
                            << " to return the sum of the loss and the count of its targets first, "
                               "got "
                            << step.getNumResults() << " results";
  }
  return module.emitError() << pass << " needs the program @" << kTrainName
                            << ", and the module has none; run dsc-autodiff first";
}

FailureOr<train::MicrobatchOp> dsc::findMicrobatch(train::StepOp step) {
  auto loops = step.getBody().getOps<train::MicrobatchOp>();
  if (llvm::hasSingleElement(loops)) {
    return *loops.begin();
  }
  return step.emitError() << "expected one train.microbatch in @" << step.getName() << ", got "
                          << std::distance(loops.begin(), loops.end());
}

FailureOr<int64_t> dsc::getBatchRows(func::FuncOp forward) {
  if (forward.getNumArguments() == 0) {
    return forward.emitError("the model has no inputs, so there is no batch to train on");
  }
  auto type = dyn_cast<RankedTensorType>(forward.getArgument(0).getType());
  if (!type || type.getRank() == 0) {
    return forward.emitError() << "input \"" << getArgName(forward, 0)
                               << "\" has no dimensions; dimension 0 of every input is the batch";
  }
  return type.getDimSize(0);
}

SmallVector<train::VariableOp> dsc::getVariables(ModuleOp module, train::VariableRole role) {
  auto hasRole = [&](train::VariableOp variable) { return variable.getRole() == role; };
  return llvm::to_vector(llvm::make_filter_range(module.getOps<train::VariableOp>(), hasRole));
}

SmallVector<train::VariableOp> dsc::getTrainedParameters(ModuleOp module) {
  SmallVector<train::VariableOp> parameters = getVariables(module, train::VariableRole::Parameter);
  llvm::erase_if(parameters, [](train::VariableOp parameter) {
    return parameter->hasAttr(train::kNoGradientAttr);
  });
  return parameters;
}

/// The innermost name of a location; empty where there is none.
static StringRef nameOf(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    return name.getName();
  }
  if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations()) {
      if (StringRef name = nameOf(part); !name.empty()) {
        return name;
      }
    }
  }
  return {};
}

std::string dsc::describeOp(Operation *op) {
  std::string text = op->getName().getStringRef().str();
  if (StringRef name = nameOf(op->getLoc()); !name.empty()) {
    text += " of " + name.str();
  }
  return text;
}

Value dsc::buildReciprocalCount(OpBuilder &builder, Value count) {
  Expr n(builder, NameLoc::get(builder.getStringAttr("mean over the targets")), count);
  return select(n > 0.0, 1.0 / n, 0.0);
}

//===----------------------------------------------------------------------===//
// Unused results of a micro-batch loop
//===----------------------------------------------------------------------===//

namespace {
/// Yielded values with the results they become.
struct Kept {
  SmallVector<Value> yielded, results;

  /// Takes the pairs whose result is used, or all of them.
  Kept(OperandRange allYielded, ResultRange allResults, bool all) {
    for (auto [value, result] : llvm::zip_equal(allYielded, allResults)) {
      if (all || !result.use_empty()) {
        yielded.push_back(value);
        results.push_back(result);
      }
    }
  }
  SmallVector<Type> types() const {
    return llvm::map_to_vector(results, [](Value value) { return value.getType(); });
  }
};
} // namespace

/// With one micro-batch, a carried value that nothing uses afterwards is the
/// value before the step. Returns the initial values of those that stay.
static SmallVector<Value> inlineUnusedCarries(train::MicrobatchOp loop) {
  Block &block = *loop.getBlock();
  unsigned first = 1 + static_cast<unsigned>(loop.getBatch().size());
  SmallVector<Value> kept;
  SmallVector<unsigned> erased;
  for (auto [index, initial] : llvm::enumerate(loop.getCarry())) {
    unsigned argument = first + static_cast<unsigned>(index);
    if (loop.getCount() == 1 && loop.getCarried()[index].use_empty()) {
      block.getArgument(argument).replaceAllUsesWith(initial);
      erased.push_back(argument);
    } else {
      kept.push_back(initial);
    }
  }
  for (unsigned argument : llvm::reverse(erased)) {
    block.eraseArgument(argument);
  }
  return kept;
}

train::MicrobatchOp dsc::pruneMicrobatch(train::MicrobatchOp loop) {
  auto yield = cast<train::YieldOp>(loop.getBlock()->getTerminator());
  Kept sums(yield.getSums(), loop.getSums(), false);
  Kept carried(yield.getCarry(), loop.getCarried(), loop.getCount() != 1);
  Kept stacks(yield.getStacks(), loop.getStacks(), false);

  OpBuilder builder(yield);
  train::YieldOp::create(builder, yield.getLoc(), sums.yielded, carried.yielded, stacks.yielded);
  yield.erase();
  SmallVector<Value> initial = inlineUnusedCarries(loop);
  builder.setInsertionPoint(loop);
  auto pruned =
      train::MicrobatchOp::create(builder, loop.getLoc(), sums.types(), carried.types(),
                                  stacks.types(), loop.getCountAttr(), loop.getBatch(), initial);
  pruned.getBody().takeBody(loop.getBody());
  eraseDeadOps(*pruned.getBlock());

  auto results = llvm::concat<Value>(sums.results, carried.results, stacks.results);
  for (auto [before, after] : llvm::zip_equal(results, pruned.getResults())) {
    before.replaceAllUsesWith(after);
  }
  loop.erase();
  return pruned;
}
