//===- Files.h - Mapped input files and atomically written output files ---===//
//
// Inputs are mapped, never read whole. Outputs are written under a temporary
// name beside their place, synced and renamed, so that a reader sees the whole
// file or none, also after a crash.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_FILES_H
#define DSC_RUNTIME_TRAINER_FILES_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dsc {

/// A read-only mapping of a whole file.
class MappedFile {
public:
  MappedFile() = default;
  /// Fails naming `what` the file is.
  MappedFile(const std::string &path, const std::string &what);
  ~MappedFile();
  MappedFile(MappedFile &&other) noexcept { swap(other); }
  MappedFile &operator=(MappedFile &&other) noexcept {
    swap(other);
    return *this;
  }

  const char *data() const { return begin; }
  size_t size() const { return length; }
  std::string_view bytes() const { return {begin, length}; }
  /// Gives the memory of the pages read so far back; they can be read again.
  void releasePages() const;

private:
  void swap(MappedFile &other);
  const char *begin = nullptr;
  size_t length = 0;
};

/// What a killed process left of an AtomicFile: "NAME.tmp1234".
bool isLeftover(const std::string &name);
/// Removes what killed processes left of the file at `path`.
void removeLeftovers(const std::string &path);

/// Writes `path` through a temporary file; the destructor removes what was not committed.
class AtomicFile {
public:
  explicit AtomicFile(const std::string &path);
  ~AtomicFile();
  AtomicFile(const AtomicFile &) = delete;
  AtomicFile &operator=(const AtomicFile &) = delete;

  void write(const void *data, size_t size);
  void write(std::string_view text) { write(text.data(), text.size()); }
  /// CRC-32 of everything written so far.
  uint32_t checksum() const { return crc; }
  uint64_t size() const { return written; }
  /// Brings everything written so far to the disk: after this only a rename can fail.
  void sync();
  /// Syncs the file, renames it to its place and syncs the directory.
  void commit();

private:
  void flushBuffer();
  std::string path, temporary;
  std::string buffer;
  int descriptor = -1;
  uint32_t crc = 0;
  uint64_t written = 0;
};

/// CRC-32 (zlib's) of a byte range.
uint32_t checksumOf(const void *data, size_t size, uint32_t crc = 0);

/// Writes a small file atomically.
void writeFile(const std::string &path, std::string_view text);

/// Fails, naming `flag`, unless a file can be created at `path`. Leaves nothing behind.
void requireWritable(const std::string &path, const std::string &flag);
/// Creates the directory where needed and fails, naming `flag`, unless files can be made in it.
void requireWritableDirectory(const std::string &path, const std::string &flag);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_FILES_H
