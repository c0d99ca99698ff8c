//===- Train.cpp - The phase from a model's graph to training programs ----===//

#include "dsc/Pipelines/Train.h"

#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace dsc;

static AttachLossPassOptions lossOptions(const TrainOptions &options) {
  AttachLossPassOptions loss;
  loss.kind = options.loss;
  loss.output = options.lossOf;
  loss.lossOutput = options.lossOutput;
  loss.classAxis = options.classAxis;
  loss.ignoreIndex = options.ignoreIndex;
  loss.labelSmoothing = options.labelSmoothing;
  return loss;
}

void dsc::buildLossPipeline(OpPassManager &pm, const TrainOptions &options) {
  //===--------------------------------------------------------------------===//
  // Whole ops. Everything behind asks ops about themselves (derivative, cost,
  // kernels), so what exporters took apart is put together before all else.
  //===--------------------------------------------------------------------===//
  pm.addPass(createRaisePass());

  //===--------------------------------------------------------------------===//
  // Loss. What follows differentiates or evaluates it, so it comes first.
  //===--------------------------------------------------------------------===//
  pm.addPass(createAttachLossPass(lossOptions(options)));

  //===--------------------------------------------------------------------===//
  // Micro-batches. Whether the loss is a sum over rows can be asked as soon as
  // there is one, and no program should be made for a batch that has no parts.
  //===--------------------------------------------------------------------===//
  VerifyMicrobatchesPassOptions parts;
  parts.microbatches = options.microbatches;
  pm.addPass(createVerifyMicrobatchesPass(parts));
}

void dsc::buildTrainPipeline(OpPassManager &pm, const TrainOptions &options) {
  buildLossPipeline(pm, options);

  //===--------------------------------------------------------------------===//
  // Evaluation. Needs the graph as the model has it: before the graph becomes
  // the body of a training step.
  //===--------------------------------------------------------------------===//
  pm.addPass(createMakeEvaluatePass());

  //===--------------------------------------------------------------------===//
  // Gradients. Replaces the graph by forward and backward of a step. The rules,
  // op by op, leave pairs that are better said at once: transposed gradients of
  // weights stored [in, out], padded gradients of the parts of a split. Common
  // subexpressions come from rules that state the same value twice (and from
  // exporters); removing them here serves both programs made from the step.
  // Dropout is a pure function of seed, step and position, so that merging
  // equal draws does not change any.
  //===--------------------------------------------------------------------===//
  AutodiffPassOptions autodiff;
  autodiff.microbatches = options.microbatches;
  pm.addPass(createAutodiffPass(autodiff));
  pm.addPass(createFoldTransposesPass());
  pm.addPass(createFoldPaddedSumsPass());
  pm.addPass(createCSEPass());

  //===--------------------------------------------------------------------===//
  // The dump program. A copy of the step while it still returns outputs and
  // gradients: before the update takes their place.
  //===--------------------------------------------------------------------===//
  pm.addPass(createMakeGradientsPass());

  //===--------------------------------------------------------------------===//
  // Update. Consumes the gradients. Its reads of parameters merge with those of
  // the forward graph.
  //===--------------------------------------------------------------------===//
  AddOptimizerPassOptions optimizer;
  optimizer.kind = options.optimizer;
  optimizer.clip = options.clip;
  pm.addPass(createAddOptimizerPass(optimizer));
  pm.addPass(createCSEPass());

  //===--------------------------------------------------------------------===//
  // The phase's contract.
  //===--------------------------------------------------------------------===//
  pm.addPass(createVerifyTrainPass());
}

namespace {
/// The options as text, for dsc-opt.
struct TextOptions : PassPipelineOptions<TextOptions> {
  Option<LossKind> loss{
      *this, "loss", llvm::cl::desc("cross-entropy, mse, l1 or bce-with-logits"),
      llvm::cl::init(LossKind::CrossEntropy),
      llvm::cl::values(clEnumValN(LossKind::CrossEntropy, "cross-entropy", ""),
                       clEnumValN(LossKind::Mse, "mse", ""), clEnumValN(LossKind::L1, "l1", ""),
                       clEnumValN(LossKind::BceWithLogits, "bce-with-logits", ""))};
  Option<std::string> lossOf{*this, "loss-of", llvm::cl::desc("output the loss is attached to")};
  Option<std::string> lossOutput{*this, "loss-output", llvm::cl::desc("scalar output, the loss")};
  Option<int64_t> classAxis{*this, "class-axis", llvm::cl::desc("dimension of the classes"),
                            llvm::cl::init(kDefaultClassAxis)};
  Option<int64_t> ignoreIndex{*this, "ignore-index", llvm::cl::desc("label that does not count"),
                              llvm::cl::init(-100)};
  Option<double> labelSmoothing{*this, "label-smoothing", llvm::cl::desc("0 to 1"),
                                llvm::cl::init(0.0)};
  Option<int64_t> microbatches{*this, "microbatches", llvm::cl::desc("micro-batches of a step"),
                               llvm::cl::init(1)};
  Option<OptimizerKind> optimizer{
      *this, "optimizer", llvm::cl::desc("sgd, momentum, adam or adamw"),
      llvm::cl::init(OptimizerKind::AdamW),
      llvm::cl::values(clEnumValN(OptimizerKind::Sgd, "sgd", ""),
                       clEnumValN(OptimizerKind::Momentum, "momentum", ""),
                       clEnumValN(OptimizerKind::Adam, "adam", ""),
                       clEnumValN(OptimizerKind::AdamW, "adamw", ""))};
  Option<bool> clip{*this, "clip", llvm::cl::desc("clip by the global norm"), llvm::cl::init(true)};

  TrainOptions get() const {
    return {loss,           lossOf,       lossOutput, classAxis, ignoreIndex,
            labelSmoothing, microbatches, optimizer,  clip};
  }
};
} // namespace

void dsc::registerTrainPipeline() {
  PassPipelineRegistration<TextOptions>(
      "dsc-train-pipeline", "From a model's graph to the programs @train, @gradients, @evaluate",
      [](OpPassManager &pm, const TextOptions &options) { buildTrainPipeline(pm, options.get()); });
}
