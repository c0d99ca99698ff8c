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
    ReverseModeCounts counts;
    LogicalResult result =
        function.empty() ? differentiateModel(counts) : differentiateFunction(counts);
    numDifferentiated += static_cast<unsigned>(counts.differentiated);
    numDecomposed += static_cast<unsigned>(counts.decomposed);
    if (failed(result)) {
      signalPassFailure();
    }
  }

  LogicalResult differentiateModel(ReverseModeCounts &counts) {
    FailureOr<func::FuncOp> forward = findForward(getOperation(), getArgument());
    return failed(forward) ? failure() : buildTrainStep(*forward, microbatches, counts);
  }

  LogicalResult differentiateFunction(ReverseModeCounts &counts);
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

/// A copy of the function that returns gradients instead.
LogicalResult AutodiffPass::differentiateFunction(ReverseModeCounts &counts) {
  auto f = getOperation().lookupSymbol<func::FuncOp>(function);
  if (!f || f.isExternal()) {
    return getOperation().emitError()
           << "the module has no function @" << function << " with a body";
  }
  FailureOr<SmallVector<unsigned>> arguments = chooseArguments(f);
  auto *first = llvm::find_if(f.getResultTypes(), isFloatTensor);
  if (failed(arguments) || first == f.getResultTypes().end()) {
    return failed(arguments) ? failure()
                             : f.emitError("expected a result of floating-point type to "
                                           "differentiate");
  }
  auto lossIndex = static_cast<unsigned>(first - f.getResultTypes().begin());
  func::FuncOp gradient = f.clone();
  gradient.setName((function + "_grad"));
  SymbolTable(getOperation()).insert(gradient, std::next(Block::iterator(f)));
  Block &body = gradient.getBody().front();
  OpBuilder builder(body.getTerminator());
  SmallVector<Value> values;
  SmallVector<DictionaryAttr> attrs;
  for (unsigned index : *arguments) {
    values.push_back(gradient.getArgument(index));
    std::string name = getArgName(f, index).str();
    attrs.push_back(
        makeNameAttrs(&getContext(), kGradPrefix + (name.empty() ? std::to_string(index) : name)));
  }
  ReverseMode reverse(builder, counts);
  auto gradients = reverse.differentiate(body.getTerminator()->getOperand(lossIndex), values);
  if (failed(gradients)) {
    return failure();
  }
  body.getTerminator()->setOperands(*gradients);
  gradient.setFunctionType(
      builder.getFunctionType(gradient.getArgumentTypes(), ValueRange(*gradients).getTypes()));
  gradient.setAllResultAttrs(attrs);
  eraseDeadOps(body);
  return success();
}
