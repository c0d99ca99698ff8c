//===- Passes.td - Passes of the CPU target ---------------*- tablegen -*-===//
//
// From kernels on tensors to the LLVM dialect, one function at a time.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TARGET_CPU_PASSES
#define DSC_TARGET_CPU_PASSES

include "mlir/Pass/PassBase.td"

def CpuKernelsToLoops : Pass<"dsc-cpu-kernels-to-loops", "::mlir::func::FuncOp"> {
  let summary = "turn kernels on tensors into vectorized loops on pointers";
  let description = [{
    A function whose arguments and results are tensors is a kernel (see
    KernelAnalysis.h for what its body may contain). It becomes a function of
    type `(i64, i64, !llvm.ptr)`: the first and last part to compute, and the
    array of buffers. Memory is accessed by LLVM loads and stores of vectors,
    values are computed by arith and math at vector type, loops are scf.

    Problem: generic loops over linalg are scalar, store every intermediate
    value, and cannot be divided among threads.
    Method: one loop nest for all generics of the kernel, planned first
    (KernelPlan.h): dims merged, lanes along the cheapest dim, reductions in
    several accumulators, intermediate values in registers or scratch memory.
    Guarantees: parts may run in any order and at the same time, and any division
    into parts gives the same bits; nothing out of bounds is accessed.

    ```mlir
    func.func @relu(%x: tensor<64xf32>) -> tensor<64xf32> {...}
    // becomes
    func.func @relu(%begin: i64, %end: i64, %buffers: !llvm.ptr) {
      ...
      scf.for %part = %begin to %end step %c1 : i64 {
        %v = llvm.load %address : !llvm.ptr -> vector<16xf32>
        %r = arith.maximumf %v, %zero : vector<16xf32>
        ...
    ```
  }];
  let options = [
    Option<"cpu", "cpu", "std::string", "\"native\"",
           "processor to generate code for: native, generic or a name known to LLVM">,
  ];
  let statistics = [
    Statistic<"numKernels", "kernels", "kernels turned into loops">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect",
  ];
}

def CpuApproximateMath : Pass<"dsc-cpu-approximate-math"> {
  let summary = "replace math functions by polynomials, or by calls of libm";
  let description = [{
    Problem: a call of libm per lane is some 20 times slower than a vector of
    polynomials.
    Method: f32 functions (and f16 and bf16 ones, widened) become a few
    multiplications and additions each, at scalar and vector type alike; the
    error is at most a few units in the last place, and infinities, NaN, signed
    zeros and subnormals behave as in libm. f64 functions and rare ones become
    calls of libm, lane by lane.
    Guarantees: no op of math is left but those that are instructions.

    ```mlir
    %y = math.exp %x : vector<16xf32>
    // becomes, with x = n * ln 2 + r,
    %p = ... polynomial in %r ...
    %y = arith.mulf %p, %power_of_two : vector<16xf32>
    ```
  }];
  let options = [Option<"polynomials", "polynomials", "bool", "true",
                        "replace f32 functions by polynomials, too">];
  let statistics = [
    Statistic<"numApproximated", "approximated", "ops replaced by polynomials">,
    Statistic<"numCalls", "calls", "scalar calls of libm">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
    "::mlir::vector::VectorDialect",
  ];
}

def CpuLoopsToLLVM : Pass<"dsc-cpu-loops-to-llvm", "::mlir::func::FuncOp"> {
  let summary = "lower the bodies of kernels to the LLVM dialect";
  let description = [{
    Converts control flow, arith, math and vector inside a function, so that all
    functions of a module are converted at the same time. What is left to convert
    in the module is the functions themselves (convert-func-to-llvm).

    Without instructions for it, f32 -> bf16 is done by integer arithmetic, as
    LLVM would call a routine that C libraries do not have.
  }];
  let options = [
    Option<"cpu", "cpu", "std::string", "\"native\"",
           "processor to generate code for: native, generic or a name known to LLVM">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::vector::VectorDialect",
  ];
}

#endif // DSC_TARGET_CPU_PASSES
