//===- Npz.cpp - Reading and writing NumPy's .npz archives ----------------===//

#include "dsc/Support/Npz.h"
#include "abi/NpyHeader.h"
#include "dsc/Support/RegularFile.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileOutputBuffer.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cmath>
#include <cstring>
#include <zlib.h>

using namespace dsc;
using namespace llvm;
using llvm::support::endian::read16le;
using llvm::support::endian::read32le;
using llvm::support::endian::read64le;

namespace {
constexpr uint32_t kLocalHeader = 0x04034b50, kCentralHeader = 0x02014b50, kEnd = 0x06054b50,
                   kZip64End = 0x06064b50, kZip64Locator = 0x07064b50;
constexpr uint32_t kInZip64 = 0xffffffff;
constexpr size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kZip64EndSize = 56,
                 kZip64LocatorSize = 20;
constexpr uint16_t kStored = 0, kDeflated = 8;
constexpr StringLiteral kNpyMagic = "\x93NUMPY";

/// A member as the central directory describes it.
struct Member {
  StringRef name;
  uint16_t flags, method;
  uint32_t crc;
  uint64_t packedSize, size, offset;
};
} // namespace

static Error invalid(const Twine &message) { return createStringError(message); }

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

int64_t NpzArray::size() const {
  int64_t count = 1;
  for (int64_t dim : shape) {
    count *= dim;
  }
  return count;
}

static double halfToDouble(uint16_t bits) {
  APFloat value(APFloat::IEEEhalf(), APInt(16, bits));
  return value.convertToDouble();
}

double NpzArray::getFloat(int64_t i) const {
  const char *at = bytes.data() + static_cast<size_t>(i) * width;
  if (kind != 'f') {
    return static_cast<double>(getInt(i));
  }
  switch (width) {
  case 2:
    return halfToDouble(read16le(at));
  case 4:
    return bit_cast<float>(read32le(at));
  default:
    return bit_cast<double>(read64le(at));
  }
}

/// Towards zero; what is too large becomes the largest, and what is no number 0.
static int64_t doubleToInt(double value) {
  if (std::isnan(value)) {
    return 0;
  }
  if (std::abs(value) >= 0x1p63) {
    return value > 0 ? INT64_MAX : INT64_MIN;
  }
  return static_cast<int64_t>(value);
}

int64_t NpzArray::getInt(int64_t i) const {
  if (kind == 'f') {
    return doubleToInt(getFloat(i));
  }
  uint64_t raw = 0;
  for (unsigned byte = 0; byte < width; ++byte) {
    auto next = static_cast<unsigned char>(bytes[static_cast<size_t>(i) * width + byte]);
    raw |= uint64_t{next} << (8 * byte);
  }
  return kind == 'i' ? SignExtend64(raw, 8 * width) : static_cast<int64_t>(raw);
}

static void appendLittleEndian(std::vector<char> &bytes, uint64_t value, unsigned width) {
  for (unsigned byte = 0; byte < width; ++byte) {
    bytes.push_back(static_cast<char>(value >> (8 * byte)));
  }
}

void NpzArray::appendFloat(double value) {
  uint64_t raw =
      width == 4 ? bit_cast<uint32_t>(static_cast<float>(value)) : bit_cast<uint64_t>(value);
  appendLittleEndian(bytes, raw, width);
}

void NpzArray::appendInt(int64_t value) {
  appendLittleEndian(bytes, static_cast<uint64_t>(value), width);
}

std::string NpzArray::descr() const {
  return (Twine(width == 1 ? '|' : '<') + Twine(kind) + Twine(width)).str();
}

//===----------------------------------------------------------------------===//
// .npy members
//===----------------------------------------------------------------------===//

/// What an error quotes: one line, and not all of a long text.
static std::string quote(StringRef text) {
  std::string quoted;
  raw_string_ostream os(quoted);
  printEscapedString(text.take_front(80), os);
  return "'" + quoted + (text.size() > 80 ? "...'" : "'");
}

