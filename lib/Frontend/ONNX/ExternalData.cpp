//===- ExternalData.cpp - Weights in files beside the model ---------------===//
//
// The model says which file holds a tensor, and a model can come from anyone: it
// must not be able to name a file outside its own directory. So the path is checked
// as text (relative, no '..') and, since a link can lead anywhere, once more after
// links are resolved.
//
//===----------------------------------------------------------------------===//

#include "ExternalData.h"
#include "TensorReader.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

namespace dsc::onnx {

namespace {

class ExternalFiles {
public:
  ExternalFiles(Model &model, llvm::StringRef directory, const ReadOptions &options)
      : model(model), directory(directory), options(options) {}

  void map(Graph &graph);
  void map(Function &function);

private:
  void map(std::vector<Node> &nodes);
  void map(std::vector<NodeAttribute> &attributes);
  void map(Tensor &tensor);
  /// The mapped file; null if it does not exist and need not.
  const llvm::MemoryBuffer *file(const Tensor &tensor);
  const llvm::MemoryBuffer *open(const Tensor &tensor);
  std::string resolve(const Tensor &tensor, llvm::StringRef path);

  Model &model;
  llvm::StringRef directory;
  const ReadOptions &options;
  llvm::StringMap<const llvm::MemoryBuffer *> opened;
};

} // namespace

[[noreturn]] static void fail(const Tensor &tensor, const llvm::Twine &what) {
  throw ReadError("external data of tensor '" + tensor.name.str() + "': " + what.str());
}

static void checkLocation(const Tensor &tensor) {
  llvm::StringRef path = tensor.external->file;
  if (path.empty())
    fail(tensor, "no file is named");
  if (path.contains('\0'))
    fail(tensor, "the file's name contains a zero byte");
  bool goesUp = std::any_of(llvm::sys::path::begin(path), llvm::sys::path::end(path),
                            [](llvm::StringRef part) { return part == ".."; });
  if (llvm::sys::path::is_absolute(path) || goesUp)
    fail(tensor, "'" + path + "' is outside the model's directory, which is not allowed");
}

std::string ExternalFiles::resolve(const Tensor &tensor, llvm::StringRef path) {
  llvm::SmallString<256> base, target;
  if (std::error_code error = llvm::sys::fs::real_path(directory, base))
    fail(tensor, "cannot resolve the model's directory: " + error.message());
  if (std::error_code error = llvm::sys::fs::real_path(path, target))
    fail(tensor, "cannot open '" + path + "': " + error.message() +
                     "; keep the weight files beside the model");
  if (!llvm::sys::fs::is_regular_file(target))
    fail(tensor, "'" + tensor.external->file + "' is not a regular file");
  llvm::StringRef inside = target;
  if (!inside.consume_front(base) || (!inside.starts_with("/") && base != "/"))
    fail(tensor, "'" + tensor.external->file +
                     "' is a link out of the model's directory, which is not allowed");
  return target.str().str();
}

const llvm::MemoryBuffer *ExternalFiles::open(const Tensor &tensor) {
  if (directory.empty())
    fail(tensor, "a model that is not a file cannot have any");
  checkLocation(tensor);
  llvm::SmallString<256> path(directory);
  llvm::sys::path::append(path, tensor.external->file);
  if (options.allowMissingExternalData && !llvm::sys::fs::exists(path))
    return nullptr;
  auto buffer = llvm::MemoryBuffer::getFile(resolve(tensor, path), /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    fail(tensor, "cannot read '" + tensor.external->file + "': " + buffer.getError().message());
  model.files.push_back(std::move(*buffer));
  return model.files.back().get();
}

const llvm::MemoryBuffer *ExternalFiles::file(const Tensor &tensor) {
  auto known = opened.find(tensor.external->file);
  if (known != opened.end())
    return known->second;
  return opened[tensor.external->file] = open(tensor);
}

void ExternalFiles::map(Tensor &tensor) {
  if (!tensor.external)
    return;
  const llvm::MemoryBuffer *buffer = file(tensor);
  if (!buffer)
    return;
  uint64_t needed = tensorBytes(tensor);
  uint64_t length = tensor.external->length.value_or(needed);
  uint64_t offset = tensor.external->offset;
  if (length != needed)
    fail(tensor, "needs " + llvm::Twine(needed) + " bytes, but its length is given as " +
                     llvm::Twine(length));
  if (offset > buffer->getBufferSize() || length > buffer->getBufferSize() - offset)
    fail(tensor, "bytes " + llvm::Twine(offset) + " to " + llvm::Twine(offset) + "+" +
                     llvm::Twine(length) + " are not in '" + tensor.external->file +
                     "', which has " + llvm::Twine(buffer->getBufferSize()));
  tensor.data = buffer->getBuffer().substr(offset, length);
}

void ExternalFiles::map(std::vector<NodeAttribute> &attributes) {
  for (NodeAttribute &attribute : attributes) {
    for (Tensor &tensor : attribute.tensors)
      map(tensor);
    for (Graph &graph : attribute.graphs)
      map(graph);
  }
}

void ExternalFiles::map(std::vector<Node> &nodes) {
  for (Node &node : nodes)
    map(node.attributes);
}

void ExternalFiles::map(Graph &graph) {
  for (Tensor &tensor : graph.initializers)
    map(tensor);
  map(graph.nodes);
}

void ExternalFiles::map(Function &function) {
  map(function.defaults);
  map(function.nodes);
}

void mapExternalData(Model &model, llvm::StringRef directory, const ReadOptions &options) {
  ExternalFiles files(model, directory, options);
  files.map(model.graph);
  for (Function &function : model.functions)
    files.map(function);
}

} // namespace dsc::onnx
