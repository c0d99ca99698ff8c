//===- onnx_reader_fuzzer.cpp - Any bytes in, an error or a model out -----===//
//
// The reader must survive every file: no crash, no read outside the file, no
// allocation out of proportion to it. Whatever it accepts is walked, so that views
// to bytes that are not there are found too.
//
//===----------------------------------------------------------------------===//

#include "dsc/Frontend/ONNX/Reader.h"

#include <cstdlib>

using namespace dsc::onnx;

static unsigned touch(llvm::StringRef bytes) {
  unsigned sum = 0;
  for (char c : bytes)
    sum += static_cast<unsigned char>(c);
  return sum;
}

static unsigned walk(const Tensor &tensor) {
  if (tensor.type != DataType::String &&
      tensor.data.size() !=
          (static_cast<uint64_t>(tensor.numElements) * dataTypeBits(tensor.type) + 7) / 8)
    std::abort();
  return touch(tensor.name) + touch(tensor.data);
}

static unsigned walk(const Graph &graph) {
  unsigned sum = touch(graph.name);
  for (const Tensor &tensor : graph.initializers)
    sum += walk(tensor);
  for (const Node &node : graph.nodes) {
    sum += touch(node.opType) + touch(node.name);
    for (const NodeAttribute &attribute : node.attributes) {
      sum += touch(attribute.name);
      for (const Tensor &tensor : attribute.tensors)
        sum += walk(tensor);
      for (const Graph &inner : attribute.graphs)
        sum += walk(inner);
    }
  }
  return sum;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef bytes(reinterpret_cast<const char *>(data), size);
  auto model = readModel(llvm::MemoryBuffer::getMemBuffer(bytes, "input", false), "");
  if (!model) {
    llvm::consumeError(model.takeError());
    return 0;
  }
  volatile unsigned sum = walk((*model)->graph);
  (void)sum;
  return 0;
}
