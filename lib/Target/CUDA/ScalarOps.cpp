//===- ScalarOps.cpp - Scalar operations in CUDA --------------------------===//
#include "ScalarOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <charconv>

using namespace mlir;

namespace dsc::cuda {

//===----------------------------------------------------------------------===//
// Building blocks
//===----------------------------------------------------------------------===//

static bool isHalf(Type type) { return type.isF16() || type.isBF16(); }

StringRef kernelTypeOf(Type type) {
  if (type.isF16())
    return "__half";
  if (type.isBF16())
    return "__nv_bfloat16";
  if (type.isF32())
    return "float";
  if (type.isF64())
    return "double";
  static const llvm::DenseMap<unsigned, StringRef> integers = {
      {1, "bool"}, {8, "int8_t"}, {16, "int16_t"}, {32, "int32_t"}, {64, "int64_t"}};
  return integers.at(type.getIntOrFloatBitWidth());
}

Type CodeBuilder::typeOf(Type type) const {
  if (isHalf(type))
    return widens ? Type(b.getF32Type())
                  : emitc::OpaqueType::get(b.getContext(), kernelTypeOf(type));
  return isa<IndexType>(type) ? indexType : type;
}

Value CodeBuilder::literal(const Twine &text, Type type) {
  return emitc::LiteralOp::create(b, loc, type, text.str());
}

/// The shortest decimal text that reads back as the same number.
static std::string floatText(const APFloat &value, bool isDouble) {
  if (value.isNaN())
    return isDouble ? "nan(\"\")" : "nanf(\"\")";
  if (value.isInfinity())
    return value.isNegative() ? "-INFINITY" : "INFINITY";
  char digits[64];
  auto end = isDouble ? std::to_chars(digits, std::end(digits), value.convertToDouble()).ptr
                      : std::to_chars(digits, std::end(digits), value.convertToFloat()).ptr;
  std::string text(digits, end);
  if (text.find_first_of(".e") == std::string::npos)
    text += ".0";
  return text + (isDouble ? "" : "f");
}

Value CodeBuilder::constant(TypedAttr attr) {
  Type type = typeOf(attr.getType());
  if (auto number = dyn_cast<FloatAttr>(attr)) {
    std::string text = floatText(number.getValue(), type.isF64());
    if (auto half = dyn_cast<emitc::OpaqueType>(type))
      text = (half.getValue() + "(" + text + ")").str();
    return literal(text, type);
  }
  auto number = dyn_cast<IntegerAttr>(attr);
  if (!number)
    return {};
  if (type.isInteger(1))
    return literal(number.getValue().isZero() ? "false" : "true", type);
  int64_t value = number.getValue().getSExtValue();
  if (value == INT64_MIN)
    return literal("INT64_MIN", type);
  bool isWide = type.isInteger(64) && value != static_cast<int32_t>(value);
  return literal(Twine(value) + (isWide ? "ll" : ""), type);
}

Value CodeBuilder::call(StringRef function, Type result, ValueRange operands,
                        ArrayRef<StringRef> templateArguments) {
  ArrayAttr arguments;
  if (!templateArguments.empty()) {
    SmallVector<Attribute> list;
    for (StringRef argument : templateArguments)
      list.push_back(emitc::OpaqueAttr::get(b.getContext(), argument));
    arguments = b.getArrayAttr(list);
  }
  return emitc::CallOpaqueOp::create(b, loc, TypeRange(result), function, operands, ArrayAttr(),
                                     arguments)
      .getResult(0);
}

Value CodeBuilder::cast(Value value, Type type) {
  return value.getType() == type ? value : emitc::CastOp::create(b, loc, type, value);
}

Value CodeBuilder::widen(Value value) {
  auto half = dyn_cast<emitc::OpaqueType>(value.getType());
  if (!half)
    return value;
  StringRef text;
  if (auto constant = value.getDefiningOp<emitc::LiteralOp>())
    text = constant.getValue();
  if (text.consume_front(half.getValue()) && text.consume_front("(") && text.consume_back(")"))
    return literal(text, b.getF32Type());
  return cast(value, b.getF32Type());
}

//===----------------------------------------------------------------------===//
// The registry
//===----------------------------------------------------------------------===//

namespace {
using Build = std::function<Value(CodeBuilder &, Operation &, ValueRange)>;

struct Entry {
  Build build;
  StringRef noun;
  bool takesHalves = false; // else they are computed in f32, and rounded
};

class Registry {
public:
  Registry();
  const Entry *find(Operation *op) const {
    auto it = entries.find(op->getName().getTypeID());
    return it == entries.end() ? nullptr : &it->second;
  }

private:
  void addFloats();
  void addIntegers();
  void addCasts();
  void addFunctions();

