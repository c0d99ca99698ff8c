//===- Json.h - JSON that strangers wrote ---------------------------------===//
#ifndef DSC_SUPPORT_JSON_H
#define DSC_SUPPORT_JSON_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace dsc {

/// Parses `text`, refusing what LLVM's parser lets through: a name that stands twice in an
/// object, where the last would win, and nesting so deep that its recursion overflows the stack.
llvm::Expected<llvm::json::Value> parseJson(llvm::StringRef text);

} // namespace dsc

#endif // DSC_SUPPORT_JSON_H
