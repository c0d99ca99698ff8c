//===- Library.h - The target of a check ----------------------------------===//
//
// dsc-cpu-check and dsc-cuda-check differ in this alone: each is linked with one of
// CpuLibrary.cpp and CudaLibrary.cpp, and with that target's device.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TEST_CPUCHECK_LIBRARY_H
#define DSC_TEST_CPUCHECK_LIBRARY_H

#include "dialects/Exec/TargetModel.h"
#include "mlir/IR/BuiltinOps.h"

#include <memory>
#include <string>

namespace dsc::cpucheck {

/// What the exec phase must know of the target.
std::shared_ptr<const TargetModel> createTargetModel();

/// Writes placed exec IR as a shared library that defines dscModule; `cpu` is the
/// processor to compile for. Fails after an error has been reported.
mlir::LogicalResult writeLibrary(mlir::ModuleOp exec, const std::string &cpu,
                                 const std::string &path);

} // namespace dsc::cpucheck

#endif // DSC_TEST_CPUCHECK_LIBRARY_H
