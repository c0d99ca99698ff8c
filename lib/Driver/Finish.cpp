//===- Finish.cpp - The files that stay -----------------------------------===//
//
// A stage as text where --emit asks for one, or the trainer with its plan and
// weights: all of them or none.
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Compilation.h"
#include "lib/Driver/OnnxSkeleton.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"

using namespace mlir;
using namespace dsc;

/// Weights above this lie beside the trainer unless the user says otherwise.
static constexpr int64_t kWeightsInsideLimit = int64_t(1) << 30;

bool Compilation::writesToStdout() const {
  bool isText = options.emit == "train" || options.emit == "exec" || options.emit == "llvm";
  return isInspection() || (isText && options.output.empty());
}

/// Prints to the output if one is named, else to stdout; then stops.
int Compilation::writeText(Operation *op) {
  if (options.output.empty()) {
    op->print(llvm::outs());
    llvm::outs() << '\n';
    return kStop;
  }
  return writeOutput(output, [op](llvm::raw_ostream &os) {
    op->print(os);
    os << '\n';
  });
}

/// Writes the one file that was asked for; then stops.
int Compilation::writeOutput(const std::string &file,
                             llvm::function_ref<void(llvm::raw_ostream &)> write) {
  auto pending = ScratchFile::pending(file);
  if (!pending) {
    return fail(pending.takeError());
  }
  if (llvm::Error error = writeFile(*pending, write)) {
    return fail(std::move(error));
  }
  if (llvm::Error error = pending->keep()) {
    return fail(std::move(error));
  }
  return kStop;
}

//===----------------------------------------------------------------------===//
// The trainer
//===----------------------------------------------------------------------===//

bool Compilation::weightsLieBeside() const {
  int64_t bytes = 0;
  for (const InitialValue &value : weights) {
    bytes += static_cast<int64_t>(value.bytes().size());
  }
  return options.weights == "beside" || (options.weights == "auto" && bytes > kWeightsInsideLimit);
}

/// The input model without the values that travel as weights, for --export-onnx.
std::string Compilation::modelSkeleton() const {
  if (!onnxModel) {
    return {};
  }
  llvm::StringSet<> names;
  for (const InitialValue &value : weights) {
    names.insert(value.name);
  }
  return makeSkeleton(*onnxModel, names, restoration);
}

/// Moves the files to their final names; if one cannot be moved, none stays.
static llvm::Error keepAll(llvm::MutableArrayRef<ScratchFile> files,
                           llvm::ArrayRef<std::string> names) {
  ignoreSignals();
  for (size_t i = 0; i < files.size(); ++i) {
    if (llvm::Error failed = files[i].keep()) {
      for (const std::string &name : names.take_front(i)) {
        llvm::sys::fs::remove(name);
      }
      return failed;
    }
  }
  return llvm::Error::success();
}

/// Opens what the trainer consists of. Large weights are written from now on.
llvm::Error Compilation::openResults() {
  // The trainer comes last: where it is, the others are.
  results.names = {output + ".plan.json", output};
  bool liesBeside = weightsLieBeside();
  if (liesBeside) {
    results.names.insert(results.names.begin(), output + ".weights.safetensors");
  }
  for (const std::string &name : results.names) {
    auto file = ScratchFile::pending(name);
    if (!file) {
      return file.takeError();
    }
    results.files.push_back(std::move(*file));
  }
  results.trainer.emplace(results.files.back(), liesBeside ? &results.files.front() : nullptr,
                          weights);
  return llvm::Error::success();
}

/// Of a trainer that has its program.
llvm::Error Compilation::finishResults() {
  if (llvm::Error error = results.trainer->finish(modelSkeleton())) {
    return error;
  }
  const ScratchFile &planFile = results.files.end()[-2];
  if (llvm::Error error = writeFile(planFile, [this](llvm::raw_ostream &os) { writePlan(os); })) {
    return error;
  }
  return keepAll(results.files, results.names);
}
