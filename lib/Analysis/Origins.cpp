//===- Origins.cpp - What locations say of an op --------------------------===//

#include "dsc/Analysis/Origins.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace dsc;

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

/// The metadata of a gradient's location; null for other locations. An array, since walks over
/// locations do not enter one: whose gradient it is says nothing of where it came from.
static ArrayAttr gradientMetadata(Location loc) {
  auto fused = dyn_cast<FusedLoc>(loc);
  return fused ? dyn_cast_if_present<ArrayAttr>(fused.getMetadata()) : nullptr;
}

Location dsc::gradientLoc(Location loc) {
  if (gradientMetadata(loc)) {
    return loc;
  }
  MLIRContext *context = loc.getContext();
  return FusedLoc::get(context, loc, ArrayAttr::get(context, UnitAttr::get(context)));
}

void dsc::setGradientOf(OpResult gradient, Location of) {
  Operation *op = gradient.getOwner();
  ArrayAttr metadata = gradientMetadata(op->getLoc());
  if (!metadata) {
    return;
  }
  MLIRContext *context = op->getContext();
  SmallVector<Attribute> targets(metadata.getValue());
  targets.resize(op->getNumResults(), UnitAttr::get(context));
  Attribute &target = targets[gradient.getResultNumber()];
  target = isa<UnitAttr>(target) ? LocationAttr(of) : target;
  op->setLoc(FusedLoc::get(context, cast<FusedLoc>(op->getLoc()).getLocations(),
                           ArrayAttr::get(context, targets)));
}

void dsc::passGradientsOn(Operation *op, ValueRange parts) {
  ArrayAttr metadata = gradientMetadata(op->getLoc());
  if (!metadata || metadata.size() != parts.size()) {
    return;
  }
  for (auto [target, part] : llvm::zip_equal(metadata, parts)) {
    auto result = dyn_cast<OpResult>(part);
    if (result && result.getOwner()->getLoc() == op->getLoc() && isa<LocationAttr>(target)) {
      auto none = ArrayAttr::get(op->getContext(), UnitAttr::get(op->getContext()));
      result.getOwner()->setLoc(
          FusedLoc::get(op->getContext(), cast<FusedLoc>(op->getLoc()).getLocations(), none));
      setGradientOf(result, Location(cast<LocationAttr>(target)));
    }
  }
}

std::optional<Location> dsc::gradientOf(Location loc) {
  ArrayAttr metadata = gradientMetadata(loc);
  if (!metadata || metadata.size() != 1 || !isa<LocationAttr>(metadata[0])) {
    return std::nullopt;
  }
  return Location(cast<LocationAttr>(metadata[0]));
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

static constexpr StringLiteral kResults = "results";

Location dsc::kernelLoc(ArrayRef<Location> nests, ArrayRef<Location> results) {
  Builder builder(nests.front().getContext());
  SmallVector<Attribute> each(results.begin(), results.end());
  NamedAttribute entry = builder.getNamedAttr(kResults, builder.getArrayAttr(each));
  llvm::SetVector<Location> all(nests.begin(), nests.end());
  return FusedLoc::get(builder.getContext(), all.getArrayRef(), builder.getDictionaryAttr(entry));
}

Location dsc::originOfResult(OpResult result) {
  Location loc = result.getOwner()->getLoc();
  auto fused = dyn_cast<FusedLoc>(loc);
  auto metadata = fused ? dyn_cast_if_present<DictionaryAttr>(fused.getMetadata()) : nullptr;
  auto results = metadata ? metadata.getAs<ArrayAttr>(kResults) : nullptr;
  if (!results) {
    return loc;
  }
  Location own = cast<LocationAttr>(results[result.getResultNumber()]);
  return originsOf(own).empty() ? loc : own;
}

//===----------------------------------------------------------------------===//
// Whole ops
//===----------------------------------------------------------------------===//

Location dsc::wholeOpLoc(Operation *root, ValueRange leaves, StringRef name) {
  llvm::SetVector<Operation *> parts;
  parts.insert(root);
  auto isPart = [&](Operation *op) {
    return llvm::none_of(op->getResults(),
                         [&](Value x) { return llvm::is_contained(leaves, x); }) &&
           op->getNumOperands() > 0 && op->getBlock() == root->getBlock() &&
           llvm::all_of(op->getUsers(), [&](Operation *user) { return parts.contains(user); });
  };
  // Users are parts before what they use: a value of several users comes up again with the last.
  for (size_t i = 0; i < parts.size(); ++i) {
    for (Value operand : parts[i]->getOperands()) {
      if (Operation *op = operand.getDefiningOp(); op && isPart(op)) {
        parts.insert(op);
      }
    }
  }
  llvm::SetVector<Location> locations;
  for (Operation *part : parts) {
    locations.insert(part->getLoc());
  }
  return FusedLoc::get(root->getContext(), locations.getArrayRef(),
                       StringAttr::get(root->getContext(), name));
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// Reads names such as "node '/blocks.0/Add' (Add, opset 20)" and "initializer 'w'".
static Origin parseOrigin(StringRef text) {
  auto [name, rest] = text.split('\'').second.split('\'');
  name.consume_front("node_");
  return {name, rest.split('(').second.split(',').first, text.starts_with("initializer")};
}

/// `around`: what the locations around say of the names within.
static void collectOrigins(Location loc, Origin around, SmallVectorImpl<Origin> &origins) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    Origin origin = parseOrigin(name.getName().getValue());
    origin.type = around.type.empty() ? origin.type : around.type;
    origin.isGradient = around.isGradient;
    bool isKnown = llvm::any_of(origins, [&](const Origin &o) { return o.name == origin.name; });
    if (!origin.name.empty() && !isKnown) { // else the model as a whole
      origins.push_back(origin);
    }
    collectOrigins(name.getChildLoc(), around, origins);
  } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
    around.isGradient |= gradientMetadata(loc) != nullptr;
    if (auto type = dyn_cast_if_present<StringAttr>(fused.getMetadata())) {
      around.type = type.getValue();
    }
    for (Location part : fused.getLocations()) {
      collectOrigins(part, around, origins);
    }
  }
}

SmallVector<Origin> dsc::originsOf(Location loc) {
  SmallVector<Origin> origins;
  collectOrigins(loc, {}, origins);
  return origins;
}
