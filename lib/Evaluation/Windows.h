//===- Windows.h - Which input elements a sliding window touches ----------===//
#ifndef DSC_EVALUATION_WINDOWS_H
#define DSC_EVALUATION_WINDOWS_H

#include "dialects/Train/Window.h"
#include "dsc/Evaluation/Tensor.h"
#include "llvm/Support/Compiler.h"

#include <vector>

namespace dsc {

/// Per output position and window element of one plane, the input position, or
/// none where it falls into the padding.
struct WindowMap {
  static constexpr size_t kPadding = ~size_t{0};

  size_t inputSize, windowSize, outputSize;
  std::vector<size_t> input; // [output position][window element]

  WindowMap(const train::Window &window, llvm::ArrayRef<int64_t> in, llvm::ArrayRef<int64_t> out)
      : inputSize(static_cast<size_t>(countElements(in))),
        windowSize(static_cast<size_t>(countElements(window.sizes))),
        outputSize(static_cast<size_t>(countElements(out))) {
    llvm::SmallVector<int64_t> strides = stridesOf(in);
    forEachIndex(out, [&](llvm::ArrayRef<int64_t> position) {
      forEachIndex(window.sizes, [&](llvm::ArrayRef<int64_t> element) {
        input.push_back(find(window, in, strides, position, element));
      });
    });
  }

  /// visit(input position, window element, output position), padding left out. Whole networks
  /// of tests wait for this loop: it stays one of plain arithmetic where `visit` is inlined too.
  template <typename Visit> LLVM_ATTRIBUTE_ALWAYS_INLINE void forEach(Visit visit) const {
    for (size_t out = 0; out < outputSize; ++out) {
      const size_t *in = input.data() + out * windowSize;
      for (size_t element = 0; element < windowSize; ++element) {
        if (in[element] != kPadding) {
          visit(in[element], element, out);
        }
      }
    }
  }

private:
  static size_t find(const train::Window &window, llvm::ArrayRef<int64_t> in,
                     llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> position,
                     llvm::ArrayRef<int64_t> element) {
    int64_t found = 0;
    for (size_t dim = 0; dim < in.size(); ++dim) {
      int64_t at = position[dim] * window.strides[dim] - window.low[dim] +
                   element[dim] * window.dilations[dim];
      if (at < 0 || at >= in[dim]) {
        return kPadding;
      }
      found += at * strides[dim];
    }
    return static_cast<size_t>(found);
  }
};

} // namespace dsc

#endif // DSC_EVALUATION_WINDOWS_H
