//===- FusionGroup.h - Loop nests that share one kernel -------------------===//
//
// A group has one iteration domain: dimensions `sizes`, of which the first
// `parallel` are P and the rest Q (the target's kernel contract). `parallel` is
// open while every member is elementwise over the whole domain. A member runs
// over the whole domain or, once P is known, over P alone. Inside a group a
// value is read at the iteration that made it: producer and consumer have equal
// indexing maps.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_LOWERING_FUSIONGROUP_H
#define DSC_LIB_LOWERING_FUSIONGROUP_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace dsc {

class FusionGroup {
public:
  explicit FusionGroup(mlir::linalg::GenericOp first);

  /// Adds the nest if the domain and every value it reads from the group fit.
  /// The group's or the nest's dimensions may be reordered for it.
  bool tryAdd(mlir::linalg::GenericOp nest);
  /// Takes in all of `other` if the domains are equal.
  bool tryMerge(FusionGroup &other);

  bool contains(mlir::Operation *op) const { return llvm::is_contained(nests, op); }

  llvm::SmallVector<mlir::linalg::GenericOp> nests; // in program order

private:
  struct Domain {
    llvm::SmallVector<int64_t> sizes;
    std::optional<unsigned> parallel;
    bool hasReduction = false;
  };

  std::optional<Domain> joinDomains(mlir::linalg::GenericOp nest) const;
  std::optional<llvm::SmallVector<unsigned>> findOrder(mlir::linalg::GenericOp nest) const;
  bool readsInPlace(mlir::linalg::GenericOp nest) const;

  Domain domain;
};

} // namespace dsc

#endif // DSC_LIB_LOWERING_FUSIONGROUP_H
