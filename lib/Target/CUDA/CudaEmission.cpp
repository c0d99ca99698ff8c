//===- CudaEmission.cpp - From placed exec IR to CUDA sources -------------===//
#include "dsc/Target/CUDA/CudaEmission.h"

#include "KernelEmitter.h"
#include "KernelModule.h"
#include "StepText.h"
#include "Translate.h"

#include "mlir/Dialect/EmitC/IR/EmitC.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace dsc::cuda {

static std::vector<PlacedProgram> placeAll(ModuleOp exec, Placement &placement) {
  std::vector<PlacedProgram> programs;
  for (auto program : exec.getOps<exec::ProgramOp>())
    programs.push_back(placement.place(program));
  return programs;
}

FailureOr<OwningOpRef<ModuleOp>> emitKernelModule(ModuleOp exec) {
  exec.getContext()->loadDialect<emitc::EmitCDialect>();
  Placement placement(exec);
  FailureOr<KernelModule> kernels = buildKernels(exec, placeAll(exec, placement));
  if (failed(kernels))
    return failure();
  return std::move(kernels->module);
}

/// "head(a, b, c" with the arguments on lines of their own.
static std::string breakSignature(StringRef line) {
  constexpr size_t width = 100;
  auto [head, arguments] = line.split(") void ");
  auto [name, list] = arguments.split('(');
  std::string text = (head + ") void " + name + "(\n    ").str();
  size_t column = 4;
  SmallVector<StringRef> parts;
  list.split(parts, ", ");
  for (auto [index, part] : llvm::enumerate(parts)) {
    bool breaks = column + part.size() + 2 > width;
    if (index > 0)
      text += breaks ? ",\n    " : ", ";
    column = (breaks ? 4 : column) + part.size() + 2;
    text += part;
  }
  return text;
}

/// Pointers: "float * x" is written "float *x".
static std::string tidyPointers(std::string line) {
  for (size_t at = line.find("* "); at != std::string::npos; at = line.find("* ", at))
    line.erase(at + 1, 1);
  return line;
}

/// The first lines of kernels, of which long ones are broken, and what looks up buffers.
static std::string tidySignatures(StringRef kernels) {
  SmallVector<StringRef> lines;
  kernels.split(lines, '\n');
  std::string text;
  for (StringRef line : lines) {
    std::string tidy = line.str();
    if (line.starts_with("__global__")) {
      tidy = tidyPointers(tidy);
      tidy = tidy.size() > 100 ? breakSignature(tidy) : tidy;
    } else if (line.contains((" = " + kPartName + ".at<").str())) {
      tidy = tidyPointers(tidy);
    }
    text += tidy + '\n';
  }
  return text;
}

/// The toolkit's headers of half types, as far as the sources use them.
static std::string halfHeaders(StringRef kernels, StringRef step) {
  const std::pair<StringRef, StringRef> headers[] = {{"__half", "cuda_fp16.h"},
                                                     {"__nv_bfloat16", "cuda_bf16.h"}};
  std::string text;
  for (auto [type, header] : headers)
    if (kernels.contains(type) || step.contains(type))
      text += ("#include <" + header + ">\n").str();
  return text.empty() ? "" : "\n" + text;
}

/// What stands before each kernel's body, as declarations.
static std::string declarationsOf(StringRef kernels, StringRef step) {
  std::string text = "// Declarations of kernels.cu.\n#pragma once\n"
                     "#include \"device/cuda/Kernel.h\"\n" +
                     halfHeaders(kernels, step) + "\nusing namespace dsc::cuda;\n\n";
  for (size_t at = kernels.find("\n__global__"); at != StringRef::npos;
       at = kernels.find("\n__global__", at + 1))
    text += (kernels.slice(at + 1, kernels.find(" {", at)) + ";\n").str();
  return text;
}

FailureOr<CudaSources> emitSources(ModuleOp exec, StringRef description) {
  exec.getContext()->loadDialect<emitc::EmitCDialect>();
  Placement placement(exec);
  std::vector<PlacedProgram> programs = placeAll(exec, placement);
  FailureOr<KernelModule> kernels = buildKernels(exec, programs);
  if (failed(kernels))
    return failure();
  FailureOr<std::string> text = translate(*kernels->module);
  if (failed(text))
    return failure();
  text = tidySignatures(*text);
  FailureOr<std::string> step = stepText(programs, *kernels);
  if (failed(step))
    return failure();
  CudaSources sources;
  sources.kernels = "// The kernels of this model, in the order in which the step first launches "
                    "them.\n#include \"kernels.h\"\n" +
                    *text;
  sources.header = declarationsOf(*text, *step);
  sources.step = *step;
  sources.programs = programsHeader(programs);
  sources.module = moduleText(programs, placement.getConstants(), description);
  return sources;
}

} // namespace dsc::cuda
