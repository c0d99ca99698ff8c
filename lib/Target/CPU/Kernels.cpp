//===- Kernels.cpp - Functions for kernels -------------------------------===//
//
// The entry points: analysis, plan, emission.
//
//===----------------------------------------------------------------------===//
#include "dsc/Target/CPU/Kernels.h"

#include "KernelEmitter.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

#include <cmath>

using namespace mlir;

namespace dsc::cpu {

KernelInfo getKernelInfo(const KernelAnalysis &kernel, const CpuTarget &target) {
  // A few microseconds of work, as waking a thread costs about one.
  constexpr double leastWork = 8000;
  KernelPlan plan = planKernel(kernel, target);
  KernelInfo info;
  info.extent = plan.numParts();
  double parts = std::min(leastWork / std::max(plan.cost, 1.0), 1.0) * info.extent;
  info.grain = std::max<int64_t>(std::ceil(parts), 1);
  return info;
}

FailureOr<KernelInfo> getKernelInfo(Region &body, const CpuTarget &target) {
  FailureOr<KernelAnalysis> kernel = analyzeKernel(body);
  if (failed(kernel))
    return failure();
  return getKernelInfo(*kernel, target);
}

void emitKernel(const KernelAnalysis &kernel, const CpuTarget &target, Region &code) {
  Location loc = kernel.body->getLoc();
  Type i64 = IntegerType::get(code.getContext(), 64);
  Type pointer = LLVM::LLVMPointerType::get(code.getContext());
  code.emplaceBlock().addArguments({i64, i64, pointer}, {loc, loc, loc});
  KernelPlan plan = planKernel(kernel, target);
  KernelEmitter(plan, code).emit();
}

func::FuncOp createKernelFunction(OpBuilder &builder, StringRef name, const KernelAnalysis &kernel,
                                  const CpuTarget &target) {
  Type i64 = builder.getI64Type();
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  auto func = func::FuncOp::create(builder, kernel.body->getLoc(), name,
                                   builder.getFunctionType({i64, i64, pointer}, {}));
  emitKernel(kernel, target, func.getBody());
  return func;
}

bool isKernelFunction(func::FuncOp func) {
  auto isTensor = [](Type type) { return isa<RankedTensorType>(type); };
  return !func.isDeclaration() && func.getNumResults() > 0 &&
         llvm::all_of(func.getArgumentTypes(), isTensor) &&
         llvm::all_of(func.getResultTypes(), isTensor);
}

LogicalResult lowerKernelFunction(func::FuncOp func, const CpuTarget &target) {
  FailureOr<KernelAnalysis> kernel = analyzeKernel(func.getBody());
  if (failed(kernel))
    return failure();
  // The code is built beside the old body, which the plan still points into.
  Region code(func);
  emitKernel(*kernel, target, code);
  func.setType(FunctionType::get(func.getContext(), code.getArgumentTypes(), {}));
  func.removeArgAttrsAttr();
  func.removeResAttrsAttr();
  func.getBody().takeBody(code);
  return success();
}

} // namespace dsc::cpu
