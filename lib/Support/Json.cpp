//===- Json.cpp - JSON that strangers wrote -------------------------------===//
//
// LLVM's parser descends by recursion and has no hook for names, so a walk over the
// text goes ahead of it. The walk only has to be right about text that is JSON.
//
//===----------------------------------------------------------------------===//

#include "dsc/Support/Json.h"

#include "llvm/ADT/StringSet.h"

using namespace dsc;
using namespace llvm;

static constexpr size_t kDeepestNesting = 64;

namespace {
class Walk {
public:
  explicit Walk(StringRef text) : rest(text) {}

  Error run() {
    while (!rest.empty()) {
      if (Error error = step()) {
        return error;
      }
    }
    return Error::success();
  }

private:
  Error step() {
    char c = rest.front();
    if (c == '"') {
      takeString();
      return Error::success();
    }
    rest = rest.drop_front();
    if (c == '{' || c == '[') {
      open.emplace_back();
    } else if ((c == '}' || c == ']') && !open.empty()) {
      open.pop_back();
    }
    if (open.size() > kDeepestNesting) {
      return createStringError("it is nested deeper than " + Twine(kDeepestNesting));
    }
    return c == ':' ? addName() : Error::success();
  }

  void takeString() {
    size_t end = 1;
    while (end < rest.size() && rest[end] != '"') {
      end += rest[end] == '\\' ? 2 : 1;
    }
    lastString = rest.take_front(end + 1);
    rest = rest.drop_front(std::min(end + 1, rest.size()));
  }

  /// The last string is the name of a field.
  Error addName() {
    auto name = json::parse(lastString);
    std::optional<StringRef> text = name ? name->getAsString() : std::nullopt;
    consumeError(name.takeError());
    if (text && !open.empty() && !open.back().insert(*text).second) {
      return createStringError("field '" + *text + "' stands twice in an object");
    }
    return Error::success();
  }

  StringRef rest, lastString;
  std::vector<StringSet<>> open; // names of the objects that are open; lists have none
};
} // namespace

Expected<json::Value> dsc::parseJson(StringRef text) {
  if (Error error = Walk(text).run()) {
    return error;
  }
  return json::parse(text);
}
