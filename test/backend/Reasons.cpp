//===- Reasons.cpp - Why a backend test may not pass ----------------------===//

#include "Reasons.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Regex.h"

using namespace dsc::backend;

static constexpr Reason reasons[] = {
    {"random values", "the results are random; the test runs, and types and shapes are compared",
     "^random values$"},
    {"ill-conditioned",
     "one rounding decides the result, or the derivative; the interpreter passes",
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
  // All weights of these models are 0.02, so that their 1000 logits are equal by symmetry, and
  // large (squeezenet: 9.475692e9, where f32 has steps of 1024). Channels summed in another order
  // differ by e^1024 after the softmax, and what is 0 by symmetry in the derivative is the
  // rounding of huge terms that cancel.
  constexpr llvm::StringLiteral symmetric[] = {"test_light_inception_v1", "test_light_resnet50",
                                               "test_light_squeezenet", "test_light_vgg19"};
  return llvm::is_contained(symmetric, test) ? "one rounding decides: its logits are huge and equal"
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
