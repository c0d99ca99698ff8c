//===- TestCase.h - One folder of the ONNX backend tests ------------------===//
//
// A folder holds a model and data sets, each of one file per input and output:
//
//   test_add/model.onnx
//   test_add/test_data_set_0/{input_0,input_1,output_0}.pb
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TEST_BACKEND_TESTCASE_H
#define DSC_TEST_BACKEND_TESTCASE_H

#include "dsc/Frontend/ONNX/Reader.h"

#include <map>

namespace dsc::backend {

/// The values of one run, by name in the graph.
struct DataSet {
  std::map<std::string, onnx::Tensor> inputs, outputs;
  /// What a file holds that is no tensor: a sequence or an optional.
  std::string unreadable;
};

struct TestCase {
  std::string folder, name;
  std::unique_ptr<onnx::Model> model;
  std::vector<DataSet> dataSets;

  /// Declared shapes become those of the data, as far as they are open.
  void bindShapes(const DataSet &data);
  /// A graph input becomes an initializer with its value.
  bool makeConstant(llvm::StringRef input, const DataSet &data);
  /// All graph inputs become Constant nodes, so that the importer folds what it can.
  void makeAllConstant(const DataSet &data);
};

/// The folders below `root` that hold a model, by name.
std::vector<std::string> findFolders(llvm::StringRef root);

llvm::Expected<TestCase> readTestCase(llvm::StringRef folder);

/// The operator that a test is about: that of a model of one node; of an expanded
/// function's test that of the test it was expanded from; else none.
std::string operatorOf(const TestCase &test);

} // namespace dsc::backend

#endif // DSC_TEST_BACKEND_TESTCASE_H
