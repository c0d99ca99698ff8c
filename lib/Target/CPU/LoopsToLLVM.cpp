//===- LoopsToLLVM.cpp - dsc-cpu-loops-to-llvm ----------------------------===//
//
// One conversion per function with the patterns of upstream.
//
//===----------------------------------------------------------------------===//
#include "dsc/Target/CPU/CpuTarget.h"
#include "dsc/Target/CPU/Passes.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace dsc::cpu {

#define GEN_PASS_DEF_CPULOOPSTOLLVM
#include "dsc/Target/CPU/Passes.h.inc"

namespace {

struct CpuLoopsToLLVM : impl::CpuLoopsToLLVMBase<CpuLoopsToLLVM> {
  using CpuLoopsToLLVMBase::CpuLoopsToLLVMBase;

  LogicalResult initialize(MLIRContext *context) override {
    llvm::Expected<CpuTarget> found = CpuTarget::get(cpu);
    if (!found)
      return emitError(UnknownLoc::get(context)) << llvm::toString(found.takeError());
    target = *found;
    return success();
  }

  void runOnOperation() override {
    if ((!target.convertsBF16 && failed(widenBF16())) || failed(expand()) ||
        failed(lowerControlFlow()) || failed(lowerValues()))
      signalPassFailure();
  }

private:
  /// Arithmetic on bf16 itself becomes arithmetic on f32, rounded after each op.
  LogicalResult widenBF16() {
    TypeConverter converter;
    Builder b(&getContext());
    arith::populateEmulateUnsupportedFloatsConversions(converter, {b.getBF16Type()},
                                                       b.getF32Type());
    RewritePatternSet patterns(&getContext());
    arith::populateEmulateUnsupportedFloatsPatterns(patterns, converter);
    ConversionTarget target(getContext());
    arith::populateEmulateUnsupportedFloatsLegality(target, converter);
    // Choosing computes nothing, but LLVM widens it too, as it does roots, and rounds by a routine
    // that is not there.
    auto isLegal = [&](Operation *op) { return converter.isLegal(op); };
    target.addDynamicallyLegalOp<arith::SelectOp>(isLegal);
    target.addDynamicallyLegalDialect<math::MathDialect>(isLegal);
    return applyPartialConversion(getOperation(), target, std::move(patterns));
  }

  LogicalResult expand() {
    RewritePatternSet patterns(&getContext());
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    if (!target.convertsBF16)
      arith::populateExpandBFloat16Patterns(patterns);
    vector::populateVectorExtractStridedSliceToExtractInsertChainPatterns(
        patterns, [](vector::ExtractStridedSliceOp) { return false; });
    vector::populateVectorInsertExtractStridedSliceTransforms(patterns);
    return applyPatternsGreedily(getOperation(), std::move(patterns));
  }

  LogicalResult lowerControlFlow() {
    RewritePatternSet patterns(&getContext());
    populateSCFToControlFlowConversionPatterns(patterns);
    ConversionTarget target(getContext());
    target.addIllegalDialect<scf::SCFDialect>();
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    return applyPartialConversion(getOperation(), target, std::move(patterns));
  }

  LogicalResult lowerValues() {
    LLVMTypeConverter converter(&getContext());
    RewritePatternSet patterns(&getContext());
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    populateMathToLLVMConversionPatterns(converter, patterns);
    populateVectorToLLVMConversionPatterns(converter, patterns);
    LLVMConversionTarget target(getContext());
    target.addLegalOp<func::FuncOp, func::ReturnOp, UnrealizedConversionCastOp>();
    target.addDynamicallyLegalOp<func::CallOp>([](Operation *) { return true; });
    return applyFullConversion(getOperation(), target, std::move(patterns));
  }

  CpuTarget target;
};

} // namespace
} // namespace dsc::cpu
