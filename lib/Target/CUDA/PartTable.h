//===- PartTable.h - One launch for many tensors --------------------------===//
//
// Launches of a batch compute the same on tensors of different sizes, so that one
// function, which is told the sizes, does for all. Each is a *part* of the launch: a
// matrix of so many rows and columns, some blocks of threads of its own, and buffers of
// its own, which a table in step.cu lists by their places in the arena. What all parts
// read at the same place, such as the learning rate, is an argument as ever.
//
//   arguments of the kernel   w, g, lr -> new w
//   buffers of a part         w (also new w, which is written there), g
//   shared                    lr
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_TARGET_CUDA_PARTTABLE_H
#define DSC_LIB_TARGET_CUDA_PARTTABLE_H

#include "KernelEmitter.h"

#include "dsc/Analysis/Placement.h"

namespace dsc::cuda {

struct PartTable {
  struct Part {
    const PlacedCall *call;
    int64_t firstBlock, rows, columns;
    llvm::SmallVector<int64_t> offsets; // of the buffers, in bytes
  };

  KernelForm form;                           // of the first part
  llvm::SmallVector<PartArgument> arguments; // operands, then results
  llvm::SmallVector<unsigned> buffers;       // which argument each buffer is
  llvm::SmallVector<std::string> spans;      // of buffers: PerElement<const float>
  llvm::SmallVector<unsigned> shared;        // which argument each parameter is
  std::vector<Part> parts;
  int64_t blocks = 0;

  /// The type of the function's first parameter.
  std::string type() const;
};

/// The table of launches that have one signature. An argument that lies at one place in all
/// of them is shared; of those that share memory part by part, such as a parameter and its
/// new value, one is a buffer.
PartTable planParts(llvm::ArrayRef<PlacedCall> calls,
                    llvm::function_ref<exec::KernelOp(const PlacedCall &)> kernelOf);

/// The calls from `first` that run as one launch: a batch, or one call.
llvm::ArrayRef<PlacedCall> batchAt(llvm::ArrayRef<PlacedCall> calls, size_t first);

/// The code of the kernel for any size, with neutral names; empty where there is none.
std::string batchSignature(mlir::Region &kernel);

} // namespace dsc::cuda

#endif // DSC_LIB_TARGET_CUDA_PARTTABLE_H
