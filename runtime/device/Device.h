//===- Device.h - What a trainer asks of the machine its steps run on -----===//
//
// A trainer is linked with one device library, which defines `device()`. The loop
// around the steps knows nothing else of it.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_DEVICE_DEVICE_H
#define DSC_RUNTIME_DEVICE_DEVICE_H

#include "abi/Abi.h"

#include <cstddef>
#include <map>
#include <string>

namespace dsc {

/// Which algorithms a device's libraries take, by problem; the texts are the device's own.
struct Algorithms {
  std::string library; // libraries, device and their versions; empty where nothing was chosen
  std::map<std::string, std::string> chosen;
};

/// Functions that return a bool return false after dscSetError.
class Device {
public:
  virtual ~Device() = default;

  /// Zeroed memory, aligned to at least 256 bytes; null where there is not so much.
  virtual char *allocate(int64_t bytes) = 0;
  virtual void release(char *memory, int64_t bytes) = 0;

  /// Whether the host may touch the device's memory itself; the copies below are for
  /// devices where it may not.
  virtual bool sharesHostMemory() const = 0;
  virtual bool write(char *to, const void *from, size_t bytes) = 0;
  virtual bool read(void *to, const char *from, size_t bytes) = 0;
  /// Says that stageInput() will be called with this next, while a step may still run. The
  /// data may change behind it only if it is not staged.
  virtual bool prefetchInput(size_t index, const void *data, size_t bytes) = 0;
  /// Where calls find what the host has at `data`: the same place, or a copy that stays
  /// until input `index` is staged again. Null after dscSetError.
  virtual const void *stageInput(size_t index, const void *data, size_t bytes) = 0;

  /// Starts a call; its results may be there only after finish().
  virtual bool run(const DscCall &call, void *const *buffers) = 0;
  /// Waits for all that was started.
  virtual bool finish() = 0;

  /// Whether this only stands in for the device: what is predicted says nothing of its times.
  virtual bool isEmulated() const { return false; }

  /// Threads of the host that calls use; 0 is what the machine has.
  virtual void setThreads(int count) = 0;

  /// Takes these algorithms from now on, and keeps those that it chooses besides. Fails where
  /// another library chose them. Before the first call.
  virtual bool pin(const Algorithms &) {
    dscSetError("this device chooses no algorithms");
    return false;
  }
  /// What was pinned, and what was chosen besides.
  virtual Algorithms algorithms() const { return {}; }
};

/// The device this program was linked with.
Device &device();

} // namespace dsc

#endif // DSC_RUNTIME_DEVICE_DEVICE_H
