//===- Npz.cpp - Archives and directories of NumPy arrays -----------------===//
//
// A .npz is a zip archive of .npy entries. The central directory at the end of
// the file lists them; zip64 fields replace those that are all ones.
//
//===----------------------------------------------------------------------===//
#include "abi/NpyHeader.h"
#include "trainer/Error.h"
#include "trainer/Files.h"
#include "trainer/Npy.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <zlib.h>

using namespace dsc;

namespace {

template <typename T> T readAt(std::string_view bytes, size_t offset) {
  T value = 0;
  if (offset <= bytes.size() && sizeof(T) <= bytes.size() - offset)
    memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

bool hasSuffix(const std::string &text, const char *suffix) {
  size_t length = strlen(suffix);
  return text.size() > length && text.compare(text.size() - length, length, suffix) == 0;
}

/// Inflates the first `size` bytes; false where there are fewer, or, if `isWhole`, more.
bool inflateBytes(std::string_view packed, char *out, uint64_t size, bool isWhole) {
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    failInternal("zlib cannot start");
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(packed.data()));
  stream.next_out = reinterpret_cast<Bytef *>(out);
  uint64_t inLeft = packed.size(), outLeft = size;
  int result = Z_OK;
  while (result == Z_OK) { // zlib counts in 32 bits
    if (stream.avail_in == 0)
      inLeft -= stream.avail_in = static_cast<uInt>(std::min<uint64_t>(inLeft, 1 << 30));
    if (stream.avail_out == 0)
      outLeft -= stream.avail_out = static_cast<uInt>(std::min<uint64_t>(outLeft, 1 << 30));
    result = inflate(&stream, Z_NO_FLUSH);
  }
  bool isFull = outLeft == 0 && stream.avail_out == 0;
  inflateEnd(&stream);
  return isFull && (result == Z_STREAM_END || !isWhole);
}

[[noreturn]] void failInflation(const std::string &source) {
  failInput("%s is corrupt: its compressed data does not unpack to what the archive lists",
            source.c_str());
}

/// A small entry may unpack to gigabytes: first its header must tell of an array of that size.
void checkHeader(std::string_view packed, uint64_t size, const std::string &source) {
  std::string prefix(std::min<uint64_t>(size, npyheader::longestPrefix + npyheader::longestHeader),
                     '\0');
  if (!inflateBytes(packed, prefix.data(), prefix.size(), false))
    failInflation(source);
  parseNpyHeader(prefix, size, source);
}

std::shared_ptr<char> allocate(uint64_t size, const std::string &source) {
  try {
    return std::shared_ptr<char>(new char[size], std::default_delete<char[]>());
  } catch (const std::bad_alloc &) {
    failInput("%s: out of memory for its %llu bytes", source.c_str(),
              static_cast<unsigned long long>(size));
  }
}

std::shared_ptr<const char> inflateEntry(std::string_view packed, uint64_t size, uint32_t crc,
                                         const std::string &source) {
  checkHeader(packed, size, source);
  std::shared_ptr<char> data = allocate(size, source);
  if (!inflateBytes(packed, data.get(), size, true) || checksumOf(data.get(), size) != crc)
    failInflation(source);
  return data;
}

} // namespace

namespace dsc {

/// Fills the entries of an ArrayFiles from the central directory of an archive.
class ArchiveReader {
public:
  ArchiveReader(ArrayFiles &files, std::string_view archive) : files(files), archive(archive) {}

  void read() {
    size_t end = findEnd();
    uint64_t count = readAt<uint16_t>(archive, end + 10);
    uint64_t offset = readAt<uint32_t>(archive, end + 16);
    if (end >= 20 && readAt<uint32_t>(archive, end - 20) == 0x07064b50) { // zip64 locator
      uint64_t record = readAt<uint64_t>(archive, end - 12);
      count = readAt<uint64_t>(archive, record + 32);
      offset = readAt<uint64_t>(archive, record + 48);
    }
    for (uint64_t i = 0; i < count; ++i)
      offset = readEntry(offset);
    requireDisjoint();
  }

private:
  [[noreturn]] void fail() {
    failInput("%s is not a whole .npz archive: it is truncated or corrupt", files.source.c_str());
  }

  /// The end record is the last 22 bytes, unless a comment follows it.
  size_t findEnd() {
    for (size_t back = 22; back <= archive.size() && back <= 22 + 65535; ++back)
      if (readAt<uint32_t>(archive, archive.size() - back) == 0x06054b50)
        return archive.size() - back;
    fail();
  }

  /// Sizes that do not fit 32 bits stand in the zip64 extra field, in this order.
  void readZip64(std::string_view extra, uint64_t &size, uint64_t &packedSize, uint64_t &offset) {
    while (extra.size() >= 4) {
      size_t length = readAt<uint16_t>(extra, 2), position = 4;
      if (readAt<uint16_t>(extra, 0) == 1)
        for (uint64_t *field : {&size, &packedSize, &offset})
          if (*field == 0xffffffff) {
            *field = readAt<uint64_t>(extra, position);
            position += 8;
          }
      extra.remove_prefix(std::min(extra.size(), 4 + length));
    }
  }

