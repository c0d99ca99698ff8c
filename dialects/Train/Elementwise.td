//===- Elementwise.td - One result element per operand element ------------===//
//
// Derivative rules stand in the op's definition as formulas over
//   x (or a, b): operands, y: the result, g: the result's gradient.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TRAIN_ELEMENTWISE_TD
#define DSC_TRAIN_ELEMENTWISE_TD

include "TrainBase.td"

class Train_ElementwiseOp<string mnemonic, list<Trait> traits = []>
    : Train_TensorOp<mnemonic, !listconcat([Elementwise], traits)> {
  code sharedDefs = !strconcat(ElementwiseShardingDef, OneFlopDef);
}

class Train_UnaryOp<string mnemonic, code rule, string meaning, list<Trait> traits = []>
    : Train_ElementwiseOp<mnemonic, !listconcat([SameOperandsAndResultType, Train_Vjp], traits)> {
  let summary = meaning;
  let arguments = (ins Train_FloatTensor:$x);
  let results = (outs Train_FloatTensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let extraClassDefinition = sharedDefs # [{
    ::llvm::LogicalResult $cppClass::buildVjp(::dsc::train::Vjp &vjp) {
      Expr x(vjp.builder, vjp.loc(), getX()), y = x.with(getY()), g = x.with(vjp.grads[0]);
      (void)y;
      }] # rule # [{
      return ::mlir::success();
    }
  }];
}

// `formula` is the gradient of x.
class Train_SmoothUnaryOp<string mnemonic, string formula, string meaning, list<Trait> traits = []>
    : Train_UnaryOp<mnemonic, "vjp.set(0, " # formula # ");", meaning, traits>;

// Piecewise constant: the derivative is zero where it exists.
class Train_StepUnaryOp<string mnemonic, string meaning>
    : Train_UnaryOp<mnemonic, "(void)g;", meaning>;

def Train_NegOp : Train_SmoothUnaryOp<"neg", "-g", "-x", [Train_Linear]>;
def Train_AbsOp : Train_SmoothUnaryOp<"abs", "g * sign(x)", "|x|; derivative 0 at 0, as PyTorch">;
def Train_SignOp : Train_StepUnaryOp<"sign", "-1, 0 or 1; NaN stays NaN">;
def Train_FloorOp : Train_StepUnaryOp<"floor", "largest integer not above x">;
def Train_CeilOp : Train_StepUnaryOp<"ceil", "smallest integer not below x">;
def Train_RoundOp : Train_StepUnaryOp<"round", "nearest integer, ties to even">;
def Train_RoundThroughOp : Train_SmoothUnaryOp<"round_through", "g",
    "nearest integer, ties to even; derivative 1, as if it were x (the straight-through estimator)">;
