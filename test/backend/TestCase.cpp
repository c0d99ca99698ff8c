//===- TestCase.cpp - One folder of the ONNX backend tests ----------------===//

#include "TestCase.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace dsc;
using namespace dsc::backend;

std::vector<std::string> backend::findFolders(llvm::StringRef root) {
  std::vector<std::string> folders;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(root, error), end; it != end && !error;
       it.increment(error)) {
    if (llvm::sys::fs::exists(it->path() + "/model.onnx")) {
      folders.push_back(it->path());
    }
  }
  llvm::sort(folders);
  return folders;
}

/// The file's tensor goes to `values` under the name that the graph gives it.
static void readValue(onnx::Model &model, const std::string &path, const onnx::ValueInfo &info,
                      std::map<std::string, onnx::Tensor> &values, DataSet &data) {
  llvm::Expected<onnx::Tensor> tensor = onnx::readTensor(path, model);
  if (tensor) {
    // Old data sets hold bfloat16 as the integers of its bits.
    bool isBits =
        tensor->type == onnx::DataType::UInt16 && info.type.elementType == onnx::DataType::BFloat16;
    tensor->type = isBits ? info.type.elementType : tensor->type;
    values[info.name.str()] = std::move(*tensor);
  } else {
    data.unreadable = llvm::toString(tensor.takeError());
  }
}

/// The inputs that files are numbered by: initializers that are inputs too need not
/// have one.
static std::vector<onnx::ValueInfo> fedInputs(const onnx::Graph &graph, const std::string &folder) {
  if (llvm::sys::fs::exists(folder + "/input_" + std::to_string(graph.inputs.size() - 1) + ".pb")) {
    return graph.inputs;
  }
  llvm::StringSet<> initialized;
  for (const onnx::Tensor &tensor : graph.initializers) {
    initialized.insert(tensor.name);
  }
  std::vector<onnx::ValueInfo> inputs;
  llvm::copy_if(graph.inputs, std::back_inserter(inputs),
                [&](const onnx::ValueInfo &input) { return !initialized.contains(input.name); });
  return inputs;
}

static DataSet readDataSet(onnx::Model &model, const std::string &folder) {
  DataSet data;
  for (auto [i, input] : llvm::enumerate(fedInputs(model.graph, folder))) {
    std::string path = folder + "/input_" + std::to_string(i) + ".pb";
    if (llvm::sys::fs::exists(path)) {
      readValue(model, path, input, data.inputs, data);
    }
  }
  for (auto [i, output] : llvm::enumerate(model.graph.outputs)) {
    readValue(model, folder + "/output_" + std::to_string(i) + ".pb", output, data.outputs, data);
  }
  return data;
}

llvm::Expected<TestCase> backend::readTestCase(llvm::StringRef folder) {
  TestCase test{folder.str(), llvm::sys::path::filename(folder).str(), nullptr, {}};
  auto model = onnx::readModel(test.folder + "/model.onnx");
  if (!model) {
    return model.takeError();
  }
  test.model = std::move(*model);
  for (int i = 0;; ++i) {
    std::string path = test.folder + "/test_data_set_" + std::to_string(i);
    if (!llvm::sys::fs::exists(path)) {
      break;
    }
    test.dataSets.push_back(readDataSet(*test.model, path));
  }
  return test;
}

void TestCase::bindShapes(const DataSet &data) {
  for (onnx::ValueInfo &input : model->graph.inputs) {
    auto value = data.inputs.find(input.name.str());
    if (value == data.inputs.end() || input.type.kind != onnx::TypeInfo::Kind::Tensor) {
      continue;
    }
    input.type.shape.emplace();
    for (int64_t size : value->second.dims) {
      input.type.shape->push_back({size, {}});
    }
  }
}

bool TestCase::makeConstant(llvm::StringRef input, const DataSet &data) {
  auto value = data.inputs.find(input.str());
  if (value == data.inputs.end()) {
    return false;
  }
  onnx::Tensor constant = value->second;
  std::vector<onnx::ValueInfo> &inputs = model->graph.inputs;
  auto declared = llvm::find_if(inputs, [&](auto &info) { return info.name == input; });
  constant.name = declared->name;
  inputs.erase(declared);
  model->graph.initializers.push_back(std::move(constant));
  return true;
}

void TestCase::makeAllConstant(const DataSet &data) {
  std::vector<onnx::Node> constants;
  llvm::erase_if(model->graph.inputs, [&](const onnx::ValueInfo &input) {
    auto value = data.inputs.find(input.name.str());
    if (value == data.inputs.end()) {
      return false;
    }
    onnx::Node &node = constants.emplace_back();
    node.opType = "Constant";
    node.outputs = {input.name};
    onnx::NodeAttribute &attribute = node.attributes.emplace_back();
    attribute.name = "value";
    attribute.type = onnx::AttributeType::Tensor;
    attribute.tensors.push_back(value->second);
    return true;
  });
  std::vector<onnx::Node> &nodes = model->graph.nodes;
  nodes.insert(nodes.begin(), std::make_move_iterator(constants.begin()),
               std::make_move_iterator(constants.end()));
}

std::string backend::operatorOf(const TestCase &test) {
  size_t expanded = test.folder.find("_expanded");
  if (expanded != std::string::npos) {
    auto original = onnx::readModel(test.folder.substr(0, expanded) + "/model.onnx");
    if (original) {
      return (*original)->graph.nodes.front().opType.str();
    }
    llvm::consumeError(original.takeError());
    return "";
  }
  const std::vector<onnx::Node> &nodes = test.model->graph.nodes;
  return nodes.size() == 1 ? nodes.front().opType.str() : "";
}