static Error parseDescr(StringRef entry, NpzArray &array) {
  StringRef quoted = entry.drop_front(entry.empty() ? 0 : 1).take_until([](char c) {
    return c == '\'' || c == '"';
  });
  StringRef digits = quoted.size() > 2 ? quoted.drop_front(2) : StringRef();
  bool isNumber = quoted.size() > 2 && !digits.getAsInteger(10, array.width);
  array.kind = isNumber ? quoted[1] : '?';
  bool isFloat = array.kind == 'f' && is_contained({2u, 4u, 8u}, array.width);
  bool isInt = StringRef("iu").contains(array.kind) && is_contained({1u, 2u, 4u, 8u}, array.width);
  bool isBool = array.kind == 'b' && array.width == 1;
  if (quoted.starts_with(">") || !(isFloat || isInt || isBool)) {
    return invalid("element type " + quote(quoted) +
                   " is not supported (little-endian float, integer or bool is)");
  }
  return Error::success();
}

static Error parseShape(StringRef entry, NpzArray &array) {
  std::vector<int64_t> shape;
  if (!npyheader::readShape(entry, shape)) {
    return invalid("its header has the shape " + quote(entry));
  }
  if (shape.size() > npyheader::highestRank) {
    return invalid("its shape has " + Twine(shape.size()) + " dimensions, more than " +
                   Twine(npyheader::highestRank));
  }
  array.shape.assign(shape.begin(), shape.end());
  return Error::success();
}

/// Fortran order to C order.
static void makeRowMajor(NpzArray &array) {
  std::vector<char> ordered(array.bytes.size());
  SmallVector<int64_t> index(array.shape.size(), 0);
  for (int64_t i = 0; i < array.size(); ++i) {
    int64_t from = 0;
    for (size_t dim = array.shape.size(); dim-- > 0;) {
      from = from * array.shape[dim] + index[dim];
    }
    std::memcpy(ordered.data() + static_cast<size_t>(i) * array.width,
                array.bytes.data() + static_cast<size_t>(from) * array.width, array.width);
    for (size_t dim = array.shape.size(); dim-- > 0 && ++index[dim] == array.shape[dim];) {
      index[dim] = 0;
    }
  }
  array.bytes = std::move(ordered);
}

/// The header's text, and where the data starts, of a file of `size` bytes.
static Expected<std::pair<StringRef, size_t>> findHeader(StringRef prefix, uint64_t size) {
  if (!prefix.starts_with(kNpyMagic) || prefix.size() < npyheader::longestPrefix) {
    return invalid("it is not an .npy file");
  }
  if (!npyheader::isVersion(prefix[6], prefix[7])) {
    return invalid("it is of .npy version " + Twine(static_cast<unsigned>(prefix[6] & 0xff)) + "." +
                   Twine(static_cast<unsigned>(prefix[7] & 0xff)) + ", which is unknown");
  }
  size_t start = prefix[6] == 1 ? 10 : 12;
  size_t length = prefix[6] == 1 ? read16le(prefix.data() + 8) : read32le(prefix.data() + 8);
  if (length > size - start) {
    return invalid("its header is cut off");
  }
  if (length > npyheader::longestHeader) {
    return invalid("its header is " + Twine(length) + " bytes long, not that of a plain array");
  }
  return std::pair(prefix.substr(start, length), start + length);
}

static Error checkSize(const NpzArray &array, uint64_t available) {
  uint64_t expected = 0;
  std::vector<int64_t> shape(array.shape.begin(), array.shape.end());
  if (!npyheader::countBytes(shape, array.width, expected)) {
    return invalid("its shape is too large");
  }
  return available == expected
             ? Error::success()
             : invalid("expected " + Twine(expected) + " bytes of data, got " + Twine(available));
}

namespace {
struct NpyHeader {
  NpzArray array; // without data
  bool isFortran;
  size_t dataStart;
};
} // namespace

