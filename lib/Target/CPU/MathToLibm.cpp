//===- MathToLibm.cpp - dsc-cpu-approximate-math --------------------------===//
//
// The pass, and the calls of libm for what has no formula: f64, where accuracy
// comes first, and functions too rare to be worth one.
//
//===----------------------------------------------------------------------===//
#include "FloatBuilder.h"
#include "MathLowering.h"

#include "dsc/Target/CPU/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace dsc::cpu {

#define GEN_PASS_DEF_CPUAPPROXIMATEMATH
#include "dsc/Target/CPU/Passes.h.inc"

namespace {

template <typename Op> std::pair<StringRef, StringRef> entry(StringRef function) {
  return {Op::getOperationName(), function};
}

/// The f64 functions; those of f32 have an `f` appended.
const llvm::StringMap<StringRef> &functions() {
  static const llvm::StringMap<StringRef> table = {
      entry<math::AcosOp>("acos"),   entry<math::AcoshOp>("acosh"), entry<math::AsinOp>("asin"),
      entry<math::AsinhOp>("asinh"), entry<math::AtanOp>("atan"),   entry<math::Atan2Op>("atan2"),
      entry<math::AtanhOp>("atanh"), entry<math::CbrtOp>("cbrt"),   entry<math::CosOp>("cos"),
      entry<math::CoshOp>("cosh"),   entry<math::ErfOp>("erf"),     entry<math::ErfcOp>("erfc"),
      entry<math::ExpOp>("exp"),     entry<math::Exp2Op>("exp2"),   entry<math::ExpM1Op>("expm1"),
      entry<math::LogOp>("log"),     entry<math::Log10Op>("log10"), entry<math::Log1pOp>("log1p"),
      entry<math::Log2Op>("log2"),   entry<math::PowFOp>("pow"),    entry<math::SinOp>("sin"),
      entry<math::SinhOp>("sinh"),   entry<math::TanOp>("tan"),     entry<math::TanhOp>("tanh")};
  return table;
}

LLVM::LLVMFuncOp declare(ModuleOp module, StringRef name, Type type, unsigned numArguments) {
  if (auto known = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
    return known;
  auto b = OpBuilder::atBlockBegin(module.getBody());
  SmallVector<Type> arguments(numArguments, type);
  return LLVM::LLVMFuncOp::create(b, module.getLoc(), name,
                                  LLVM::LLVMFunctionType::get(type, arguments));
}

struct CpuApproximateMath : impl::CpuApproximateMathBase<CpuApproximateMath> {
  using CpuApproximateMathBase::CpuApproximateMathBase;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (isa<math::MathDialect>(op->getDialect()))
        ops.push_back(op);
    });
    for (Operation *op : ops)
      replace(op);
  }

private:
  void replace(Operation *op);
  Value lower(Operation *op, ImplicitLocOpBuilder &b);
  Value lowerWidened(Operation *op, ImplicitLocOpBuilder &b, Type wide, bool isInteger);
  Value lowerSpecial(Operation *op, ImplicitLocOpBuilder &b);
};

void CpuApproximateMath::replace(Operation *op) {
  ImplicitLocOpBuilder b(op->getLoc(), op);
  if (Value value = lower(op, b)) {
    op->getResult(0).replaceAllUsesWith(value);
    op->erase();
  }
}

/// Ops that are nothing but others.
Value CpuApproximateMath::lowerSpecial(Operation *op, ImplicitLocOpBuilder &b) {
  // Not every processor has the instruction; where it does, this is contracted.
  if (auto fma = dyn_cast<math::FmaOp>(op)) {
    FloatBuilder f(b, fma.getType());
    return f.mulAdd(fma.getA(), fma.getB(), fma.getC());
  }
  if (auto power = dyn_cast<math::FPowIOp>(op)) {
    Value exponent = arith::SIToFPOp::create(b, power.getType(), power.getRhs());
    auto general = math::PowFOp::create(b, power.getLhs(), exponent);
    Value value = lower(general, b);
    general.erase();
    return value;
  }
  return {};
}

/// Computes `op` at element type `wide` and converts back.
Value CpuApproximateMath::lowerWidened(Operation *op, ImplicitLocOpBuilder &b, Type wide,
                                       bool isInteger) {
  Type type = op->getResult(0).getType();
  Type wideType = wide;
  if (auto vector = dyn_cast<VectorType>(type))
    wideType = vector.clone(wide);
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(isInteger ? Value(arith::SIToFPOp::create(b, wideType, operand))
                                 : Value(arith::ExtFOp::create(b, wideType, operand)));
  OperationName name =
      isInteger ? OperationName(math::PowFOp::getOperationName(), b.getContext()) : op->getName();
  OperationState state(b.getLoc(), name, operands, {wideType});
  Operation *widened = b.create(state);
  Value value = lower(widened, b);
  if (value)
    widened->erase();
  else
    value = widened->getResult(0);
  return isInteger ? Value(arith::FPToSIOp::create(b, type, value))
                   : Value(arith::TruncFOp::create(b, type, value));
}

Value CpuApproximateMath::lower(Operation *op, ImplicitLocOpBuilder &b) {
  Type element = getElementTypeOrSelf(op->getResult(0));
  bool hasFunction = functions().contains(op->getName().getStringRef());
  if (isa<math::IPowIOp>(op))
    return lowerWidened(op, b, b.getF64Type(), /*isInteger=*/true);
  if (hasFunction && (element.isF16() || element.isBF16()))
    return lowerWidened(op, b, b.getF32Type(), /*isInteger=*/false);
  if (Value value = lowerSpecial(op, b))
    return value;
  if (polynomials && element.isF32()) {
    if (Value value = approximate(op, b)) {
      ++numApproximated;
      return value;
    }
  }
  unsigned calls = 0;
  Value value = callLibm(op, cast<ModuleOp>(getOperation()), b, calls);
  numCalls += calls;
  return value;
}

} // namespace

Value callLibm(Operation *op, ModuleOp module, ImplicitLocOpBuilder &b, unsigned &numCalls) {
  auto it = functions().find(op->getName().getStringRef());
  if (it == functions().end())
    return {};
  Type element = getElementTypeOrSelf(op->getResult(0));
  std::string name = (it->second + (element.isF32() ? "f" : "")).str();
  LLVM::LLVMFuncOp function = declare(module, name, element, op->getNumOperands());
  auto vector = dyn_cast<VectorType>(op->getResult(0).getType());
  if (!vector) {
    ++numCalls;
    return LLVM::CallOp::create(b, function, op->getOperands()).getResult();
  }
  Value result = arith::ConstantOp::create(b, b.getZeroAttr(vector));
  for (int64_t lane = 0; lane < vector.getNumElements(); ++lane) {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(vector::ExtractOp::create(b, operand, ArrayRef<int64_t>{lane}));
    Value value = LLVM::CallOp::create(b, function, operands).getResult();
    result = vector::InsertOp::create(b, value, result, ArrayRef<int64_t>{lane});
    ++numCalls;
  }
  return result;
}

} // namespace dsc::cpu
