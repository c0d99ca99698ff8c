//===- ObjectEmission.cpp - From the LLVM dialect to an object file -------===//
//
// Translation, the optimizer at O3 without its loop vectorizer and unroller
// (kernels come vectorized and unrolled), and the code generator.
//
//===----------------------------------------------------------------------===//
#include "dsc/Target/CPU/ObjectEmission.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;

namespace dsc::cpu {

static std::unique_ptr<llvm::TargetMachine> createTargetMachine(const CpuTarget &target) {
  std::string message;
  llvm::Triple triple(target.triple);
  const llvm::Target *llvmTarget = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!llvmTarget)
    return nullptr;
  return std::unique_ptr<llvm::TargetMachine>(llvmTarget->createTargetMachine(
      triple, target.cpu, target.features, llvm::TargetOptions(), llvm::Reloc::PIC_, std::nullopt,
      llvm::CodeGenOptLevel::Aggressive));
}

static void setFunctionAttributes(llvm::Module &module, const CpuTarget &target) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.cpu);
    if (!target.features.empty())
      function.addFnAttr("target-features", target.features);
    // Some processors would rather split wide vectors; kernels chose their width.
    function.addFnAttr("prefer-vector-width", std::to_string(target.vectorBits));
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
}

static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  tuning.LoopUnrolling = false;
  tuning.LoopInterleaving = false;
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3).run(module, modules);
}

static std::unique_ptr<llvm::Module> translate(ModuleOp module, llvm::TargetMachine &machine,
                                               const CpuTarget &target,
                                               llvm::LLVMContext &context) {
  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  std::unique_ptr<llvm::Module> result = translateModuleToLLVMIR(module, context, "dsc");
  if (!result)
    return nullptr;
  result->setTargetTriple(llvm::Triple(target.triple));
  result->setDataLayout(machine.createDataLayout());
  setFunctionAttributes(*result, target);
  optimize(*result, machine);
  return result;
}

std::unique_ptr<llvm::Module> translateAndOptimize(ModuleOp module, const CpuTarget &target,
                                                   llvm::LLVMContext &context) {
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(target);
  if (!machine) {
    module.emitError("no code generator for ") << target.triple;
    return nullptr;
  }
  return translate(module, *machine, target, context);
}

LogicalResult emitObject(ModuleOp module, const CpuTarget &target,
                         llvm::raw_pwrite_stream &output) {
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(target);
  if (!machine)
    return module.emitError("no code generator for ") << target.triple;
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> llvmModule = translate(module, *machine, target, context);
  if (!llvmModule)
    return failure();
  llvm::legacy::PassManager codegen;
  if (machine->addPassesToEmitFile(codegen, output, nullptr, llvm::CodeGenFileType::ObjectFile))
    return module.emitError("the code generator cannot write object files for ") << target.triple;
  codegen.run(*llvmModule);
  return success();
}

} // namespace dsc::cpu
