//===- Coverage.h - docs/Coverage.md --------------------------------------===//
//
// The page has one section for each set of tests, between comments that name it:
// a run renews or checks the section of the sets it ran.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TEST_BACKEND_COVERAGE_H
#define DSC_TEST_BACKEND_COVERAGE_H

#include "Batch.h"

namespace dsc::backend {

/// The section's table: per operator how many tests pass, and why others do not.
std::string makeTable(llvm::ArrayRef<std::unique_ptr<Outcome>> outcomes);

/// The list of reasons, which is a section too.
std::string listReasons();

/// The page with the section's text replaced; none if it has no such section.
std::optional<std::string> replaceSection(llvm::StringRef page, llvm::StringRef section,
                                          llvm::StringRef text);

} // namespace dsc::backend

#endif // DSC_TEST_BACKEND_COVERAGE_H
