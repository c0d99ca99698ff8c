//===- CudaTargetModel.cpp - What passes on exec IR ask of CUDA -----------===//
#include "PartTable.h"
#include "Routines.h"

#include "abi/CpuRoutines.h"
#include "dsc/Target/CUDA/CudaEmission.h"

using namespace mlir;

namespace dsc::cuda {

namespace {
struct CudaTargetModel : TargetModel {
  SmallVector<std::pair<unsigned, unsigned>> getInPlacePairs(Region &kernel) const override {
    return findSharablePairs(kernel);
  }
  bool acceptsKernel(Region &kernel) const override {
    return succeeded(analyzeKernel(kernel, [](Operation *, const Twine &) {}));
  }
  bool launchesBatches() const override { return true; }
  std::string getBatchSignature(Region &kernel) const override { return batchSignature(kernel); }
  bool hasProductActivation(int64_t flag) const override {
    return flag == DSC_MATMUL_GELU_TANH; // cuBLASLt's epilogue
  }
  bool multipliesHalves() const override { return true; }
  bool hasRoutine(StringRef routine) const override { return cuda::hasRoutine(routine); }
  void addDialects(DialectRegistry &registry) const override {
    registry.insert<emitc::EmitCDialect>();
  }
};
} // namespace

std::shared_ptr<const TargetModel> createCudaTargetModel() {
  return std::make_shared<CudaTargetModel>();
}

} // namespace dsc::cuda