  /// Reads the entry of the central directory at `offset`; returns the next one's offset.
  uint64_t readEntry(uint64_t offset) {
    if (readAt<uint32_t>(archive, offset) != 0x02014b50)
      fail();
    uint16_t method = readAt<uint16_t>(archive, offset + 10);
    ArrayFiles::Entry entry;
    entry.crc = readAt<uint32_t>(archive, offset + 16);
    uint64_t packedSize = readAt<uint32_t>(archive, offset + 20);
    entry.size = readAt<uint32_t>(archive, offset + 24);
    size_t nameLength = readAt<uint16_t>(archive, offset + 28);
    size_t extraLength = readAt<uint16_t>(archive, offset + 30);
    size_t commentLength = readAt<uint16_t>(archive, offset + 32);
    uint64_t local = readAt<uint32_t>(archive, offset + 42);
    uint64_t next = offset + 46 + nameLength + extraLength + commentLength;
    if (next > archive.size())
      fail();
    std::string name(archive.substr(offset + 46, nameLength));
    readZip64(archive.substr(offset + 46 + nameLength, extraLength), entry.size, packedSize, local);
    entry.packed = locate(local, packedSize);
    const char *end = entry.packed.data() + entry.packed.size();
    extents.push_back({local, static_cast<uint64_t>(end - archive.data())});
    entry.deflated = method == 8;
    add(name, method, entry);
    return next;
  }

  /// Entries that share their data would let a small file unpack to any size.
  void requireDisjoint() {
    std::sort(extents.begin(), extents.end());
    for (size_t i = 1; i < extents.size(); ++i)
      if (extents[i].first < extents[i - 1].second)
        failInput("%s is corrupt: two of its entries overlap", files.source.c_str());
  }

  /// The data behind the local header at `offset`.
  std::string_view locate(uint64_t offset, uint64_t size) {
    if (readAt<uint32_t>(archive, offset) != 0x04034b50)
      fail();
    uint64_t start = offset + 30 + readAt<uint16_t>(archive, offset + 26) +
                     readAt<uint16_t>(archive, offset + 28);
    if (start > archive.size() || size > archive.size() - start)
      fail();
    return archive.substr(start, size);
  }

  void add(const std::string &name, uint16_t method, const ArrayFiles::Entry &entry) {
    if (!hasSuffix(name, ".npy"))
      return;
    if (method != 0 && method != 8)
      failInput("%s: '%s' is compressed by method %d; use numpy.savez or savez_compressed",
                files.source.c_str(), name.c_str(), method);
    // Deflate reaches 1032:1; a larger claim is damage, and must not reserve memory.
    if (method == 8 ? entry.size / 1040 > entry.packed.size() : entry.size != entry.packed.size())
      fail();
    if (!files.entries.emplace(name.substr(0, name.size() - 4), entry).second)
      failInput("%s is corrupt: it lists '%s' twice", files.source.c_str(), name.c_str());
  }

  ArrayFiles &files;
  std::string_view archive;
  std::vector<std::pair<uint64_t, uint64_t>> extents; // of local headers with their data
};

} // namespace dsc

ArrayFiles::ArrayFiles(const std::string &path) : source(path) {
  if (std::filesystem::is_directory(path)) {
    for (const auto &item : std::filesystem::directory_iterator(path))
      if (item.path().extension() == ".npy")
        entries[item.path().stem().string()].file = item.path().string();
    return;
  }
  auto file = std::make_shared<MappedFile>(path, "the data");
  mapping = file;
  ArchiveReader(*this, file->bytes()).read();
}

ArrayFiles::ArrayFiles(std::string_view archive, std::shared_ptr<const void> owner,
                       const std::string &source)
    : source(source), mapping(std::move(owner)) {
  ArchiveReader(*this, archive).read();
}

std::vector<std::string> ArrayFiles::names() const {
  std::vector<std::string> result;
  for (const auto &[name, entry] : entries)
    result.push_back(name);
  return result;
}

Array ArrayFiles::open(const std::string &name) const {
  const Entry &entry = entries.at(name);
  if (!entry.file.empty()) {
    auto file = std::make_shared<MappedFile>(entry.file, "the data");
    return parseNpy(file->bytes(), file, entry.file);
  }
  std::string where = source + ": array '" + name + "'";
  if (!entry.deflated) {
    if (checksumOf(entry.packed.data(), entry.packed.size()) != entry.crc)
      failInput("%s is corrupt: the checksum of its data is wrong", where.c_str());
    return parseNpy(entry.packed, mapping, where);
  }
  std::shared_ptr<const char> data = inflateEntry(entry.packed, entry.size, entry.crc, where);
  return parseNpy({data.get(), entry.size}, data, where);
}
