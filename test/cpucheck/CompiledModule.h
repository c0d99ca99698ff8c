//===- CompiledModule.h - Training programs compiled and loaded -----------===//
//
// Programs in the train dialect go the way of a trainer: the exec phase with
// what the target knows, a shared library of its code (Library.h), the executor of
// the runtime on the target's device.
//
//   auto compiled = CompiledModule::compile(module, {});
//   compiled->setVariable("w", value);
//   FailureOr<SmallVector<Tensor>> results = compiled->run("evaluate", {x});
//
// Before each run everything in the arena but variables and scalars is poisoned,
// so that a program that reads what it has not written gives NaN or nonsense.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TEST_CPUCHECK_COMPILEDMODULE_H
#define DSC_TEST_CPUCHECK_COMPILEDMODULE_H

#include "abi/Abi.h"
#include "dsc/Evaluation/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <memory>
#include <string>
#include <vector>

namespace dsc::cpucheck {

class CompiledModule {
public:
  struct Options {
    /// Which choices of the lowering (dsc-block-channels, dsc-lower-to-exec) are off: none, all
    /// (1), or one of them (from 2 on).
    unsigned loweringWithout = 0;
    static constexpr unsigned numLoweringChoices = 6;
    bool fuse = true;
    bool hoist = true;
    bool inPlace = true;
    /// Launches in the batches of the CUDA target, last one first: in any order they must
    /// compute the same.
    bool batch = false;
    std::string cpu = "native";
  };

  /// Null after an error has been reported. `programs` stays as it is.
  static std::unique_ptr<CompiledModule> compile(mlir::ModuleOp programs, const Options &options);
  ~CompiledModule();

  void setVariable(llvm::StringRef name, const Tensor &value);
  Tensor getVariable(llvm::StringRef name);
  /// Launches that are of a batch.
  int64_t countBatched();
  /// Every scalar of that name, in its own type.
  void setScalar(llvm::StringRef name, double value);

  llvm::FailureOr<llvm::SmallVector<Tensor>> run(llvm::StringRef program,
                                                 llvm::ArrayRef<Tensor> arguments);

private:
  CompiledModule() = default;
  llvm::LogicalResult lower(mlir::ModuleOp programs, const Options &options);
  llvm::LogicalResult loadLibrary(const Options &options);
  void allocate();
  const DscProgram *findProgram(llvm::StringRef name) const;
  void poison();
  void write(char *to, const void *from, size_t bytes);
  void writeTensor(int64_t offset, const Tensor &value);
  Tensor readTensor(int64_t offset, mlir::RankedTensorType type);
  bool execute(const DscProgram &program, llvm::ArrayRef<std::vector<char>> inputs);

  mlir::OwningOpRef<mlir::ModuleOp> exec;
  void *library = nullptr;
  const DscModule *table = nullptr;
  int64_t arenaBytes = 0, persistentBytes = 0;
  char *arena = nullptr, *constants = nullptr; // of the device
};

} // namespace dsc::cpucheck

#endif // DSC_TEST_CPUCHECK_COMPILEDMODULE_H