  template <typename OpTy> void add(StringRef noun, Build build, bool takesHalves = false) {
    entries[TypeID::get<OpTy>()] = {std::move(build), noun, takesHalves};
  }
  /// An operator of C with the same meaning; half types have those of floats.
  template <typename OpTy, typename Target> void addOperator(StringRef noun) {
    auto build = [](CodeBuilder &code, Operation &op, ValueRange operands) -> Value {
      Type type = op.getResult(0).getType();
      return Target::create(code.b, code.loc, code.typeOf(type), operands[0], operands[1]);
    };
    add<OpTy>(noun, build, /*takesHalves=*/true);
  }
  /// Conditions have operators of their own in C.
  template <typename OpTy, typename Logical, typename Bitwise> void addLogical(StringRef noun) {
    add<OpTy>(noun, [](CodeBuilder &code, Operation &op, ValueRange operands) -> Value {
      Type type = op.getResult(0).getType();
      if (type.isInteger(1))
        return Logical::create(code.b, code.loc, type, operands[0], operands[1]);
      return Bitwise::create(code.b, code.loc, type, operands[0], operands[1]);
    });
  }
  /// A function of the C library or of runtime/device/cuda/Kernel.h; floats of C
  /// have an f at the end of the name.
  template <typename OpTy> void addFunction(StringRef name, StringRef noun, bool isC = true) {
    auto build = [name, isC](CodeBuilder &code, Operation &op, ValueRange operands) {
      Type type = code.typeOf(op.getResult(0).getType());
      std::string callee = name.str() + (isC && type.isF32() ? "f" : "");
      return code.call(callee, type, operands);
    };
    add<OpTy>(noun, build, /*takesHalves=*/!isC);
  }
  /// Integers wrap around in MLIR, which C leaves undefined for signed ones.
  template <typename OpTy, typename Target> void addWrapping(StringRef name, StringRef noun) {
    add<OpTy>(noun, [name](CodeBuilder &code, Operation &op, ValueRange operands) -> Value {
      Type type = op.getResult(0).getType();
      if (isa<IndexType>(type))
        return Target::create(code.b, code.loc, code.indexType, operands[0], operands[1]);
      return code.call(name, type, operands);
    });
  }
  /// An operator on unsigned integers, between casts.
  template <typename OpTy, typename Target> void addUnsigned(StringRef noun) {
    add<OpTy>(noun, [](CodeBuilder &code, Operation &op, ValueRange operands) -> Value {
      Type type = code.typeOf(op.getResult(0).getType());
      Type bits =
          IntegerType::get(type.getContext(), type.getIntOrFloatBitWidth(), IntegerType::Unsigned);
      Value result = Target::create(code.b, code.loc, bits, code.cast(operands[0], bits),
                                    code.cast(operands[1], bits));
      return code.cast(result, type);
    });
  }

