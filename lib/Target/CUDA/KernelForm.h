//===- KernelForm.h - How the threads of a grid share a kernel ------------===//
//
// A kernel runs over (P, Q). Its form says which thread does which iterations:
//
//   Elements  a thread per element of P x Q; nothing is reduced
//   Warp      a warp per row of P; lanes stride over Q, shuffles reduce
//   Block     a block per row of P, for long rows
//   Columns   32 neighbouring rows of P per block, so that loads along P are
//             coalesced; the block's second dimension strides over Q
//   Serial    a thread per row, for short rows and for reductions in order
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_TARGET_CUDA_KERNELFORM_H
#define DSC_LIB_TARGET_CUDA_KERNELFORM_H

#include "dsc/Analysis/KernelAnalysis.h"
#include "llvm/ADT/SmallBitVector.h"

#include <optional>

namespace dsc::cuda {

/// Neighbouring dims of the domain that every access walks as one.
struct LoopDim {
  int64_t extent = 1;
  unsigned innermost = 0;               // its stride is the loop's stride
  llvm::SmallVector<unsigned, 2> parts; // dims of the domain, outermost first
};

struct KernelForm {
  enum Kind { Elements, Warp, Block, Columns, Serial } kind = Elements;
  llvm::SmallVector<LoopDim> parallel, inner; // P and Q without dims of extent 1
  int64_t rows = 1, columns = 1;              // their sizes
  int64_t blocks = 1;
  int64_t threadsX = 256, threadsY = 1;

  int64_t perThread = 1; // neighbouring elements that a thread takes at once: 1, or 4 as a vector
  /// Operands, then results, which a thread may touch four elements at a time: those take 16
  /// bytes, and the first of all lies on a multiple of 16 wherever the kernel is launched.
  llvm::SmallBitVector byFours;

  int64_t turns = 0; // in which a thread takes its part of a row by fours; 0 if there are many

  /// Whether a thread's four elements lie behind each other on a multiple of 16 bytes.
  bool isVector(unsigned argument, const LinearAccess &access) const;
  /// The loop that neighbouring threads, or elements of a thread, are neighbours in.
  const LoopDim &lastDim() const { return inner.empty() ? parallel.back() : inner.back(); }

  /// That share a row whose elements they take in turns.
  int64_t threadsPerRow() const { return kind == Block ? threadsX : kind == Warp ? 32 : 1; }

  /// Of elements, where nothing is reduced.
  int64_t rowsPerBlock() const {
    return kind == Block ? 1 : kind == Warp ? threadsX / 32 : threadsX * perThread;
  }

  /// The sizes of P and Q together fit 32 bits, and so does every index.
  bool fitsInt = true;

  /// The code is for parts of any number of rows and columns (PartTable.h); those above
  /// are of one of them.
  bool anySize = false;
};

/// Decides by extents and strides alone, never by what the kernel computes. `aligned` are the
/// operands, then results, that begin on a multiple of 16 bytes wherever it is launched.
KernelForm chooseForm(const KernelAnalysis &kernel, const llvm::SmallBitVector &aligned = {});

/// How much of a part an argument of its kernel holds.
enum class Span { Part, Row, Column, Element };

/// A kernel that does the same whatever its sizes are.
struct AnySizeKernel {
  KernelForm form;
  llvm::SmallVector<Span> spans; // of operands, then results
};

/// Such a kernel walks over all of its tensors, rows or columns behind each other, and
/// uses no index otherwise. None where that is not so.
std::optional<AnySizeKernel> generalize(const KernelAnalysis &kernel);

} // namespace dsc::cuda

#endif // DSC_LIB_TARGET_CUDA_KERNELFORM_H
