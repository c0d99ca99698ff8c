//===- KernelNeeds.h - In which stages a value is needed ------------------===//
//
// Element work is evaluated on demand inside the loop over Q of each stage that
// needs it. The needs of a statement follow from those of its readers, and end
// where a value is kept: in a result's buffer (always) or in scratch memory
// (the plan decides).
//
//===----------------------------------------------------------------------===//
#ifndef DSC_ANALYSIS_KERNELNEEDS_H
#define DSC_ANALYSIS_KERNELNEEDS_H

#include "dsc/Analysis/KernelAnalysis.h"

#include <set>

namespace dsc {

/// Ascending stages; the first is the one that computes the value, the others
/// compute it again or read where it was kept.
using NeedMap = llvm::DenseMap<mlir::Operation *, std::set<unsigned>>;

/// True if every value of this element work is a result of the kernel.
bool isStored(const KernelAnalysis &kernel, const Statement &statement);

/// `keepInScratch` is asked once for each statement needed in several stages
/// and not stored anyway, readers before what they read.
NeedMap findNeeds(const KernelAnalysis &kernel,
                  llvm::function_ref<bool(const Statement &)> keepInScratch);

} // namespace dsc

#endif // DSC_ANALYSIS_KERNELNEEDS_H