  llvm::DenseMap<TypeID, Entry> entries;
};
} // namespace

static Value compare(CodeBuilder &code, emitc::CmpPredicate predicate, Value a, Value b) {
  return emitc::CmpOp::create(code.b, code.loc, code.b.getI1Type(), predicate, a, b);
}

static Value negate(CodeBuilder &code, Value condition) {
  return emitc::LogicalNotOp::create(code.b, code.loc, code.b.getI1Type(), condition);
}

static Value eitherOf(CodeBuilder &code, Value a, Value b) {
  return emitc::LogicalOrOp::create(code.b, code.loc, code.b.getI1Type(), a, b);
}

/// The comparisons of C are ordered, except !=.
static Value buildCmpF(CodeBuilder &code, Operation &op, ValueRange x) {
  using P = arith::CmpFPredicate;
  using C = emitc::CmpPredicate;
  auto is = [&](C predicate) { return compare(code, predicate, x[0], x[1]); };
  auto isNaN = [&](Value value) { return compare(code, C::ne, value, value); };
  switch (cast<arith::CmpFOp>(op).getPredicate()) {
  case P::AlwaysFalse:
    return code.literal("false", code.b.getI1Type());
  case P::AlwaysTrue:
    return code.literal("true", code.b.getI1Type());
  case P::OEQ:
    return is(C::eq);
  case P::OGT:
    return is(C::gt);
  case P::OGE:
    return is(C::ge);
  case P::OLT:
    return is(C::lt);
  case P::OLE:
    return is(C::le);
  case P::ONE:
    return eitherOf(code, is(C::lt), is(C::gt));
  case P::ORD:
    return negate(code, eitherOf(code, isNaN(x[0]), isNaN(x[1])));
  case P::UEQ:
    return negate(code, eitherOf(code, is(C::lt), is(C::gt)));
  case P::UGT:
    return negate(code, is(C::le));
  case P::UGE:
    return negate(code, is(C::lt));
  case P::ULT:
    return negate(code, is(C::ge));
  case P::ULE:
    return negate(code, is(C::gt));
  case P::UNE:
    return is(C::ne);
  case P::UNO:
    return eitherOf(code, isNaN(x[0]), isNaN(x[1]));
  }
  llvm_unreachable("unknown predicate");
}

static Value buildCmpI(CodeBuilder &code, Operation &op, ValueRange x) {
  using P = arith::CmpIPredicate;
  using C = emitc::CmpPredicate;
  P predicate = cast<arith::CmpIOp>(op).getPredicate();
  static const llvm::DenseMap<unsigned, C> table = {
      {unsigned(P::eq), C::eq},  {unsigned(P::ne), C::ne},  {unsigned(P::slt), C::lt},
      {unsigned(P::sle), C::le}, {unsigned(P::sgt), C::gt}, {unsigned(P::sge), C::ge},
      {unsigned(P::ult), C::lt}, {unsigned(P::ule), C::le}, {unsigned(P::ugt), C::gt},
      {unsigned(P::uge), C::ge}};
  Value a = x[0], b = x[1];
  if (predicate >= P::ult) {
    Type bits = IntegerType::get(code.b.getContext(), a.getType().getIntOrFloatBitWidth(),
                                 IntegerType::Unsigned);
    a = code.cast(a, bits);
    b = code.cast(b, bits);
  }
  return compare(code, table.lookup(unsigned(predicate)), a, b);
}

static Value buildSelect(CodeBuilder &code, Operation &op, ValueRange x) {
  return emitc::ConditionalOp::create(code.b, code.loc, code.typeOf(op.getResult(0).getType()),
                                      x[0], x[1], x[2]);
}

/// A C cast, which takes a narrower signed integer for its value; i1 is unsigned in C.
static Value buildCast(CodeBuilder &code, Operation &op, ValueRange x) {
  return code.cast(x[0], code.typeOf(op.getResult(0).getType()));
}

/// -1 where a signed i1 is true.
static Value buildSignedCast(CodeBuilder &code, Operation &op, ValueRange x) {
  Type type = code.typeOf(op.getResult(0).getType());
  Value value = code.cast(x[0], type);
  if (x[0].getType().isInteger(1))
    return emitc::UnaryMinusOp::create(code.b, code.loc, type, value);
  return value;
}

static Value buildUnsignedCast(CodeBuilder &code, Operation &op, ValueRange x) {
  Type from = x[0].getType();
  Value value = x[0];
  if (!from.isInteger(1))
    value = code.cast(value, IntegerType::get(code.b.getContext(), from.getIntOrFloatBitWidth(),
                                              IntegerType::Unsigned));
  return code.cast(value, code.typeOf(op.getResult(0).getType()));
}

/// The lowest bits; for i1 C would ask for any bit.
static Value buildTruncation(CodeBuilder &code, Operation &op, ValueRange x) {
  Type type = op.getResult(0).getType(), from = x[0].getType();
  if (!type.isInteger(1))
    return code.cast(x[0], type);
  Value low = emitc::BitwiseAndOp::create(code.b, code.loc, from, x[0], code.integer(1, from));
  return code.cast(low, type);
}

static Value buildFloatToUnsigned(CodeBuilder &code, Operation &op, ValueRange x) {
  Type type = op.getResult(0).getType();
  if (type.isInteger(1))
    return code.cast(x[0], type);
  Type bits =
      IntegerType::get(code.b.getContext(), type.getIntOrFloatBitWidth(), IntegerType::Unsigned);
  return code.cast(code.cast(x[0], bits), type);
}

void Registry::addFloats() {
  addOperator<arith::AddFOp, emitc::AddOp>("sum");
  addOperator<arith::SubFOp, emitc::SubOp>("difference");
  addOperator<arith::MulFOp, emitc::MulOp>("product");
  addOperator<arith::DivFOp, emitc::DivOp>("quotient");
  add<arith::NegFOp>(
      "negative",
      [](CodeBuilder &code, Operation &op, ValueRange x) -> Value {
        return emitc::UnaryMinusOp::create(code.b, code.loc, x[0].getType(), x[0]);
      },
      /*takesHalves=*/true);
  addFunction<arith::RemFOp>("fmod", "remainder");
  addFunction<arith::MaximumFOp>("maximum", "greater", false);
  addFunction<arith::MinimumFOp>("minimum", "lesser", false);
  addFunction<arith::MaxNumFOp>("fmax", "greater");
  addFunction<arith::MinNumFOp>("fmin", "lesser");
  add<arith::CmpFOp>("condition", buildCmpF, /*takesHalves=*/true);
}

void Registry::addIntegers() {
  addWrapping<arith::AddIOp, emitc::AddOp>("wrapAdd", "sum");
  addWrapping<arith::SubIOp, emitc::SubOp>("wrapSubtract", "difference");
  addWrapping<arith::MulIOp, emitc::MulOp>("wrapMultiply", "product");
  addOperator<arith::DivSIOp, emitc::DivOp>("quotient");
  addOperator<arith::RemSIOp, emitc::RemOp>("remainder");
  addUnsigned<arith::DivUIOp, emitc::DivOp>("quotient");
  addUnsigned<arith::RemUIOp, emitc::RemOp>("remainder");
  addFunction<arith::FloorDivSIOp>("floorDivide", "quotient", false);
  addFunction<arith::CeilDivSIOp>("ceilDivide", "quotient", false);
  addLogical<arith::AndIOp, emitc::LogicalAndOp, emitc::BitwiseAndOp>("both");
  addLogical<arith::OrIOp, emitc::LogicalOrOp, emitc::BitwiseOrOp>("either");
  addOperator<arith::XOrIOp, emitc::BitwiseXorOp>("exclusive");
  addUnsigned<arith::ShLIOp, emitc::BitwiseLeftShiftOp>("shifted");
  addUnsigned<arith::ShRUIOp, emitc::BitwiseRightShiftOp>("shifted");
  addOperator<arith::ShRSIOp, emitc::BitwiseRightShiftOp>("shifted");
  addFunction<arith::MaxSIOp>("maximum", "greater", false);
  addFunction<arith::MinSIOp>("minimum", "lesser", false);
  add<arith::MaxUIOp>("greater", [](CodeBuilder &code, Operation &op, ValueRange x) {
    return code.call("maximumUnsigned", code.typeOf(op.getResult(0).getType()), x);
  });
  add<arith::MinUIOp>("lesser", [](CodeBuilder &code, Operation &op, ValueRange x) {
    return code.call("minimumUnsigned", code.typeOf(op.getResult(0).getType()), x);
  });
  add<arith::CmpIOp>("condition", buildCmpI);
  add<arith::SelectOp>("chosen", buildSelect, /*takesHalves=*/true);
}

void Registry::addCasts() {
  add<arith::ExtFOp>("widened", buildCast);
  add<arith::TruncFOp>("narrowed", buildCast, /*takesHalves=*/true); // from f64 at once
  add<arith::IndexCastOp>("position", buildSignedCast);
  add<arith::IndexCastUIOp>("position", buildUnsignedCast);
  add<arith::SIToFPOp>("number", buildSignedCast);
  add<arith::UIToFPOp>("number", buildUnsignedCast);
  add<arith::FPToSIOp>("integer", buildCast);
  add<arith::FPToUIOp>("integer", buildFloatToUnsigned);
  add<arith::ExtSIOp>("widened", buildSignedCast);
  add<arith::ExtUIOp>("widened", buildUnsignedCast);
  add<arith::TruncIOp>("narrowed", buildTruncation);
  add<arith::BitcastOp>(
      "bits",
      [](CodeBuilder &code, Operation &op, ValueRange x) {
        Type type = op.getResult(0).getType();
        return code.call("bitCast", code.typeOf(type), x, {kernelTypeOf(type)});
      },
      /*takesHalves=*/true);
}

void Registry::addFunctions() {
  addFunction<math::AbsFOp>("fabs", "absolute");
  addFunction<math::AbsIOp>("magnitude", "absolute", false);
  addFunction<math::AcosOp>("acos", "angle");
  addFunction<math::AcoshOp>("acosh", "angle");
  addFunction<math::AsinOp>("asin", "angle");
  addFunction<math::AsinhOp>("asinh", "angle");
  addFunction<math::AtanOp>("atan", "angle");
  addFunction<math::AtanhOp>("atanh", "angle");
  addFunction<math::Atan2Op>("atan2", "angle");
  addFunction<math::CbrtOp>("cbrt", "root");
  addFunction<math::CeilOp>("ceil", "rounded");
  addFunction<math::CopySignOp>("copysign", "signed_value");
  addFunction<math::CosOp>("cos", "cosine");
  addFunction<math::CoshOp>("cosh", "cosine");
  addFunction<math::ErfOp>("erf", "error_function");
  addFunction<math::ErfcOp>("erfc", "error_function");
  addFunction<math::ExpOp>("exp", "exponential");
  addFunction<math::Exp2Op>("exp2", "exponential");
  addFunction<math::ExpM1Op>("expm1", "exponential");
  addFunction<math::FloorOp>("floor", "rounded");
  addFunction<math::FmaOp>("fma", "sum");
  addFunction<math::LogOp>("log", "logarithm");
  addFunction<math::Log10Op>("log10", "logarithm");
  addFunction<math::Log1pOp>("log1p", "logarithm");
  addFunction<math::Log2Op>("log2", "logarithm");
  addFunction<math::PowFOp>("pow", "power");
  addFunction<math::RoundOp>("round", "rounded");
  addFunction<math::RoundEvenOp>("rint", "rounded");
  addFunction<math::RsqrtOp>("rsqrt", "reciprocal_root");
  addFunction<math::SinOp>("sin", "sine");
  addFunction<math::SinhOp>("sinh", "sine");
  addFunction<math::SqrtOp>("sqrt", "root");
  addFunction<math::TanOp>("tan", "tangent");
  addFunction<math::TanhOp>("tanh", "hyperbolic_tangent");
  addFunction<math::TruncOp>("trunc", "rounded");
}

Registry::Registry() {
  addFloats();
  addIntegers();
  addCasts();
  addFunctions();
}

static const Registry &registry() {
  static const Registry registry;
  return registry;
}

Value buildScalarOp(CodeBuilder &code, Operation &op, ValueRange operands) {
  const Entry *entry = registry().find(&op);
  if (!entry || llvm::is_contained(operands, Value()))
    return {};
  if (entry->takesHalves)
    return entry->build(code, op, operands);
  CodeBuilder wide = code;
  wide.widens = true;
  SmallVector<Value> values;
  for (Value operand : operands)
    values.push_back(wide.widen(operand));
  return code.cast(entry->build(wide, op, values), code.typeOf(op.getResult(0).getType()));
}

StringRef getResultNoun(Operation *op) {
  const Entry *entry = registry().find(op);
  return entry ? entry->noun : "value";
}

StringRef getReduction(Operation *op) {
  static const llvm::DenseMap<TypeID, StringRef> table = {
      {TypeID::get<arith::AddFOp>(), "Sum"},
      {TypeID::get<arith::AddIOp>(), "Sum"},
      {TypeID::get<arith::MulFOp>(), "Product"},
      {TypeID::get<arith::MulIOp>(), "Product"},
      {TypeID::get<arith::MaximumFOp>(), "Maximum"},
      {TypeID::get<arith::MaxSIOp>(), "Maximum"},
      {TypeID::get<arith::MinimumFOp>(), "Minimum"},
      {TypeID::get<arith::MinSIOp>(), "Minimum"},
      {TypeID::get<arith::MaxNumFOp>(), "MaximumNumber"},
      {TypeID::get<arith::MinNumFOp>(), "MinimumNumber"},
      {TypeID::get<arith::MaxUIOp>(), "MaximumUnsigned"},
      {TypeID::get<arith::MinUIOp>(), "MinimumUnsigned"},
      {TypeID::get<arith::AndIOp>(), "And"},
      {TypeID::get<arith::OrIOp>(), "Or"},
      {TypeID::get<arith::XOrIOp>(), "ExclusiveOr"}};
  auto it = table.find(op->getName().getTypeID());
  return it == table.end() ? StringRef() : it->second;
}

} // namespace dsc::cuda
