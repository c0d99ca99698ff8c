//===- Npy.h - NumPy arrays: .npy files and .npz archives -----------------===//
//
// Arrays stay where they are: a .npy file and the stored entries of an archive
// are used in place in their mapping; only a deflated entry is inflated, once.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_NPY_H
#define DSC_RUNTIME_TRAINER_NPY_H

#include "trainer/Types.h"

#include <map>
#include <memory>

namespace dsc {

/// NumPy's element type: kind 'f', 'i', 'u' or 'b' and its size in bytes.
struct ArrayType {
  char kind = 'f';
  int size = 4;

  bool operator==(const ArrayType &) const = default;
  std::string name() const; // "float32"
};

struct Array {
  ArrayType type;
  Shape shape;
  const char *data = nullptr;
  std::shared_ptr<const void> owner; // keeps the data alive

  size_t bytes() const {
    return static_cast<size_t>(numElements(shape)) * static_cast<size_t>(type.size);
  }
};

struct NpyHeader {
  ArrayType type;
  Shape shape;
  size_t dataStart = 0; // behind the header
};

/// Reads a header from the first bytes (npyheader::longestPrefix + longestHeader are enough) of an
/// array file of `size` bytes; the array must be just as long.
NpyHeader parseNpyHeader(std::string_view prefix, uint64_t size, const std::string &source);

/// Reads the header of .npy bytes; `source` names them in errors.
Array parseNpy(std::string_view bytes, std::shared_ptr<const void> owner,
               const std::string &source);

/// The arrays of a .npz file or of a directory of .npy files, opened by name when asked for.
class ArrayFiles {
public:
  explicit ArrayFiles(const std::string &path);
  /// An archive in memory, which `owner` keeps alive; `source` names it in errors.
  ArrayFiles(std::string_view archive, std::shared_ptr<const void> owner,
             const std::string &source);

  std::vector<std::string> names() const;
  bool contains(const std::string &name) const { return entries.count(name) != 0; }
  Array open(const std::string &name) const;
  const std::string &path() const { return source; }

private:
  struct Entry {
    std::string file;        // of a directory
    std::string_view packed; // of an archive
    uint64_t size = 0;       // inflated
    uint32_t crc = 0;
    bool deflated = false;
  };
  friend class ArchiveReader;

  std::string source;
  std::shared_ptr<const void> mapping;
  std::map<std::string, Entry> entries;
};

/// Writes arrays as an .npz archive (stored, not compressed).
struct ArrayToWrite {
  std::string name;
  DscType type; // f32, f64 or an integer
  Shape shape;
  const void *data;
};
void writeNpz(const std::string &path, const std::vector<ArrayToWrite> &arrays);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_NPY_H
