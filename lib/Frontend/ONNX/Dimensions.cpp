//===- Dimensions.cpp - Sizes of the graph's inputs -----------------------===//

#include "Dimensions.h"
#include "HostTensor.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"

#include <set>

namespace dsc::onnx {

namespace {

/// An inspection needs no sizes from the user: every unknown one gets this.
constexpr int64_t kInspectedSize = 8;

class Binder {
public:
  Binder(const Model &model, const ImportOptions &options) : model(model), options(options) {}

  llvm::Expected<BoundInputs> run();

private:
  llvm::Error bind(const ValueInfo &info);
  llvm::Expected<int64_t> bindDim(const ValueInfo &info, size_t axis, const Dim &dim);
  llvm::Expected<int64_t> bindBatch(const ValueInfo &info, const Dim &dim);
  const int64_t *lookup(const ValueInfo &info, size_t axis, const Dim &dim);
  llvm::Error checkUnusedDims() const;

  const Model &model;
  const ImportOptions &options;
  BoundInputs bound;
  std::set<std::string> symbols;
  std::set<std::string> used;
  /// Symbols of leading dimensions may stand elsewhere too (masks, positions).
  std::map<std::string, int64_t> batchSymbols;
  /// The leading size the inputs share, and the input that has it.
  std::optional<int64_t> leading;
  llvm::StringRef leadingInput;
};

} // namespace

static llvm::Error error(const llvm::Twine &message) {
  return llvm::createStringError(std::errc::invalid_argument, "%s", message.str().c_str());
}

static std::string positional(const ValueInfo &info, size_t axis) {
  return (info.name + ":" + llvm::Twine(axis)).str();
}

const int64_t *Binder::lookup(const ValueInfo &info, size_t axis, const Dim &dim) {
  std::string keys[] = {dim.symbol.str(), positional(info, axis)};
  for (const std::string &key : keys) {
    auto found = options.dims.find(key);
    if (key.empty() || found == options.dims.end())
      continue;
    used.insert(key);
    return &found->second;
  }
  auto batch = batchSymbols.find(dim.symbol.str());
  return axis == 0 || batch == batchSymbols.end() ? nullptr : &batch->second;
}

llvm::Expected<int64_t> Binder::bindBatch(const ValueInfo &info, const Dim &dim) {
  const int64_t *given = lookup(info, 0, dim);
  if (given && options.batch && *given != options.batch)
    return error("--dim " + dim.symbol + "=" + llvm::Twine(*given) + " contradicts --batch " +
                 llvm::Twine(options.batch) + ": it is the leading dimension of input '" +
                 info.name + "'");
  if (!options.batch)
    return given ? *given : -1;
  if (!dim.symbol.empty())
    batchSymbols[dim.symbol.str()] = options.batch;
  if (dim.size && *dim.size != options.batch) {
    if (leading && *leading != *dim.size)
      return error("--batch cannot change the leading dimension of input '" + info.name + "' (" +
                   llvm::Twine(*dim.size) + "), which differs from that of input '" + leadingInput +
                   "' (" + llvm::Twine(*leading) + ")");
    leading = dim.size;
    leadingInput = info.name;
    bound.exportedBatch = *dim.size;
  }
  return options.batch;
}

llvm::Expected<int64_t> Binder::bindDim(const ValueInfo &info, size_t axis, const Dim &dim) {
  if (!dim.symbol.empty())
    symbols.insert(dim.symbol.str());
  int64_t size = -1;
  if (axis == 0) {
    llvm::Expected<int64_t> batch = bindBatch(info, dim);
    if (!batch)
      return batch;
    size = *batch;
  } else if (const int64_t *given = lookup(info, axis, dim)) {
    size = *given;
  }
  if (axis != 0 && dim.size && size >= 0 && size != *dim.size)
    return error("--dim " + positional(info, axis) + "=" + llvm::Twine(size) +
                 " contradicts the model, where that dimension is " + llvm::Twine(*dim.size));
  if (size < 0 && dim.size)
    size = *dim.size;
  if (size > 0 || (size == 0 && options.asWritten))
    return size;
  std::string name = dim.symbol.empty() ? positional(info, axis) : dim.symbol.str();
  if (size == 0)
    return error("dimension '" + name + "' of input '" + info.name +
                 "' has size 0; there is nothing to train on");
  if (options.inspect)
    return kInspectedSize;
  return error("dimension " + llvm::Twine(axis) + " of input '" + info.name + "' ('" + name +
               "') has no size; give one with " +
               (axis == 0 ? llvm::Twine("--batch N") : "--dim " + llvm::Twine(name) + "=N"));
}

llvm::Error Binder::bind(const ValueInfo &info) {
  if (info.type.kind != TypeInfo::Kind::Tensor)
    return error("input '" + info.name + "' is not a tensor, which is not supported");
  if (!info.type.shape)
    return error("input '" + info.name +
                 "' has no shape; run ONNX shape inference or export it with one");
  BoundInput input{info.name, info.type.elementType, {}};
  for (auto [axis, dim] : llvm::enumerate(*info.type.shape)) {
    llvm::Expected<int64_t> size = bindDim(info, axis, dim);
    if (!size)
      return size.takeError();
    input.shape.push_back(*size);
  }
  int64_t elements = 1;
  for (int64_t size : input.shape)
    if (llvm::MulOverflow(elements, size, elements) || elements > (int64_t{1} << 40))
      return error("input '" + info.name + "' is larger than any memory");
  bound.inputs.push_back(std::move(input));
  return llvm::Error::success();
}

llvm::Error Binder::checkUnusedDims() const {
  for (const auto &[name, size] : options.dims) {
    if (used.count(name))
      continue;
    return error(
        "--dim " + name + ": no input has a dimension of that name; " +
        (symbols.empty() ? "all sizes are fixed" : "there are: " + llvm::join(symbols, ", ")));
  }
  return llvm::Error::success();
}

llvm::Expected<BoundInputs> Binder::run() {
  // Before IR version 4 initializers had to be listed as inputs too.
  llvm::StringSet<> initialized;
  for (const Tensor &tensor : model.graph.initializers)
    initialized.insert(tensor.name);
  for (const ValueInfo &info : model.graph.inputs) {
    if (initialized.contains(info.name))
      continue;
    if (llvm::Error problem = bind(info))
      return problem;
  }
  if (bound.inputs.empty() && !options.asWritten)
    return error("the model has no inputs, so there is nothing to feed training data to");
  if (llvm::Error problem = checkUnusedDims())
    return problem;
  return std::move(bound);
}

llvm::Expected<BoundInputs> bindInputs(const Model &model, const ImportOptions &options) {
  return Binder(model, options).run();
}

} // namespace dsc::onnx
