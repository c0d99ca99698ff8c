//===- InPlaceRules.h - Which operands a kernel's results may replace ------===//
#ifndef DSC_LIB_LOWERING_INPLACERULES_H
#define DSC_LIB_LOWERING_INPLACERULES_H

#include "dialects/Exec/ExecDialect.h"
#include "dialects/Exec/TargetModel.h"
#include "llvm/ADT/STLExtras.h"

namespace dsc {

/// Asks the target once per kernel.
class InPlaceRules {
public:
  using Pairs = llvm::SmallVector<std::pair<unsigned, unsigned>>; // operand, result

  InPlaceRules(mlir::SymbolTable &symbols, const TargetModel &target)
      : symbols(symbols), target(target) {}

  const Pairs &of(exec::LaunchOp launch) {
    auto [it, isNew] = known.try_emplace(launch.getKernelAttr().getAttr());
    if (isNew) {
      auto kernel = symbols.lookup<exec::KernelOp>(launch.getKernel());
      it->second = target.getInPlacePairs(kernel.getBody());
    }
    return it->second;
  }
  bool allow(exec::LaunchOp launch, unsigned operand, unsigned result) {
    return llvm::is_contained(of(launch), std::pair(operand, result));
  }

private:
  mlir::SymbolTable &symbols;
  const TargetModel &target;
  llvm::DenseMap<mlir::StringAttr, Pairs> known; // by kernel
};

} // namespace dsc

#endif // DSC_LIB_LOWERING_INPLACERULES_H
