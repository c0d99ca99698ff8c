//===- NpzWriter.cpp - Writes .npz archives -------------------------------===//
//
// Entries are stored. The zip64 fields are written only where a size or offset
// needs them.
//
//===----------------------------------------------------------------------===//
#include "trainer/Error.h"
#include "trainer/Files.h"
#include "trainer/Npy.h"

using namespace dsc;

namespace {

std::string npyHeader(DscType type, const Shape &shape) {
  const char *descr = nullptr;
  switch (type) {
  case DSC_F32:
    descr = "<f4";
    break;
  case DSC_F64:
    descr = "<f8";
    break;
  case DSC_I32:
    descr = "<i4";
    break;
  case DSC_I64:
    descr = "<i8";
    break;
  default:
    failInternal("an array of %s cannot be written", typeName(type));
  }
  std::string sizes;
  for (int64_t size : shape)
    sizes += std::to_string(size) + ",";
  std::string text =
      format("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, sizes.c_str());
  text.append((64 - (text.size() + 11) % 64) % 64, ' '); // the data starts aligned to 64
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

/// Appends little-endian fields of a zip record.
class Record {
public:
  template <typename T> Record &add(T value) {
    text.append(reinterpret_cast<const char *>(&value), sizeof(value));
    return *this;
  }
  std::string text;
};

uint32_t low32(uint64_t value) {
  return value >= 0xffffffff ? 0xffffffff : static_cast<uint32_t>(value);
}

class Archive {
public:
  explicit Archive(const std::string &path) : file(path) {}

  void add(const ArrayToWrite &array) {
    std::string header = npyHeader(array.type, array.shape), name = array.name + ".npy";
    uint64_t bytes = static_cast<uint64_t>(numElements(array.shape)) * typeSize(array.type);
    uint64_t size = header.size() + bytes, offset = file.size();
    uint32_t crc = checksumOf(array.data, bytes, checksumOf(header.data(), header.size()));
    Record local;
    local.add<uint32_t>(0x04034b50).add<uint16_t>(45);
    addCommon(local, name, crc, size, Record().add(size).add(size).text);
    file.write(local.text);
    file.write(header);
    file.write(array.data, bytes);
    directory.add<uint32_t>(0x02014b50).add<uint16_t>(45).add<uint16_t>(45);
    addCommon(directory, name, crc, size, Record().add(size).add(size).add(offset).text, offset);
    ++count;
  }

  void finish() {
    uint64_t offset = file.size(), size = directory.text.size();
    Record end;
    end.add<uint32_t>(0x06064b50).add<uint64_t>(44).add<uint16_t>(45).add<uint16_t>(45);
    end.add<uint32_t>(0).add<uint32_t>(0).add(count).add(count).add(size).add(offset);
    end.add<uint32_t>(0x07064b50).add<uint32_t>(0).add<uint64_t>(offset + size).add<uint32_t>(1);
    uint16_t shortCount = count < 0xffff ? static_cast<uint16_t>(count) : 0xffff;
    end.add<uint32_t>(0x06054b50).add<uint32_t>(0).add(shortCount).add(shortCount);
    end.add(low32(size)).add(low32(offset)).add<uint16_t>(0);
    file.write(directory.text);
    file.write(end.text);
    file.commit();
  }

private:
  /// The fields that local header and directory entry share, and the zip64 sizes behind the name.
  static void addCommon(Record &record, const std::string &name, uint32_t crc, uint64_t size,
                        const std::string &wide, std::optional<uint64_t> offset = {}) {
    bool isWide = size >= 0xffffffff || offset.value_or(0) >= 0xffffffff;
    uint32_t narrow = isWide ? 0xffffffff : static_cast<uint32_t>(size);
    uint16_t extra = isWide ? static_cast<uint16_t>(4 + wide.size()) : 0;
    record.add<uint16_t>(0x800).add<uint16_t>(0); // names are UTF-8; stored
    record.add<uint16_t>(0).add<uint16_t>(0x21);  // 1980-01-01: same arrays, same bytes
    record.add(crc).add(narrow).add(narrow).add(static_cast<uint16_t>(name.size())).add(extra);
    if (offset) {
      record.add<uint16_t>(0).add<uint16_t>(0).add<uint16_t>(0).add<uint32_t>(0);
      record.add(isWide ? 0xffffffff : static_cast<uint32_t>(*offset));
    }
    record.text += name;
    if (isWide)
      record.add<uint16_t>(1).add(static_cast<uint16_t>(wide.size())).text += wide;
  }

  AtomicFile file;
  Record directory;
  uint64_t count = 0;
};

} // namespace

void dsc::writeNpz(const std::string &path, const std::vector<ArrayToWrite> &arrays) {
  Archive archive(path);
  for (const ArrayToWrite &array : arrays)
    archive.add(array);
  archive.finish();
}
