//===- CudaPackage.h - The folder that --emit=cuda writes -----------------===//
#ifndef DSC_LIB_DRIVER_CUDAPACKAGE_H
#define DSC_LIB_DRIVER_CUDAPACKAGE_H

#include "dsc/Target/CUDA/CudaEmission.h"
#include "lib/Driver/Scratch.h"
#include "lib/Driver/TrainerFile.h"
#include "lib/Driver/Weights.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

namespace dsc {

/// What a package holds beside the runtime's sources.
struct CudaPackage {
  std::string model;  // its name
  std::string source; // the input file
  const cuda::CudaSources &sources;
  llvm::ArrayRef<InitialValue> weights;
  std::string skeleton; // the ONNX model without data; empty for .mlir
  std::string plan;     // JSON
};

/// Writes the package into `folder`: a new one, an empty one, or one that holds a
/// package, of which other files are kept.
llvm::Error writeCudaPackage(const CudaPackage &package, const std::string &folder);

/// Says so early if writeCudaPackage() would refuse the folder.
llvm::Error checkCudaFolder(const std::string &folder);

/// A package that is built here and goes again.
class CudaBuildFolder {
public:
  llvm::Error create();
  llvm::Error write(const CudaPackage &package) const;
  const std::string &path() const { return folder->path; }
  /// Runs make and copies the trainer.
  llvm::Error build(TrainerFile &trainer) const;

private:
  std::optional<ScratchFolder> folder;
};

/// The compiler of the CUDA toolkit: $CUDA_HOME/bin/nvcc, on the PATH, or in
/// /usr/local/cuda. Empty where there is none.
std::string findNvcc();

} // namespace dsc

#endif // DSC_LIB_DRIVER_CUDAPACKAGE_H
