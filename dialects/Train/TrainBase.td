//===- TrainBase.td - The train dialect, its types and op classes ---------===//
#ifndef DSC_TRAIN_BASE_TD
#define DSC_TRAIN_BASE_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "TrainInterfaces.td"

def Train_Dialect : Dialect {
  let name = "train";
  let cppNamespace = "::dsc::train";
  let summary = "Training programs on one logical device";
  let description = [{
    Tensor operations at the granularity of ONNX and of good kernels, and the
    shape of a training step. All tensors are ranked and statically shaped;
    scalars are tensors of rank 0. Elementwise operations never broadcast:
    `train.broadcast` says it. A small *core* (elementwise, reduce, shape,
    dot, conv, indexing) is closed under differentiation; a *whole* op
    (softmax, layer_norm, attention, ...) stays whole where the fused form is
    more stable or faster, has a derivative of its own, and can always be
    decomposed into the core.

    What passes ask of an op are interfaces that stand beside it:
    `DifferentiableOpInterface` (vector-Jacobian product),
    `DecomposableOpInterface`, `ShardingRuleOpInterface` (factors),
    `LinearOpInterface`, `PrecisionOpInterface`, `CostOpInterface` (flops,
    bytes), `EvaluationOpInterface` (what the op is outside training) and
    `ChannelBlocksOpInterface` (tensors whose channels lie in blocks).
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
}

def Train_Tensor : StaticShapeTensorOf<[AnyType]>;
def Train_FloatTensor : StaticShapeTensorOf<[AnyFloat]>;
def Train_IntTensor : StaticShapeTensorOf<[AnyInteger]>;
def Train_BoolTensor : StaticShapeTensorOf<[I1]>;
def Train_IndexTensor : StaticShapeTensorOf<[I32, I64]>;
class Train_Scalar<Type element, string name, string builder>
    : Type<0DTensorOf<[element]>.predicate, "scalar tensor of " # name, "::mlir::RankedTensorType">,
      BuildableType<"::mlir::RankedTensorType::get({}, $_builder." # builder # ")">;
def Train_ScalarF32 : Train_Scalar<F32, "f32", "getF32Type()">;
def Train_ScalarBool : Train_Scalar<I1, "bool", "getI1Type()">;
def Train_ScalarI64 : Train_Scalar<I64, "i64", "getI64Type()">;

// The methods an op declares by name; each is defined beside the op.
def Train_Vjp : DeclareOpInterfaceMethods<Train_DifferentiableOpInterface, ["buildVjp"]>;
def Train_Decompose : DeclareOpInterfaceMethods<Train_DecomposableOpInterface, ["decompose"]>;
def Train_Sharding : DeclareOpInterfaceMethods<Train_ShardingRuleOpInterface, ["getShardingRule"]>;
def Train_ChannelBlocks
    : DeclareOpInterfaceMethods<Train_ChannelBlocksOpInterface, ["buildOnBlocks"]>;
def Train_Evaluation : DeclareOpInterfaceMethods<Train_EvaluationOpInterface, ["buildEvaluation"]>;
def Train_Linear : DeclareOpInterfaceMethods<Train_LinearOpInterface>; // in all operands
def Train_LinearIn : DeclareOpInterfaceMethods<Train_LinearOpInterface, ["isLinearIn"]>;
def Train_Flops : DeclareOpInterfaceMethods<Train_CostOpInterface, ["getFlops"]>;
def Train_Precision : DeclareOpInterfaceMethods<Train_PrecisionOpInterface, ["getPrecision"]>;

class Train_Op<string mnemonic, list<Trait> traits = []> : Op<Train_Dialect, mnemonic, traits>;

// A pure operation on tensors. Flops: one per result element unless Train_Flops says otherwise.
class Train_TensorOp<string mnemonic, list<Trait> traits = []>
    : Train_Op<mnemonic, !listconcat([Pure, Train_Sharding, Train_Flops], traits)>;

// C++ of the interface methods that whole families share.
defvar ElementwiseShardingDef = [{
  ::dsc::train::ShardingRule $cppClass::getShardingRule() {
    return ::dsc::train::elementwiseShardingRule(getOperation());
  }
}];
defvar OneFlopDef = [{
  int64_t $cppClass::getFlops() { return ::dsc::train::countResultElements(getOperation()); }
}];
defvar NoFlopsDef = [{
  int64_t $cppClass::getFlops() { return 0; }
}];
defvar ComputesLowDef = [{
  ::dsc::train::Precision $cppClass::getPrecision() {
    return ::dsc::train::Precision::ComputesLow;
  }
}];
defvar NeedsF32Def = [{
  ::dsc::train::Precision $cppClass::getPrecision() {
    return ::dsc::train::Precision::NeedsF32;
  }
}];


#endif // DSC_TRAIN_BASE_TD
