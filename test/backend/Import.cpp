//===- Import.cpp - A backend test as a program with known results --------===//

#include "Import.h"

#include "dialects/Train/TrainDialect.h"
#include "dsc/Frontend/ONNX/Importer.h"
#include "lib/Frontend/ONNX/HostTensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Regex.h"

using namespace mlir;
using namespace dsc;
using namespace dsc::backend;

template <typename... Args> static llvm::Error error(const char *format, const Args &...args) {
  return llvm::createStringError(std::errc::invalid_argument, format, args...);
}

//===----------------------------------------------------------------------===//
// Inputs that must be constants
//===----------------------------------------------------------------------===//

/// The value that the importer says it needs to know; none if it says something else.
static std::string neededConstant(StringRef message) {
  llvm::Regex pattern("\\(input '(.*)'\\) is computed from the data, but has to be known");
  SmallVector<StringRef> groups;
  return pattern.match(message, &groups) ? groups[1].str() : "";
}

/// Adds to `reached` what its values are computed from, through subgraphs.
static void followBack(const onnx::Graph &graph, llvm::StringSet<> &reached) {
  for (const onnx::Node &node : llvm::reverse(graph.nodes)) {
    bool leads =
        llvm::any_of(node.outputs, [&](StringRef output) { return reached.contains(output); });
    if (leads) {
      reached.insert_range(node.inputs);
    }
    for (const onnx::NodeAttribute &attribute : node.attributes) {
      for (const onnx::Graph &body : attribute.graphs) {
        if (leads) {
          reached.insert_range(
              llvm::map_range(body.outputs, [](const auto &output) { return output.name; }));
        }
        followBack(body, reached);
      }
    }
  }
}

/// The graph inputs that a value is computed from.
static std::vector<std::string> sourcesOf(const onnx::Graph &graph, StringRef value) {
  llvm::StringSet<> reached;
  reached.insert(value);
  followBack(graph, reached);
  std::vector<std::string> sources;
  for (const onnx::ValueInfo &input : graph.inputs) {
    if (reached.contains(input.name)) {
      sources.push_back(input.name.str());
    }
  }
  return sources;
}

/// Makes inputs constants that `message` asks for; false if that cannot help.
static bool makeKnown(TestCase &test, const DataSet &data, StringRef message, Run &run) {
  std::string value = neededConstant(message);
  if (value.empty()) {
    return false;
  }
  std::vector<std::string> sources = sourcesOf(*&test.model->graph, value);
  if (sources.empty()) { // A value inside a function: all inputs may lead there.
    for (const onnx::ValueInfo &input : test.model->graph.inputs) {
      sources.push_back(input.name.str());
    }
  }
  bool changed = false;
  for (const std::string &source : sources) {
    if (test.makeConstant(source, data)) {
      run.constants.insert(source);
      changed = true;
    }
  }
  return changed;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

static llvm::Expected<Tensor> convert(const onnx::Tensor &tensor, MLIRContext &context,
                                      StringRef name) {
  std::optional<onnx::HostTensor> host = onnx::decode(tensor, &context);
  if (!host) {
    return error("value '%s' has type %s, which is not supported", name.str().c_str(),
                 onnx::dataTypeName(tensor.type).str().c_str());
  }
  return host->isFloat() ? Tensor(host->type, std::move(host->floats))
                         : Tensor(host->type, std::move(host->ints));
}

static std::string nameOf(func::FuncOp forward, unsigned index, bool isResult) {
  mlir::Attribute name = isResult ? forward.getResultAttr(index, train::kNameAttr)
                                  : forward.getArgAttr(index, train::kNameAttr);
  return cast<StringAttr>(name).str();
}

/// Adds the data set's tensors for the arguments or results.
static llvm::Error addValues(func::FuncOp forward, bool results,
                             const std::map<std::string, onnx::Tensor> &values,
                             SmallVectorImpl<Tensor> &out) {
  unsigned count = results ? forward.getNumResults() : forward.getNumArguments();
  for (unsigned i = 0; i < count; ++i) {
    std::string name = nameOf(forward, i, results);
    auto found = values.find(name);
    if (found == values.end()) {
      return error("the data set has no value for '%s'", name.c_str());
    }
    llvm::Expected<Tensor> value = convert(found->second, *forward.getContext(), name);
    if (!value) {
      return value.takeError();
    }
    out.push_back(std::move(*value));
  }
  return llvm::Error::success();
}

/// Variables become arguments, so that programs can share a module.
static llvm::Error variablesToArguments(func::FuncOp forward, const onnx::ImportResult &result,
                                        SmallVectorImpl<Tensor> &arguments) {
  for (auto read : llvm::make_early_inc_range(forward.getOps<train::ReadOp>())) {
    auto data = result.weights.find(read.getVariable().str());
    auto type = cast<RankedTensorType>(read.getType());
    if (data == result.weights.end()) {
      return error("random values");
    }
    onnx::Tensor raw;
    raw.dims.assign(type.getShape().begin(), type.getShape().end());
    raw.numElements = type.getNumElements();
    raw.data = data->second;
    for (int32_t kind = 1; kind <= 16; ++kind) {
      if (onnx::elementType(static_cast<onnx::DataType>(kind), type.getContext()) ==
          type.getElementType()) {
        raw.type = static_cast<onnx::DataType>(kind);
      }
    }
    llvm::Expected<Tensor> value = convert(raw, *forward.getContext(), read.getVariable());
    if (!value) {
      return value.takeError();
    }
    arguments.push_back(std::move(*value));
    (void)forward.insertArgument(forward.getNumArguments(), type, {}, read.getLoc());
    read.replaceAllUsesWith(forward.getArguments().back());
    read.erase();
  }
  return llvm::Error::success();
}

static bool drawsNumbers(func::FuncOp forward) {
  return forward
      .walk([](train::ScalarOp scalar) {
        return scalar.getName() == "seed" ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

llvm::Expected<Run> backend::importRun(StringRef folder, size_t dataSet, bool known,
                                       MLIRContext &context) {
  llvm::Expected<TestCase> test = readTestCase(folder);
  if (!test) {
    return test.takeError();
  }
  const DataSet &data = test->dataSets[dataSet];
  test->bindShapes(data);
  if (known) {
    test->makeAllConstant(data);
  }
  Run run;
  onnx::ImportOptions options;
  options.asWritten = true;
  llvm::Expected<onnx::ImportResult> result = onnx::importModel(*test->model, context, options);
  while (!result) {
    std::string message = llvm::toString(result.takeError());
    if (!makeKnown(*test, data, message, run)) {
      return error("%s", message.c_str());
    }
    result = onnx::importModel(*test->model, context, options);
  }
  auto forward = result->module->lookupSymbol<func::FuncOp>("forward");
  if (llvm::Error problem = addValues(forward, false, data.inputs, run.arguments)) {
    return problem;
  }
  if (llvm::Error problem = addValues(forward, true, data.outputs, run.expected)) {
    return problem;
  }
  if (llvm::Error problem = variablesToArguments(forward, *result, run.arguments)) {
    return problem;
  }
  run.isRandom = drawsNumbers(forward);
  for (auto variable : llvm::make_early_inc_range(result->module->getOps<train::VariableOp>())) {
    variable.erase();
  }
  run.module = std::move(result->module);
  return run;
}
