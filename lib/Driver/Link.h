//===- Link.h - From object files to a trainer ----------------------------===//
#ifndef DSC_LIB_DRIVER_LINK_H
#define DSC_LIB_DRIVER_LINK_H

#include "lib/Driver/Scratch.h"
#include "lib/Driver/Weights.h"
#include "llvm/Support/Error.h"

namespace dsc {

/// Links `objects` with the runtime's libraries, which lie beside this tool.
llvm::Error linkTrainer(llvm::ArrayRef<std::string> objects, const ScratchFile &output);

/// Copies a program that another tool has written at `from`.
llvm::Error copyProgram(llvm::StringRef from, const ScratchFile &to);

/// Writes a safetensors image of the values; returns its size.
uint64_t writeWeights(llvm::raw_ostream &os, llvm::ArrayRef<InitialValue> weights);

/// Appends initial weights and the input model's skeleton (docs/TrainerFormat.md)
/// to the trainer `binary`; the weights go to the file `beside`, if there is one.
llvm::Error appendPayload(const ScratchFile &binary, llvm::ArrayRef<InitialValue> weights,
                          const ScratchFile *beside, llvm::StringRef model);

} // namespace dsc

#endif // DSC_LIB_DRIVER_LINK_H
