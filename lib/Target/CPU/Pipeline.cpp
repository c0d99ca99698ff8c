//===- Pipeline.cpp - From kernels to the LLVM dialect --------------------===//
//
// The passes in order, each with the reason why it stands where it does.
//
//===----------------------------------------------------------------------===//
#include "dsc/Target/CPU/Passes.h"

#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace dsc::cpu {

void buildKernelPipeline(OpPassManager &pm, llvm::StringRef cpu) {
  // Tensors become pointers, generics vectorized loops.
  CpuKernelsToLoopsOptions toLoops;
  toLoops.cpu = cpu.str();
  pm.addNestedPass<func::FuncOp>(createCpuKernelsToLoops(toLoops));
  // Constants and addresses were emitted where they were needed; merging them
  // first leaves less to convert. (LLVM hoists them out of loops.)
  pm.addNestedPass<func::FuncOp>(createCSEPass());
  // While math ops still have their vector types. May declare functions of libm,
  // hence not nested.
  pm.addPass(createCpuApproximateMath());
  CpuLoopsToLLVMOptions toLLVM;
  toLLVM.cpu = cpu.str();
  pm.addNestedPass<func::FuncOp>(createCpuLoopsToLLVM(toLLVM));
  // Functions last: until here they are the unit of parallel work.
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

namespace {
struct KernelPipelineOptions : PassPipelineOptions<KernelPipelineOptions> {
  Option<std::string> cpu{*this, "cpu", llvm::cl::desc("processor to generate code for"),
                          llvm::cl::init("native")};
};
} // namespace

void registerKernelPipeline() {
  PassPipelineRegistration<KernelPipelineOptions>(
      "dsc-cpu-kernels", "lower kernels on tensors to the LLVM dialect",
      [](OpPassManager &pm, const KernelPipelineOptions &options) {
        buildKernelPipeline(pm, options.cpu);
      });
}

} // namespace dsc::cpu
