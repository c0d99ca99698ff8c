//===- Npz.h - Reading and writing NumPy's .npz archives ------------------===//
//
// An .npz file is a zip archive of .npy members. Read: members stored or
// deflated, zip64, little-endian numbers and booleans in C or Fortran order.
// Written: stored members in C order.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_SUPPORT_NPZ_H
#define DSC_SUPPORT_NPZ_H

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace dsc {

/// One array of an archive: little-endian elements in row-major order.
struct NpzArray {
  char kind = 'f';    // NumPy's: f float, i signed, u unsigned, b boolean
  unsigned width = 4; // bytes of one element
  llvm::SmallVector<int64_t> shape;
  std::vector<char> bytes;

  int64_t size() const;
  /// Element `i` as a number: halves are widened; in getInt large u64 wrap, floats are cut
  /// to the range of int64_t and NaN is 0.
  double getFloat(int64_t i) const;
  int64_t getInt(int64_t i) const;
  void appendFloat(double value);
  void appendInt(int64_t value);
  /// NumPy's name of the element type, e.g. "<f4".
  std::string descr() const;
};

/// Arrays by name (without ".npy"), in the archive's order.
using NpzArchive = llvm::MapVector<std::string, NpzArray, std::map<std::string, unsigned>>;

llvm::Expected<NpzArchive> readNpz(llvm::StringRef path);
/// The same from memory; errors do not name a file.
llvm::Expected<NpzArchive> parseNpz(llvm::StringRef archive);
/// A single array, an .npy file.
llvm::Expected<NpzArray> parseNpy(llvm::StringRef data);

/// Writes the whole archive or, on failure, no file.
llvm::Error writeNpz(llvm::StringRef path, const NpzArchive &archive);

} // namespace dsc

#endif // DSC_SUPPORT_NPZ_H
