//===- Window.cpp - The window attributes of convolution and pooling ------===//

#include "Window.h"

using namespace mlir;

namespace dsc::onnx {

/// Sizes and counts beyond this are no windows, and products of them stay in range.
static constexpr int64_t largest = int64_t{1} << 31;

static llvm::FailureOr<Shape> readList(NodeImport &n, llvm::StringRef name, size_t count,
                                       int64_t absent, int64_t least) {
  Shape values = n.integers(name).value_or(Shape(count, absent));
  bool fits = values.size() == count && llvm::all_of(values, [&](int64_t value) {
                return value >= least && value < largest;
              });
  if (!fits)
    return n.fail("attribute '" + name + "' needs " + llvm::Twine(count) +
                  " values, each at least " + llvm::Twine(least));
  return values;
}

/// Strides, dilations and, unless auto_pad says otherwise, padding.
static LogicalResult readAttributes(NodeImport &n, llvm::ArrayRef<int64_t> kernel, Window &window) {
  size_t spatial = kernel.size();
  if (Shape given = n.integers("kernel_shape").value_or(Shape(kernel)); given != kernel)
    return n.fail("attribute 'kernel_shape' differs from the weights' shape");
  if (llvm::any_of(kernel, [](int64_t size) { return size < 1 || size >= largest; }))
    return n.fail("the kernel is empty");
  auto strides = readList(n, "strides", spatial, 1, 1);
  auto dilations = readList(n, "dilations", spatial, 1, 1);
  auto pads = readList(n, "pads", 2 * spatial, 0, 0);
  if (failed(strides) || failed(dilations) || failed(pads))
    return failure();
  window.strides = *strides;
  window.dilations = *dilations;
  window.low = Shape(pads->begin(), pads->begin() + spatial);
  window.high = Shape(pads->begin() + spatial, pads->end());
  return success();
}

/// Splits padding in two halves; the odd one goes to the end for SAME_UPPER.
static void split(int64_t total, bool upper, int64_t &low, int64_t &high) {
  low = upper ? total / 2 : total - total / 2;
  high = total - low;
}

llvm::FailureOr<Window> readWindow(NodeImport &n, llvm::ArrayRef<int64_t> input,
                                   llvm::ArrayRef<int64_t> kernel) {
  Window window;
  if (kernel.size() != input.size())
    return n.fail("the kernel has " + llvm::Twine(kernel.size()) +
                  " dimensions, but the input has " + llvm::Twine(input.size()));
  if (failed(readAttributes(n, kernel, window)))
    return failure();
  llvm::StringRef autoPad = n.string("auto_pad", "NOTSET");
  bool ceil = n.integer("ceil_mode", 0) != 0;
  for (size_t d = 0; d < input.size(); ++d) {
    int64_t stride = window.strides[d];
    int64_t extent = window.dilations[d] * (kernel[d] - 1) + 1;
    if (autoPad == "VALID")
      window.low[d] = window.high[d] = 0;
    if (autoPad.starts_with("SAME_")) {
      int64_t size = (input[d] + stride - 1) / stride;
      int64_t total = std::max<int64_t>(0, (size - 1) * stride + extent - input[d]);
      split(total, autoPad == "SAME_UPPER", window.low[d], window.high[d]);
    }
    int64_t room = input[d] + window.low[d] + window.high[d] - extent;
    if (room < 0)
      return n.fail("the window of " + llvm::Twine(extent) + " is larger than the padded input, " +
                    llvm::Twine(room + extent));
    int64_t size = room / stride + 1;
    // A last window that begins inside the input counts, however far it sticks out.
    if (ceil && room % stride != 0 && size * stride < input[d] + window.low[d]) {
      window.high[d] += stride - room % stride;
      ++size;
    }
    window.result.push_back(size);
  }
  return window;
}

llvm::FailureOr<Window> readTransposedWindow(NodeImport &n, llvm::ArrayRef<int64_t> input,
                                             llvm::ArrayRef<int64_t> kernel) {
  Window window;
  if (kernel.size() != input.size() || failed(readAttributes(n, kernel, window)))
    return failure();
  auto extra = readList(n, "output_padding", input.size(), 0, 0);
  if (failed(extra))
    return failure();
  std::optional<Shape> sizes = n.integers("output_shape");
  if (sizes && sizes->size() != input.size())
    return n.fail("attribute 'output_shape' needs one value per spatial dimension");
  llvm::StringRef autoPad = n.string("auto_pad", "NOTSET");
  for (size_t d = 0; d < input.size(); ++d) {
    int64_t full = window.strides[d] * (input[d] - 1) + (*extra)[d] +
                   window.dilations[d] * (kernel[d] - 1) + 1;
    if (sizes || autoPad.starts_with("SAME_")) {
      int64_t wanted = sizes ? (*sizes)[d] : input[d] * window.strides[d];
      split(std::max<int64_t>(0, full - wanted), autoPad == "SAME_UPPER", window.low[d],
            window.high[d]);
      // More than the kernels reach is zero.
      full = std::max(full, wanted);
    }
    int64_t size = full - window.low[d] - window.high[d];
    if (size < 1 || size >= largest)
      return n.fail("its padding leaves nothing of the output");
    window.result.push_back(size);
  }
  return window;
}

} // namespace dsc::onnx
