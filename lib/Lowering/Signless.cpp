//===- Signless.cpp - Element types as loops and routines have them -------===//

#include "lib/Lowering/Signless.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace dsc;

static AttrTypeReplacer makeReplacer() {
  AttrTypeReplacer replacer;
  replacer.addReplacement([](IntegerType type) -> Type {
    return type.isUnsigned() ? IntegerType::get(type.getContext(), type.getWidth()) : type;
  });
  // The elements stay what they are, whatever their type is called.
  replacer.addReplacement([](DenseElementsAttr attr) -> std::pair<Attribute, WalkResult> {
    bool isUnsigned = attr.getElementType().isUnsignedInteger();
    return {isUnsigned ? attr.bitcast(signless(attr.getElementType())) : attr, WalkResult::skip()};
  });
  return replacer;
}

Type dsc::signless(Type type) { return makeReplacer().replace(type); }

Value dsc::castSign(OpBuilder &builder, Location loc, Value scalar, Type type) {
  if (scalar.getType() == type) {
    return scalar;
  }
  return UnrealizedConversionCastOp::create(builder, loc, type, scalar).getResult(0);
}

void dsc::makeSignless(Operation *program) {
  AttrTypeReplacer replacer = makeReplacer();
  replacer.recursivelyReplaceElementsIn(program, /*replaceAttrs=*/true, /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
  program->walk([](UnrealizedConversionCastOp cast) {
    cast.replaceAllUsesWith(cast.getOperands());
    cast.erase();
  });
}
