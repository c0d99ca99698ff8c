//===- Inspect.cpp - What --inspect prints --------------------------------===//

#include "dsc/Frontend/ONNX/Importer.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

namespace dsc::onnx {

/// Names of nodes and lists of shapes can have any length; one line is to be read.
static constexpr size_t longestName = 120, longestText = 400;

/// Whether a byte continues a character of UTF-8.
static bool isContinuation(char c) { return (c & 0xc0) == 0x80; }

/// A text without its middle if it is long. The report in JSON has all of it.
static std::string shorten(llvm::StringRef text, size_t most) {
  if (text.size() <= most)
    return text.str();
  size_t head = most / 4 * 3, tail = text.size() - most / 4;
  while (head > 0 && isContinuation(text[head]))
    --head;
  while (tail < text.size() && isContinuation(text[tail]))
    ++tail;
  return llvm::formatv("{0} ...({1} more)... {2}", text.take_front(head), tail - head,
                       text.drop_front(tail));
}

/// The length of the longest of a column, for alignment.
template <typename Rows, typename Column> static size_t width(const Rows &rows, Column column) {
  size_t most = 0;
  for (const auto &row : rows)
    most = std::max(most, shorten(column(row), longestName).size());
  return most;
}

static void pad(llvm::raw_ostream &os, llvm::StringRef text, size_t columns) {
  std::string shown = shorten(text, longestName);
  os << shown;
  os.indent(columns - std::min(columns, shown.size()) + 2);
}

/// How many tensors have the role, and how many elements together.
static void printTotal(const ImportResult &result, llvm::StringRef role, llvm::raw_ostream &os) {
  int64_t count = 0, elements = 0;
  for (const TensorReport &row : result.tensors)
    if (row.role == role) {
      ++count;
      elements += row.elements;
    }
  os << count << " " << role << (role == "parameter" && count != 1 ? "s" : "");
  if (count)
    os << llvm::formatv(" ({0:N})", elements);
}

static void printTensors(const ImportResult &result, llvm::raw_ostream &os) {
  size_t names = width(result.tensors, [](const TensorReport &row) { return row.name; });
  size_t types = width(result.tensors, [](const TensorReport &row) { return row.type; });
  os << "tensors (name, type, role, uses, why)\n";
  for (const TensorReport &row : result.tensors) {
    os << "  ";
    pad(os, row.name, names);
    pad(os, row.type, types);
    pad(os, row.role, 9);
    os << llvm::format("%4zu  ", row.uses.size()) << shorten(row.why, longestText) << "\n";
  }
  os << "  together: ";
  llvm::interleaveComma(llvm::ArrayRef{"parameter", "state", "frozen", "constant"}, os,
                        [&](llvm::StringRef role) { printTotal(result, role, os); });
  os << "\n";
}

static void printOperators(const ImportResult &result, llvm::raw_ostream &os) {
  size_t names = width(result.operators, [](const OperatorReport &row) { return row.op; });
  os << "operators (name, count, gradient, first node)\n";
  for (const OperatorReport &row : result.operators) {
    os << "  ";
    pad(os, row.op, names);
    os << llvm::format("%5lld  ", static_cast<long long>(row.count));
    pad(os, row.status, 11);
    os << shorten(row.node, longestName);
    if (!row.message.empty())
      os << ": " << shorten(row.message, longestText);
    os << "\n";
  }
}

static void printSlots(llvm::StringRef title, llvm::ArrayRef<SlotReport> slots,
                       llvm::raw_ostream &os) {
  size_t names = width(slots, [](const SlotReport &row) { return row.name; });
  size_t types = width(slots, [](const SlotReport &row) { return row.type; });
  os << title << "\n";
  for (const SlotReport &row : slots) {
    os << "  ";
    pad(os, row.name, names);
    pad(os, row.type, types);
    llvm::interleave(
        row.notes, [&](const std::string &note) { os << shorten(note, longestText); },
        [&] { os << "\n", os.indent(names + types + 6); });
    os << "\n";
  }
}

void printInspection(const ImportResult &result, llvm::raw_ostream &os) {
  printTensors(result, os);
  printOperators(result, os);
  printSlots("inputs (name, type, what it looks like)", result.inputs, os);
  printSlots("outputs (name, type, losses that fit)", result.outputs, os);
  for (const std::string &note : result.notes)
    os << "note: " << shorten(note, 2 * longestText) << "\n";
}

static void writeStrings(llvm::StringRef key, llvm::ArrayRef<std::string> strings,
                         llvm::json::OStream &json) {
  json.attributeArray(key, [&] {
    for (const std::string &text : strings)
      json.value(llvm::json::fixUTF8(text));
  });
}

static void writeSlots(llvm::StringRef key, llvm::ArrayRef<SlotReport> slots,
                       llvm::json::OStream &json) {
  json.attributeArray(key, [&] {
    for (const SlotReport &row : slots)
      json.object([&] {
        json.attribute("name", llvm::json::fixUTF8(row.name));
        json.attribute("type", llvm::json::fixUTF8(row.type));
        writeStrings("notes", row.notes, json);
      });
  });
}

void printInspectionJson(const ImportResult &result, llvm::raw_ostream &os) {
  llvm::json::OStream json(os, 2);
  json.object([&] {
    json.attributeArray("tensors", [&] {
      for (const TensorReport &row : result.tensors)
        json.object([&] {
          json.attribute("name", llvm::json::fixUTF8(row.name));
          json.attribute("type", row.type);
          json.attribute("elements", row.elements);
          json.attribute("role", row.role);
          json.attribute("trainable", row.trainable);
          writeStrings("uses", row.uses, json);
          json.attribute("why", llvm::json::fixUTF8(row.why));
        });
    });
    json.attributeArray("operators", [&] {
      for (const OperatorReport &row : result.operators)
        json.object([&] {
          json.attribute("op", llvm::json::fixUTF8(row.op));
          json.attribute("count", row.count);
          json.attribute("status", row.status);
          json.attribute("node", llvm::json::fixUTF8(row.node));
          json.attribute("message", llvm::json::fixUTF8(row.message));
        });
    });
    writeSlots("inputs", result.inputs, json);
    writeSlots("outputs", result.outputs, json);
    writeStrings("notes", result.notes, json);
  });
  os << "\n";
}

} // namespace dsc::onnx
