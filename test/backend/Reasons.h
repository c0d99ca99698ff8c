//===- Reasons.h - Why a backend test may not pass ------------------------===//
//
// A closed list: a test either passes or is refused with a message that one of
// these recognizes. Anything else is a failure of the run.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TEST_BACKEND_REASONS_H
#define DSC_TEST_BACKEND_REASONS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace dsc::backend {

struct Reason {
  llvm::StringLiteral key;     // as the table names it
  llvm::StringLiteral meaning; // as docs/Coverage.md explains it
  llvm::StringLiteral pattern; // of the importer's messages, an extended regular expression
};

llvm::ArrayRef<Reason> allReasons();

/// The first reason that recognizes the message; null if none does.
const Reason *findReason(llvm::StringRef message);

/// The reason of tests whose results are random; they run, but only types are compared.
const Reason &randomValues();

/// Why no two programs can be expected to agree on the test, as a message that a reason
/// recognizes; empty for all but the tests of a closed list.
llvm::StringRef whyIllConditioned(llvm::StringRef test);

} // namespace dsc::backend

#endif // DSC_TEST_BACKEND_REASONS_H