def Train_StopGradientOp : Train_ElementwiseOp<"stop_gradient",
    [SameOperandsAndResultType, Train_Vjp, Train_Decompose, Train_Linear]> {
  let summary = "x, through which no gradient passes: its derivative counts as 0";
  let description = [{
    What PyTorch calls `detach`. Autodiff has to see it; from then on it is its operand.

    ```mlir
    %y = train.stop_gradient %x : tensor<4x16xf32>
    ```
  }];
  let arguments = (ins Train_FloatTensor:$x);
  let results = (outs Train_FloatTensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let extraClassDefinition = !strconcat(ElementwiseShardingDef, NoFlopsDef, [{
    ::llvm::LogicalResult $cppClass::buildVjp(::dsc::train::Vjp &) { return ::mlir::success(); }
    ::llvm::SmallVector<::mlir::Value> $cppClass::decompose(::mlir::OpBuilder &) { return {getX()}; }
  }]);
}
def Train_ExpOp : Train_SmoothUnaryOp<"exp", "g * y", "e to the x">;
def Train_Expm1Op : Train_SmoothUnaryOp<"expm1", "g * (y + 1.0)", "exp(x) - 1 without cancellation">;
def Train_LogOp : Train_SmoothUnaryOp<"log", "g / x", "natural logarithm">;
def Train_Log1pOp : Train_SmoothUnaryOp<"log1p", "g / (x + 1.0)", "log(1 + x) without cancellation">;
def Train_SqrtOp : Train_SmoothUnaryOp<"sqrt", "g * 0.5 / y", "square root">;
def Train_RsqrtOp : Train_SmoothUnaryOp<"rsqrt", "g * (y * y * y * -0.5)", "1 / sqrt(x)">;
def Train_ReciprocalOp : Train_SmoothUnaryOp<"reciprocal", "-(g * y * y)", "1 / x">;
def Train_TanhOp : Train_SmoothUnaryOp<"tanh", "g * (1.0 - y * y)", "hyperbolic tangent">;
def Train_SigmoidOp : Train_SmoothUnaryOp<"sigmoid", "g * (y * (1.0 - y))", "1 / (1 + exp(-x))">;
def Train_ErfOp : Train_SmoothUnaryOp<"erf", "g * (exp(-(x * x)) * 1.1283791670955126)",
                                      "error function; its derivative is 2/sqrt(pi) exp(-x^2)">;
def Train_SinOp : Train_SmoothUnaryOp<"sin", "g * cos(x)", "sine of x radians">;
def Train_CosOp : Train_SmoothUnaryOp<"cos", "-(g * sin(x))", "cosine of x radians">;
def Train_AtanOp : Train_SmoothUnaryOp<"atan", "g / (x * x + 1.0)", "angle in (-pi/2, pi/2) of tangent x">;
def Train_ReluOp : Train_SmoothUnaryOp<"relu", "select(y > 0.0, g, 0.0)",
                                       "max(x, 0); derivative 0 at 0; NaN stays NaN">;

def Train_GeluApproximation : I32EnumAttr<"GeluApproximation", "how gelu computes Phi", [
    I32EnumAttrCase<"Erf", 0, "erf">, I32EnumAttrCase<"Tanh", 1, "tanh">]> {
  let cppNamespace = "::dsc::train";
  let genSpecializedAttr = 0;
}
def Train_GeluApproximationAttr
    : EnumAttr<Train_Dialect, Train_GeluApproximation, "gelu_approximation">;

def Train_GeluOp : Train_ElementwiseOp<"gelu",
    [SameOperandsAndResultType, Train_Vjp, Train_Decompose]> {
  let summary = "x Phi(x), Phi the normal distribution function";
  let description = [{
    `erf`: Phi(x) = (1 + erf(x / sqrt 2)) / 2. `tanh`: Phi(x) is approximated by
    (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2 (Hendrycks and Gimpel, 2016).

    ```mlir
    %y = train.gelu tanh %x : tensor<4x16xf32>
    ```
  }];
  let arguments = (ins Train_GeluApproximationAttr:$approximation, Train_FloatTensor:$x);
  let results = (outs Train_FloatTensor:$y);
  let assemblyFormat = "$approximation $x attr-dict `:` type($x)";
  let extraClassDefinition = sharedDefs;
}

class Train_BinaryOp<string mnemonic, code rule, string meaning, list<Trait> traits = []>
    : Train_ElementwiseOp<mnemonic, !listconcat([SameOperandsAndResultType, Train_Vjp], traits)> {
  let summary = meaning;
  let arguments = (ins Train_Tensor:$a, Train_Tensor:$b);
  let results = (outs Train_Tensor:$y);
  let assemblyFormat = "$a `,` $b attr-dict `:` type($a)";
  let hasFolder = 1;
  let extraClassDefinition = sharedDefs # [{
    ::llvm::LogicalResult $cppClass::buildVjp(::dsc::train::Vjp &vjp) {
      Expr a(vjp.builder, vjp.loc(), getA()), b = a.with(getB()), y = a.with(getY()),
          g = a.with(vjp.grads[0]);
      (void)b;
      (void)y;
      }] # rule # [{
      return ::mlir::success();
    }
  }];
}

// Formulas for the gradients of a and of b.
class Train_SmoothBinaryOp<string mnemonic, string ofA, string ofB, string meaning,
                           list<Trait> traits = []>
    : Train_BinaryOp<mnemonic,
        "if (vjp.needs(0)) { vjp.set(0, " # ofA # "); } if (vjp.needs(1)) { vjp.set(1, " # ofB # "); }",
        meaning, traits>;

def Train_AddOp : Train_SmoothBinaryOp<"add", "g", "g", "a + b", [Train_Linear]>;
def Train_SubOp : Train_SmoothBinaryOp<"sub", "g", "-g", "a - b", [Train_Linear]>;
def Train_MulOp : Train_SmoothBinaryOp<"mul", "g * b", "g * a", "a b", [Train_LinearIn]>;
def Train_DivOp : Train_SmoothBinaryOp<"div", "g / b", "-(g * y / b)",
                                       "a / b; integers truncate towards zero",
                                       [Train_LinearIn]>;
// trunc(a / b) = (a - y) / b
def Train_RemOp : Train_SmoothBinaryOp<"rem", "g", "-(g * (a - y) / b)",
    "a - trunc(a / b) b, exactly: the remainder with the sign of a (C's fmod)">;
def Train_MaxOp : Train_SmoothBinaryOp<"max",
    "select(a == b, g * 0.5, select(a > b, g, 0.0))", "select(a == b, g * 0.5, select(b > a, g, 0.0))",
    "larger of a and b, NaN if either is; at a tie each gets half the gradient, as PyTorch">;
def Train_MinOp : Train_SmoothBinaryOp<"min",
    "select(a == b, g * 0.5, select(a < b, g, 0.0))", "select(a == b, g * 0.5, select(b < a, g, 0.0))",
    "smaller of a and b, NaN if either is; at a tie each gets half the gradient, as PyTorch">;
