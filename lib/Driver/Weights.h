//===- Weights.h - Initial values of variables ----------------------------===//
#ifndef DSC_LIB_DRIVER_WEIGHTS_H
#define DSC_LIB_DRIVER_WEIGHTS_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <map>
#include <string>

namespace dsc {

/// A variable's elements in memory order: views into a file, or owned bytes.
struct InitialValue {
  std::string name;
  std::string dtype; // as docs/TrainerFormat.md names types
  llvm::SmallVector<int64_t> shape;
  llvm::StringRef view;
  std::string owned;
  bool isMissing = false; // the input file was to have it, and has not
  llvm::StringRef bytes() const { return owned.empty() ? view : llvm::StringRef(owned); }
};

/// Initial values of all parameters, frozen tensors and states of the module
/// (train or exec). `fileData` holds the input file's data by name. Slots of the
/// optimizer start at zero and are left out. Values that have to be made (all equal,
/// random) are empty unless `makesValues`.
std::vector<InitialValue>
collectInitialValues(mlir::ModuleOp module, const std::map<std::string, llvm::StringRef> &fileData,
                     bool makesValues);

/// Whether the values that have to be made fit in so much memory; the error names the
/// variable that does not.
llvm::Error checkMadeValues(mlir::ModuleOp module, int64_t memory);

/// The header of a safetensors image of the values, padded so that the data that
/// follow it are aligned to 64 bytes; and the data's size.
std::string safetensorsHeader(llvm::ArrayRef<InitialValue> values);

/// f32, i64, ...: the description's names of element types.
std::string dtypeName(mlir::Type element);

} // namespace dsc

#endif // DSC_LIB_DRIVER_WEIGHTS_H
