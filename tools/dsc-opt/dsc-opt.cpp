//===- dsc-opt.cpp - mlir-opt with the project's dialects and passes ------===//

#include "dialects/Exec/ExecDialect.h"
#include "dialects/Train/TrainDialect.h"
#include "dsc/Lowering/Passes.h"
#include "dsc/Pipelines/Exec.h"
#include "dsc/Pipelines/Train.h"
#include "dsc/Target/CPU/ExecEmission.h"
#include "dsc/Target/CPU/Passes.h"
#include "dsc/Transforms/Passes.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<mlir::affine::AffineDialect, dsc::train::TrainDialect, dsc::exec::ExecDialect,
                  mlir::arith::ArithDialect, mlir::func::FuncDialect, mlir::linalg::LinalgDialect,
                  mlir::LLVM::LLVMDialect, mlir::math::MathDialect, mlir::scf::SCFDialect,
                  mlir::tensor::TensorDialect, mlir::vector::VectorDialect>();
  mlir::registerTransformsPasses();
  mlir::registerConvertFuncToLLVMPass();
  mlir::registerReconcileUnrealizedCastsPass();
  dsc::registerDscTransformsPasses();
  dsc::cpu::registerCpuTargetPasses();
  dsc::cpu::registerKernelPipeline();
  dsc::registerDscLoweringPasses();
  dsc::registerTrainPipeline();
  dsc::registerExecPipeline(dsc::cpu::createCpuTargetModel());
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "dsc-opt\n", registry));
}
