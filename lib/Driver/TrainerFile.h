//===- TrainerFile.h - A program with its weights behind it ---------------===//
//
// The layout is docs/TrainerFormat.md's. Many weights take as long to write as the
// kernels to compile, so a thread writes them meanwhile, behind room for the program.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_DRIVER_TRAINERFILE_H
#define DSC_LIB_DRIVER_TRAINERFILE_H

#include "lib/Driver/Scratch.h"
#include "lib/Driver/Weights.h"

#include <string>
#include <thread>

namespace dsc {

/// Writes a safetensors image of the values; returns its size.
uint64_t writeWeights(llvm::raw_ostream &os, llvm::ArrayRef<InitialValue> weights);

class TrainerFile {
public:
  /// The trainer `binary`, whose weights go to the file `beside` if there is one. Begins to write
  /// them if they are many. All must outlive this object.
  TrainerFile(const ScratchFile &binary, const ScratchFile *beside,
              llvm::ArrayRef<InitialValue> weights);
  ~TrainerFile();

  /// Copies the linked program at `from`.
  llvm::Error takeProgram(llvm::StringRef from);
  /// Writes the rest: the weights, the input model's skeleton, and where both are.
  llvm::Error finish(llvm::StringRef model);

private:
  /// Where a section lies in the trainer; size 0: not there.
  struct Section {
    uint64_t at = 0, size = 0;
  };
  void writeEarly(const ScratchFile &file, uint64_t at);
  llvm::Error waitForWeights();
  llvm::Error finishWeights();
  llvm::Error copyProgram(llvm::StringRef program);

  const ScratchFile &binary, *beside;
  llvm::ArrayRef<InitialValue> weights;
  Section placed;
  std::thread writer;
  bool areWritten = false; // by the thread, or about to be
  std::string failure;     // of the thread
};

} // namespace dsc

#endif // DSC_LIB_DRIVER_TRAINERFILE_H
