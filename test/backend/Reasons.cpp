//===- Reasons.cpp - Why a backend test may not pass ----------------------===//

#include "Reasons.h"

#include "llvm/Support/Regex.h"

using namespace dsc::backend;

static constexpr Reason reasons[] = {
    {"random values", "the results are random; the test runs, and types and shapes are compared",
     "^random values$"},
    {"string", "strings, which no network computes with", "type STRING"},
    {"sequence, optional or map",
     "an input or output of the graph is no tensor; sequences of static length work inside",
     "is not a tensor, which is not supported|is a sequence, expected a tensor"},
    {"narrow type", "element types of 8 bits or less that are no 8-bit integers",
     "type (FLOAT8|FLOAT6|FLOAT4|U?INT[24])"},
    {"other domain", "operators outside ai.onnx: ai.onnx.ml, previews, training graphs",
     "of domain|does not say which opset version"},
    {"not yet", "no rule has been written",
     "operator [A-Za-z0-9]+ is not supported|is not supported|further outputs are for inference|"
     "expected a float type|have different shapes"},
};

llvm::ArrayRef<Reason> dsc::backend::allReasons() { return reasons; }

const Reason &dsc::backend::randomValues() { return reasons[0]; }

const Reason *dsc::backend::findReason(llvm::StringRef message) {
  for (const Reason &reason : reasons) {
    if (llvm::Regex(reason.pattern).match(message)) {
      return &reason;
    }
  }
  return nullptr;
}
