//===- Reasons.cpp - Why a backend test may not pass ----------------------===//

#include "Reasons.h"

#include "llvm/Support/Regex.h"

using namespace dsc::backend;

static constexpr Reason reasons[] = {
    {"random values", "the results are random; the test runs, and types and shapes are compared",
     "^random values$"},
    {"ill-conditioned", "one rounding of f32 decides the result; the interpreter passes",
     "^one rounding decides: "},
    {"string", "strings, which no network computes with", "type STRING"},
    {"sequence, optional or map",
     "an input or output of the graph is no tensor; sequences of static length work inside",
     "is not a tensor, which is not supported|is a sequence, expected a tensor|"
     "operator Optional is not supported|its tensors have different shapes"},
    {"narrow type", "element types of 8 bits or less that are no 8-bit integers",
     "type (FLOAT8|FLOAT6|FLOAT4|U?INT[24])"},
    {"other domain", "operators outside ai.onnx: ai.onnx.ml, previews, training graphs",
     "of domain|does not say which opset version"},
    {"data-dependent shape", "how large the result is depends on the data",
     "operator (NonMaxSuppression|Unique) is not supported"},
    {"image or text", "decoding of files and counting of words",
     "operator (ImageDecoder|TfIdfVectorizer|StringNormalizer|RegexFullMatch) is not supported"},
    {"bits of floats", "bits of floats read as integers, or the other way",
     "reading the bits of floats as integers"},
    {"target", "the CPU target has no code for the element type, or none for loops yet",
     "^the compiler reports: .*(is not supported on this target|cannot be lowered to this target)"},
};

llvm::StringRef dsc::backend::whyIllConditioned(llvm::StringRef test) {
  // All weights are 0.02, so that the 1000 logits are equal by symmetry: 9.475692e9, where f32 has
  // steps of 1024. Channels that are summed in another order differ by e^1024 after the softmax.
  return test == "test_light_squeezenet" ? "one rounding decides: its logits are 9.5e9 and equal"
                                         : "";
}

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
