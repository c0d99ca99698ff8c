//===- Files.cpp - Mapped input files and atomically written output files -===//
#include "trainer/Files.h"

#include "trainer/Error.h"
#include "trainer/MappedRanges.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <zlib.h>

using namespace dsc;

namespace {

constexpr size_t bufferSize = 1 << 20;

std::string parentOf(const std::string &path) {
  std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

void syncDirectory(const std::string &path) {
  int descriptor = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    failSystem("cannot open directory " + path);
  int result = fsync(descriptor);
  int reason = errno;
  close(descriptor);
  // Some file systems have no sync for directories; that is not a failure to write.
  if (result != 0 && reason != EINVAL && reason != EROFS) {
    errno = reason;
    failSystem("cannot sync directory " + path);
  }
}

std::string temporaryName(const std::string &path) {
  return path + ".tmp" + std::to_string(getpid());
}

int createFile(const std::string &path) {
  return open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
}

void writeAll(int descriptor, const char *data, size_t size, const std::string &path) {
  while (size > 0) {
    ssize_t count = ::write(descriptor, data, size);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      failSystem("cannot write " + path);
    data += count;
    size -= static_cast<size_t>(count);
  }
}

} // namespace

MappedFile::MappedFile(const std::string &path, const std::string &what) {
  // Not blocking: a pipe that nobody writes to would not even open.
  int descriptor = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0)
    failSystem("cannot open " + what + " " + path);
  struct stat status = {};
  bool regular = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  length = regular ? static_cast<size_t>(status.st_size) : 0;
  void *address = MAP_FAILED;
  if (length > 0)
    address = mmap(nullptr, length, PROT_READ, MAP_SHARED, descriptor, 0);
  close(descriptor);
  if (!regular)
    failInput("%s %s is not a regular file", what.c_str(), path.c_str());
  if (length > 0 && address == MAP_FAILED)
    failSystem("cannot map " + what + " " + path);
  begin = length > 0 ? static_cast<const char *>(address) : nullptr;
  if (begin)
    rememberRange(begin, length, path);
}

MappedFile::~MappedFile() {
  if (!begin)
    return;
  forgetRange(begin);
  munmap(const_cast<char *>(begin), length);
}

void MappedFile::releasePages() const {
  if (begin) // the pages stay in the system's cache; what is dropped is this process's share
    madvise(const_cast<char *>(begin), length, MADV_DONTNEED);
}

void MappedFile::swap(MappedFile &other) {
  std::swap(begin, other.begin);
  std::swap(length, other.length);
}

bool dsc::isLeftover(const std::string &name) {
  size_t suffix = name.rfind(".tmp");
  return suffix != std::string::npos && suffix + 4 < name.size() &&
         name.find_first_not_of("0123456789", suffix + 4) == std::string::npos;
}

void dsc::removeLeftovers(const std::string &path) {
  namespace fs = std::filesystem;
  fs::path folder = fs::path(path).parent_path();
  std::string prefix = fs::path(path).filename().string() + ".tmp";
  std::error_code ignored;
  for (const auto &item : fs::directory_iterator(folder.empty() ? "." : folder, ignored)) {
    std::string name = item.path().filename().string();
    if (name.rfind(prefix, 0) == 0 && isLeftover(name))
      fs::remove(item.path(), ignored);
  }
}

AtomicFile::AtomicFile(const std::string &path) : path(path), temporary(temporaryName(path)) {
  descriptor = createFile(temporary);
  if (descriptor < 0)
    failSystem("cannot write " + path);
  buffer.reserve(bufferSize);
}

AtomicFile::~AtomicFile() {
  if (descriptor < 0)
    return;
  close(descriptor);
  unlink(temporary.c_str());
}

void AtomicFile::flushBuffer() {
  writeAll(descriptor, buffer.data(), buffer.size(), path);
  buffer.clear();
}

void AtomicFile::write(const void *data, size_t size) {
  crc = checksumOf(data, size, crc);
  written += size;
  if (buffer.size() + size > bufferSize)
    flushBuffer();
  if (size >= bufferSize)
    return writeAll(descriptor, static_cast<const char *>(data), size, path);
  buffer.append(static_cast<const char *>(data), size);
}

void AtomicFile::sync() {
  flushBuffer();
  if (fsync(descriptor) != 0)
    failSystem("cannot write " + path);
}

void AtomicFile::commit() {
  sync();
  // Network file systems report a full disk at close.
  if (close(std::exchange(descriptor, -1)) != 0 || rename(temporary.c_str(), path.c_str()) != 0) {
    int reason = errno;
    unlink(temporary.c_str());
    errno = reason;
    failSystem("cannot write " + path);
  }
  syncDirectory(parentOf(path));
}

uint32_t dsc::checksumOf(const void *data, size_t size, uint32_t crc) {
  return static_cast<uint32_t>(crc32_z(crc, static_cast<const Bytef *>(data), size));
}

void dsc::writeFile(const std::string &path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

void dsc::requireWritable(const std::string &path, const std::string &flag) {
  struct stat status = {};
  if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
    failInput("%s: %s is a directory; name a file", flag.c_str(), path.c_str());
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    failInput("%s: %s is not a regular file", flag.c_str(), path.c_str());
  std::string probe = temporaryName(path);
  int descriptor = createFile(probe);
  if (descriptor < 0)
    failSystem(flag + ": cannot write " + path);
  close(descriptor);
  unlink(probe.c_str());
}

void dsc::requireWritableDirectory(const std::string &path, const std::string &flag) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error || !std::filesystem::is_directory(path))
    failInput("%s: cannot create directory %s: %s", flag.c_str(), path.c_str(),
              error ? error.message().c_str() : "a file is in the way");
  requireWritable(path + "/probe", flag);
}