/// Reads a header from the first bytes of a file of `size` bytes, which must fit it.
static Expected<NpyHeader> parseHeader(StringRef prefix, uint64_t size) {
  auto text = findHeader(prefix, size);
  if (!text) {
    return text.takeError();
  }
  npyheader::Fields fields;
  if (const char *problem = npyheader::readFields(text->first, fields)) {
    return invalid(problem);
  }
  NpyHeader header{{}, StringRef(fields["fortran_order"]) == "True", text->second};
  if (Error error = parseDescr(fields["descr"], header.array)) {
    return error;
  }
  if (Error error = parseShape(fields["shape"], header.array)) {
    return error;
  }
  if (Error error = checkSize(header.array, size - header.dataStart)) {
    return error;
  }
  return header;
}

Expected<NpzArray> dsc::parseNpy(StringRef data) {
  Expected<NpyHeader> header = parseHeader(data, data.size());
  if (!header) {
    return header.takeError();
  }
  NpzArray array = std::move(header->array);
  array.bytes.assign(data.begin() + header->dataStart, data.end());
  if (header->isFortran) {
    makeRowMajor(array);
  }
  return array;
}

static std::string npyHeader(const NpzArray &array) {
  std::string dict = "{'descr': '" + array.descr() + "', 'fortran_order': False, 'shape': (";
  for (int64_t dim : array.shape) {
    dict += std::to_string(dim) + ",";
  }
  dict += "), }";
  dict.append(63 - (10 + dict.size()) % 64, ' ');
  dict += '\n';
  std::string header = kNpyMagic.str() + '\x01' + std::string(1, '\0');
  header += static_cast<char>(dict.size() & 0xff);
  header += static_cast<char>(dict.size() >> 8);
  return header + dict;
}

//===----------------------------------------------------------------------===//
// Zip archives
//===----------------------------------------------------------------------===//

/// Where the end record starts; it may be followed by a comment.
static Expected<size_t> findEnd(StringRef file) {
  size_t lowest = file.size() > 65535 + kEndSize ? file.size() - 65535 - kEndSize : 0;
  for (size_t at = file.size() >= kEndSize ? file.size() - kEndSize + 1 : 0; at-- > lowest;) {
    if (read32le(file.data() + at) == kEnd) {
      return at;
    }
  }
  return invalid("it is not a zip archive, or is cut off");
}

/// The central directory's offset and number of entries.
static Expected<std::pair<uint64_t, uint64_t>> findDirectory(StringRef file) {
  Expected<size_t> end = findEnd(file);
  if (!end) {
    return end.takeError();
  }
  const char *record = file.data() + *end;
  uint64_t count = read16le(record + 10), offset = read32le(record + 16);
  if (*end < kZip64LocatorSize || read32le(record - kZip64LocatorSize) != kZip64Locator) {
    return std::pair(offset, count);
  }
  uint64_t at = read64le(record - kZip64LocatorSize + 8);
  if (at > file.size() || file.size() - at < kZip64EndSize ||
      read32le(file.data() + at) != kZip64End) {
    return invalid("its zip64 directory is damaged");
  }
  return std::pair(read64le(file.data() + at + 48), read64le(file.data() + at + 32));
}

/// Replaces 32-bit placeholders by the values of the zip64 extra field.
static Error readZip64Extra(StringRef extra, Member &member) {
  while (extra.size() >= 4) {
    uint16_t id = read16le(extra.data()), length = read16le(extra.data() + 2);
    StringRef field = extra.substr(4, length);
    if (id == 1) {
      for (uint64_t *value : {&member.size, &member.packedSize, &member.offset}) {
        if (*value == kInZip64) {
          if (field.size() < 8) {
            return invalid("its zip64 sizes are missing");
          }
          *value = read64le(field.data());
          field = field.drop_front(8);
        }
      }
    }
    extra = extra.substr(4 + size_t{length});
  }
  return Error::success();
}

