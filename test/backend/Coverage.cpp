//===- Coverage.cpp - docs/Coverage.md ------------------------------------===//

#include "Coverage.h"
#include "Reasons.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace dsc::backend;

namespace {
struct Row {
  int passed = 0, gradients = 0;
  std::map<std::string, int> refused; // by reason
  std::set<std::string> constants;
};
} // namespace

static void printRow(llvm::raw_ostream &os, llvm::StringRef op, const Row &row) {
  std::vector<std::string> reasons;
  int refused = 0;
  for (const auto &[reason, count] : row.refused) {
    refused += count;
    reasons.push_back(std::to_string(count) + " " + reason);
  }
  os << "| " << op << " | " << row.passed << " | " << row.gradients << " | " << refused << " | "
     << llvm::join(reasons, "; ") << " | " << llvm::join(row.constants, ", ") << " |\n";
}

std::string dsc::backend::makeTable(llvm::ArrayRef<std::unique_ptr<Outcome>> outcomes) {
  std::map<std::string, Row> rows;
  int passed = 0;
  for (const auto &outcome : outcomes) {
    Row &row = rows[outcome->op.empty() ? "(several)" : outcome->op];
    row.gradients += outcome->hasGradient;
    row.constants.insert(outcome->constants.begin(), outcome->constants.end());
    if (outcome->kind == Outcome::Kind::Passed) {
      ++row.passed;
      ++passed;
    } else {
      const Reason *reason = findReason(outcome->message);
      ++row.refused[reason ? reason->key.str() : "**wrong**"];
    }
  }
  std::string text;
  llvm::raw_string_ostream os(text);
  os << passed << " of " << outcomes.size() << " tests pass.\n\n"
     << "| operator | passed | gradient checked | refused | why | inputs taken as constants |\n"
     << "|---|---|---|---|---|---|\n";
  for (const auto &[op, row] : rows) {
    printRow(os, op, row);
  }
  return text;
}

std::string dsc::backend::listReasons() {
  std::string text = "| reason | meaning |\n|---|---|\n";
  for (const Reason &reason : allReasons()) {
    text += ("| " + reason.key + " | " + reason.meaning + " |\n").str();
  }
  return text;
}

std::optional<std::string>
dsc::backend::replaceSection(llvm::StringRef page, llvm::StringRef section, llvm::StringRef text) {
  std::string begin = ("<!-- begin " + section + " -->\n").str();
  std::string end = ("<!-- end " + section + " -->\n").str();
  size_t from = page.find(begin), to = page.find(end);
  if (from == llvm::StringRef::npos || to == llvm::StringRef::npos) {
    return std::nullopt;
  }
  return (page.take_front(from + begin.size()) + text + page.drop_front(to)).str();
}
