//===- Registration.cpp - All dialects and passes of the project ----------===//

#include "dsc/Pipelines/Registration.h"

#include "dialects/Exec/ExecDialect.h"
#include "dialects/Train/TrainDialect.h"
#include "dsc/Lowering/Passes.h"
#include "dsc/Pipelines/Exec.h"
#include "dsc/Pipelines/Train.h"
#include "dsc/Target/CPU/ExecEmission.h"
#include "dsc/Target/CPU/Passes.h"
#include "dsc/Target/CUDA/CudaEmission.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void dsc::registerDialects(DialectRegistry &registry) {
  registry.insert<train::TrainDialect, exec::ExecDialect>();
  registry.insert<affine::AffineDialect, arith::ArithDialect, func::FuncDialect,
                  linalg::LinalgDialect, LLVM::LLVMDialect, math::MathDialect, scf::SCFDialect,
                  tensor::TensorDialect, vector::VectorDialect>();
}

void dsc::registerPasses() {
  registerTransformsPasses();
  registerPass([] { return createConvertFuncToLLVMPass(); });
  registerPass([] { return createReconcileUnrealizedCastsPass(); });
  registerDscTransformsPasses();
  // These ask a target; alone they do what they do in the pipeline. Registered first, they stay.
  auto cpu = cpu::createCpuTargetModel();
  auto cuda = cuda::createCudaTargetModel();
  registerPass([cpu] { return createBlockChannelsPassFor(cpu); });
  registerPass([cpu] { return createLowerToExecPassFor(cpu); });
  registerPass([cpu] { return createPlaceBuffersPassFor(cpu); });
  registerPass([cpu] { return createVerifyExecPassFor(cpu); });
  registerPass([cuda] { return createBatchLaunchesPassFor(cuda); }); // the CPU launches one by one
  registerDscLoweringPasses();
  cpu::registerCpuTargetPasses();
  cpu::registerKernelPipeline();
  registerTrainPipeline();
  registerExecPipeline(cpu, cuda);
}
