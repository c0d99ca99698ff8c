//===- Autodiff.cpp - From a graph to its gradients -----------------------===//

#include "Program.h"
#include "ReverseMode.h"
#include "TrainStep.h"
#include "dsc/Transforms/Passes.h"
#include "llvm/ADT/STLExtras.h"

namespace dsc {
#define GEN_PASS_DEF_AUTODIFFPASS
#include "dsc/Transforms/Passes.h.inc"
} // namespace dsc

using namespace mlir;
using namespace dsc;

static bool isFloatTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && isa<FloatType>(tensor.getElementType());
}

namespace {
struct AutodiffPass : dsc::impl::AutodiffPassBase<AutodiffPass> {
  using AutodiffPassBase::AutodiffPassBase;

  void runOnOperation() override {
    ReverseModeRun run;
    run.loops = {cutScans, stackSums};
    LogicalResult result = function.empty() ? differentiateModel(run) : differentiateFunction(run);
    numDifferentiated += static_cast<unsigned>(run.differentiated);
    numDecomposed += static_cast<unsigned>(run.decomposed);
    if (failed(result)) {
      signalPassFailure();
    }
  }

  LogicalResult differentiateModel(ReverseModeRun &run) {
    FailureOr<func::FuncOp> forward = findForward(getOperation(), getArgument());
    return failed(forward) ? failure() : buildTrainStep(*forward, microbatches, run);
  }

  LogicalResult differentiateFunction(ReverseModeRun &run);
  FailureOr<SmallVector<unsigned>> chooseArguments(func::FuncOp f);
};
} // namespace

/// The arguments named by `wrt`, or all of floating-point type.
FailureOr<SmallVector<unsigned>> AutodiffPass::chooseArguments(func::FuncOp f) {
  SmallVector<unsigned> chosen;
  for (unsigned i = 0; i < f.getNumArguments(); ++i) {
    bool isFloat = isFloatTensor(f.getArgument(i).getType());
    bool isNamed = llvm::is_contained(wrt, static_cast<int64_t>(i));
    if (isNamed && !isFloat) {
      return f.emitError() << "argument " << i
                           << " is not of a floating-point type, so it has no "
                              "gradient";
    }
    if (isFloat && (wrt.empty() || isNamed)) {
      chosen.push_back(i);
    }
  }
  if (chosen.empty() || (!wrt.empty() && chosen.size() != wrt.size())) {
    return f.emitError() << "expected wrt to name arguments of @" << f.getName() << ", which has "
                         << f.getNumArguments();
  }
  return chosen;
}

/// A function's first floating-point result.
static FailureOr<unsigned> findLoss(func::FuncOp f) {
  auto types = f.getResultTypes();
  const auto *first = llvm::find_if(types, isFloatTensor);
  if (first == types.end()) {
    return f.emitError("expected a result of floating-point type to differentiate");
  }
  return static_cast<unsigned>(first - types.begin());
}

/// "grad.x" for an argument called x, "grad.2" for one without a name.
static DictionaryAttr gradientName(func::FuncOp f, unsigned argument) {
  StringRef name = getArgName(f, argument);
  return makeNameAttrs(f.getContext(),
                       kGradPrefix + (name.empty() ? std::to_string(argument) : name.str()));
}

/// Makes `f` return these values instead.
static void replaceResults(func::FuncOp f, ArrayRef<Value> values, ArrayRef<DictionaryAttr> attrs) {
  f.getBody().front().getTerminator()->setOperands(values);
  f.setFunctionType(
      FunctionType::get(f.getContext(), f.getArgumentTypes(), ValueRange(values).getTypes()));
  f.setAllResultAttrs(attrs);
  eraseDeadOps(f.getBody().front());
}

/// A copy of the function that returns gradients instead.
LogicalResult AutodiffPass::differentiateFunction(ReverseModeRun &run) {
  auto f = getOperation().lookupSymbol<func::FuncOp>(function);
  if (!f || f.isExternal()) {
    return getOperation().emitError()
           << "the module has no function @" << function << " with a body";
  }
  FailureOr<SmallVector<unsigned>> arguments = chooseArguments(f);
  FailureOr<unsigned> loss = findLoss(f);
  if (failed(arguments) || failed(loss)) {
    return failure();
  }
  func::FuncOp copy = f.clone();
  copy.setName((function + "_grad"));
  SymbolTable(getOperation()).insert(copy, std::next(Block::iterator(f)));
  SmallVector<Value> values;
  SmallVector<DictionaryAttr> names;
  for (unsigned index : *arguments) {
    values.push_back(copy.getArgument(index));
    names.push_back(gradientName(f, index));
  }
  Operation *end = copy.getBody().front().getTerminator();
  OpBuilder builder(end);
  ReverseMode reverse(builder, run);
  FailureOr<SmallVector<Value>> gradients = reverse.differentiate(end->getOperand(*loss), values);
  if (failed(gradients)) {
    return failure();
  }
  replaceResults(copy, *gradients, names);
  return success();
}