def Train_PowOp : Train_SmoothBinaryOp<"pow",
    "select(b == 0.0, a.constant(0.0), g * b * pow(a, b - 1.0))",
    // a^b log a, with the limit 0 at a = 0, b >= 0 (PyTorch's convention, also for a = b = 0).
    "select((a == 0.0) & (b >= 0.0), a.constant(0.0), g * y * log(a))",
    "a to the b">;

class Train_LogicOp<string mnemonic, string meaning>
    : Train_ElementwiseOp<mnemonic, [SameOperandsAndResultType]> {
  let summary = meaning;
  let arguments = (ins Train_IntTensor:$a, Train_IntTensor:$b);
  let results = (outs Train_IntTensor:$y);
  let assemblyFormat = "$a `,` $b attr-dict `:` type($a)";
  let extraClassDefinition = sharedDefs;
}
def Train_AndOp : Train_LogicOp<"and", "bits that both have; of booleans, true where both are">;
def Train_OrOp : Train_LogicOp<"or", "bits that either has; of booleans, true where either is">;
def Train_XorOp : Train_LogicOp<"xor", "bits in which they differ; of booleans, true where exactly one is">;
def Train_ShiftLeftOp : Train_LogicOp<"shift_left",
    "a's bits moved up by b places; 0 where b is negative or the width or more">;
def Train_ShiftRightOp : Train_LogicOp<"shift_right",
    "a / 2^b rounded down; where b is negative or the width or more, only the sign stays: 0 or -1">;

def Train_NotOp : Train_ElementwiseOp<"not", [SameOperandsAndResultType]> {
  let summary = "the other bits; of booleans, true where x is false";
  let arguments = (ins Train_IntTensor:$x);
  let results = (outs Train_IntTensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let extraClassDefinition = sharedDefs;
}

def Train_Comparison : I32EnumAttr<"Comparison", "a relation", [
    I32EnumAttrCase<"EQ", 0, "eq">, I32EnumAttrCase<"NE", 1, "ne">,
    I32EnumAttrCase<"LT", 2, "lt">, I32EnumAttrCase<"LE", 3, "le">,
    I32EnumAttrCase<"GT", 4, "gt">, I32EnumAttrCase<"GE", 5, "ge">]> {
  let cppNamespace = "::dsc::train";
  let genSpecializedAttr = 0;
}
def Train_ComparisonAttr : EnumAttr<Train_Dialect, Train_Comparison, "comparison">;

def Train_CompareOp : Train_ElementwiseOp<"compare",
    [SameTypeOperands, SameOperandsAndResultShape,
     TypesMatchWith<"y is i1 in the operands' shape", "a", "y",
       "::mlir::cast<::mlir::RankedTensorType>($_self).clone("
       "::mlir::IntegerType::get($_self.getContext(), 1))">]> {
  let summary = "i1: whether a stands in the relation to b";
  let description = [{
    Integers compare as signed (unless their type is unsigned). With NaN every
    relation but `ne` is false.

    ```mlir
    %p = train.compare lt %a, %b : tensor<4xf32>
    ```
  }];
  let arguments = (ins Train_ComparisonAttr:$relation, Train_Tensor:$a, Train_Tensor:$b);
  let results = (outs Train_BoolTensor:$y);
  let assemblyFormat = "$relation $a `,` $b attr-dict `:` type($a)";
  let builders = [OpBuilder<(ins "::dsc::train::Comparison":$relation, "::mlir::Value":$a,
                                 "::mlir::Value":$b)>];
  let extraClassDefinition = sharedDefs;
}

def Train_SelectOp : Train_ElementwiseOp<"select",
    [SameOperandsAndResultShape, AllTypesMatch<["a", "b", "y"]>, Train_Vjp]> {
  let summary = "a where the predicate is true, else b";
  let arguments = (ins Train_BoolTensor:$predicate, Train_Tensor:$a, Train_Tensor:$b);
  let results = (outs Train_Tensor:$y);
  let assemblyFormat = "$predicate `,` $a `,` $b attr-dict `:` type($predicate) `,` type($a)";
  let extraClassDefinition = sharedDefs;
}

def Train_ConvertOp : Train_ElementwiseOp<"convert", [SameOperandsAndResultShape, Train_Vjp, Train_LinearIn]> {
  let summary = "conversion to another element type";
  let description = [{
    Float to integer truncates towards zero; to i1 is `x != 0`; i1 to a number
    is 0 or 1; float to a narrower float rounds to nearest even.

    ```mlir
    %y = train.convert %x : tensor<4xi64> to tensor<4xf32>
    ```
  }];
  let arguments = (ins Train_Tensor:$x);
  let results = (outs Train_Tensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `to` type($y)";
  let hasFolder = 1;
  let extraClassDefinition = sharedDefs;
}

#endif // DSC_TRAIN_ELEMENTWISE_TD
