//===- LaneBuilder.h - Values and memory of several lanes -----------------===//
//
// While a kernel is emitted, a value of the kernel is either uniform (one scalar
// for all lanes) or one vector for each copy of the loop body. LaneBuilder makes
// such values, and moves them to and from memory, honouring the mask of a tail.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_TARGET_CPU_LANEBUILDER_H
#define DSC_LIB_TARGET_CPU_LANEBUILDER_H

#include "dsc/Analysis/KernelAnalysis.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <optional>

namespace dsc::cpu {

/// One scalar that holds in all lanes, or one vector per copy.
struct Lanes {
  bool uniform = true;
  llvm::SmallVector<mlir::Value, 4> values;

  static Lanes scalar(mlir::Value value) { return {true, {value}}; }
  mlir::Value copy(unsigned i) const { return uniform ? values.front() : values[i]; }
};

/// Where in the iteration domain code is being emitted.
struct Position {
  /// i64 per dim, null outside that dim's loop. For the vector dim: of lane 0
  /// of copy 0.
  llvm::SmallVector<mlir::Value> index;
  std::optional<unsigned> vectorDim; // set inside the vector dim's loop
  unsigned copies = 1;
  unsigned tailLanes = 0; // lanes of the last copy that exist; 0: all

  bool hasTail(unsigned copy) const { return tailLanes != 0 && copy + 1 == copies; }
};

class LaneBuilder {
public:
  LaneBuilder(mlir::ImplicitLocOpBuilder &builder, unsigned lanes) : b(builder), lanes(lanes) {}

  mlir::Value constantI64(int64_t value);
  mlir::Value add(mlir::Value lhs, mlir::Value rhs);
  mlir::Value scale(mlir::Value value, int64_t factor);

  mlir::VectorType vectorOf(mlir::Type element);
  /// Copy `i` as a vector, splat if uniform.
  mlir::Value asVector(const Lanes &value, unsigned i);
  Lanes splat(const Lanes &value, unsigned copies);
  /// Constant mask with the first `active` lanes set.
  mlir::Value mask(unsigned active);

  /// The index of `dim` at each lane, of type index.
  Lanes dimIndex(const Position &at, unsigned dim);

  Lanes load(const Position &at, mlir::Value base, mlir::Type element, const LinearAccess &access);
  void store(const Position &at, mlir::Value base, mlir::Type element, const LinearAccess &access,
             const Lanes &value);
  /// Loads element `offsets` (index type) of each lane.
  Lanes gather(const Position &at, mlir::Value base, mlir::Type element, const Lanes &offsets);

  /// Folds the lanes of all copies into one scalar by cloning `combiner`.
  mlir::Value reduce(llvm::ArrayRef<mlir::Value> copies, mlir::Operation *combiner);
  mlir::Value combine(mlir::Operation *combiner, mlir::Value lhs, mlir::Value rhs);

private:
  mlir::Value address(mlir::Value base, mlir::Type memory, mlir::Value offset);
  mlir::Value addressOfCopy(const Position &at, mlir::Value base, mlir::Type memory,
                            const LinearAccess &access, unsigned copy);
  mlir::Value laneAddresses(const Position &at, mlir::Value base, mlir::Type memory,
                            const LinearAccess &access, unsigned copy);
  mlir::Value offsetOf(const Position &at, const LinearAccess &access);
  mlir::Value iota(int64_t stride);
  mlir::Value activeMask(const Position &at, unsigned copy);
  mlir::Value loadVector(const Position &at, mlir::Value base, mlir::Type memory,
                         const LinearAccess &access, unsigned copy);
  mlir::Value gatherVector(const Position &at, mlir::Value addresses, mlir::Type memory,
                           unsigned copy);
  mlir::Value fromMemory(mlir::Type element, mlir::Value value);
  mlir::Value toMemory(mlir::Value value);

  mlir::ImplicitLocOpBuilder &b;
  unsigned lanes;
};

/// An i1 is a byte in memory, a bf16 its bits: a processor without bf16 has no way to move one,
/// and LLVM would widen it and round back by a routine that is not linked. All else is itself.
mlir::Type memoryType(mlir::Type element);

} // namespace dsc::cpu

#endif // DSC_LIB_TARGET_CPU_LANEBUILDER_H