/// The entry at the front of `directory`, which is then dropped.
static Expected<Member> readEntry(StringRef &directory) {
  if (directory.size() < kCentralSize || read32le(directory.data()) != kCentralHeader) {
    return invalid("its directory is damaged");
  }
  const char *at = directory.data();
  size_t name = read16le(at + 28), extra = read16le(at + 30), comment = read16le(at + 32);
  if (directory.size() - kCentralSize < name + extra + comment) {
    return invalid("its directory is cut off");
  }
  Member member{directory.substr(kCentralSize, name),
                read16le(at + 8),
                read16le(at + 10),
                read32le(at + 16),
                read32le(at + 20),
                read32le(at + 24),
                read32le(at + 42)};
  if (Error error = readZip64Extra(directory.substr(kCentralSize + name, extra), member)) {
    return error;
  }
  directory = directory.drop_front(kCentralSize + name + extra + comment);
  return member;
}

/// Inflates as many bytes as `out` has; if `isWhole`, there must be no more.
static Error inflateInto(StringRef packed, MutableArrayRef<char> out, bool isWhole) {
  z_stream stream = {};
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef *>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  inflateInit2(&stream, -MAX_WBITS); // zip members carry no zlib header
  int status = inflate(&stream, Z_FINISH);
  bool complete = stream.avail_out == 0 && (status == Z_STREAM_END || !isWhole);
  inflateEnd(&stream);
  return complete ? Error::success() : invalid("its compressed data is damaged");
}

/// A small member may unpack to gigabytes: its header must tell of an array of that size.
static Error checkHeader(StringRef packed, uint64_t size) {
  uint64_t longest = npyheader::longestPrefix + npyheader::longestHeader;
  std::string prefix(std::min(size, longest), '\0');
  if (Error error = inflateInto(packed, MutableArrayRef(prefix.data(), prefix.size()), false)) {
    return error;
  }
  return parseHeader(prefix, size).takeError();
}

/// The member's data, inflated into `storage` where it is not stored plainly.
static Expected<StringRef> readMember(StringRef file, const Member &member,
                                      SmallVectorImpl<char> &storage) {
  if (member.offset > file.size() || file.size() - member.offset < kLocalSize ||
      read32le(file.data() + member.offset) != kLocalHeader) {
    return invalid("its local header is damaged");
  }
  const char *at = file.data() + member.offset;
  uint64_t start = member.offset + kLocalSize + read16le(at + 26) + read16le(at + 28);
  if (start > file.size() || file.size() - start < member.packedSize) {
    return invalid("it is cut off");
  }
  StringRef packed = file.substr(start, member.packedSize);
  if (member.flags & 1) {
    return invalid("it is encrypted");
  }
  if (member.method == kStored) {
    return packed;
  }
  // Deflate shrinks at most 1032 times: a larger claim is a damaged header.
  bool isPlausible = member.size / 1032 <= packed.size() && member.size < kInZip64;
  if (member.method != kDeflated || packed.size() >= kInZip64 || !isPlausible) {
    return invalid("it is packed in an unsupported way (store or deflate it, below 4 GiB)");
  }
  if (Error error = checkHeader(packed, member.size)) {
    return error;
  }
  storage.resize_for_overwrite(member.size);
  if (Error error = inflateInto(packed, storage, true)) {
    return error;
  }
  return StringRef(storage.data(), storage.size());
}

static uint32_t crcOf(StringRef data) {
  uLong crc = crc32(0, nullptr, 0);
  return static_cast<uint32_t>(
      crc32_z(crc, reinterpret_cast<const Bytef *>(data.data()), data.size()));
}

/// The members of the archive, as its directory lists them.
static Expected<std::vector<Member>> readDirectory(StringRef file) {
  auto directory = findDirectory(file);
  if (!directory) {
    return directory.takeError();
  }
  if (directory->first > file.size()) {
    return invalid("its directory is cut off");
  }
  StringRef rest = file.substr(directory->first);
  std::vector<Member> members;
  for (uint64_t i = 0; i < directory->second; ++i) {
    Expected<Member> member = readEntry(rest);
    if (!member) {
      return member.takeError();
    }
    members.push_back(*member);
  }
  return members;
}

/// Members that share their data would let a small file unpack to any size.
static Error checkDisjoint(std::vector<Member> members) {
  llvm::sort(members, [](const Member &a, const Member &b) { return a.offset < b.offset; });
  for (size_t i = 1; i < members.size(); ++i) {
    const Member &previous = members[i - 1];
    if (members[i].offset - previous.offset < kLocalSize + previous.packedSize) {
      return invalid("members " + quote(previous.name) + " and " + quote(members[i].name) +
                     " overlap");
    }
  }
  return Error::success();
}

static Expected<NpzArray> readArray(StringRef file, const Member &member) {
  SmallVector<char, 0> storage;
  Expected<StringRef> data = readMember(file, member, storage);
  if (!data) {
    return data.takeError();
  }
  if (crcOf(*data) != member.crc) {
    return invalid("its checksum does not match");
  }
  return parseNpy(*data);
}

Expected<NpzArchive> dsc::parseNpz(StringRef file) {
  Expected<std::vector<Member>> members = readDirectory(file);
  if (!members) {
    return members.takeError();
  }
  if (Error error = checkDisjoint(*members)) {
    return error;
  }
  NpzArchive archive;
  for (const Member &member : *members) {
    Expected<NpzArray> array = readArray(file, member);
    if (!array) {
      return invalid("member " + quote(member.name) + ": " + toString(array.takeError()));
    }
    StringRef name = member.name;
    name.consume_back(".npy");
    if (!archive.insert({name.str(), std::move(*array)}).second) {
      return invalid("it lists " + quote(member.name) + " twice");
    }
  }
  return archive;
}

Expected<NpzArchive> dsc::readNpz(StringRef path) {
  auto buffer = readRegularFile(path);
  if (!buffer) {
    return buffer.takeError();
  }
  Expected<NpzArchive> archive = parseNpz((*buffer)->getBuffer());
  if (!archive) {
    return createFileError(path, archive.takeError());
  }
  return archive;
}

static void append16(std::string &out, uint64_t value) {
  for (int shift = 0; shift < 16; shift += 8) {
    out += static_cast<char>(value >> shift);
  }
}
static void append32(std::string &out, uint64_t value) {
  append16(out, value);
  append16(out, value >> 16);
}

/// The fields that local and central header share.
static void appendCommon(std::string &out, StringRef name, uint32_t crc, uint64_t size) {
  append16(out, 20);    // version needed
  append16(out, 0x800); // names are UTF-8
  append16(out, kStored);
  append32(out, 0x210000); // 1980-01-01: the same arrays give the same file
  append32(out, crc);
  append32(out, size);
  append32(out, size);
  append16(out, name.size());
  append16(out, 0);
}

static Error commit(StringRef path, StringRef contents) {
  auto output = FileOutputBuffer::create(path, contents.size());
  if (!output) {
    return createFileError(path, output.takeError());
  }
  std::memcpy((*output)->getBufferStart(), contents.data(), contents.size());
  if (Error error = (*output)->commit()) {
    return createFileError(path, std::move(error));
  }
  return Error::success();
}

Error dsc::writeNpz(StringRef path, const NpzArchive &archive) {
  std::string file, directory;
  for (const auto &[key, array] : archive) {
    std::string name = key + ".npy", data = npyHeader(array);
    data.append(array.bytes.begin(), array.bytes.end());
    uint32_t crc = crcOf(data);
    append32(directory, kCentralHeader);
    append16(directory, 20);
    appendCommon(directory, name, crc, data.size());
    directory.append(10, '\0'); // comment length, disk, attributes
    append32(directory, file.size());
    directory += name;
    append32(file, kLocalHeader);
    appendCommon(file, name, crc, data.size());
    file += name;
    file += data;
    if (file.size() >= kInZip64) {
      return createFileError(path, invalid("more than 4 GiB of arrays"));
    }
  }
  size_t offset = file.size(), count = archive.size();
  file += directory;
  append32(file, kEnd);
  append32(file, 0);
  append16(file, count);
  append16(file, count);
  append32(file, directory.size());
  append32(file, offset);
  append16(file, 0);
  return commit(path, file);
}
