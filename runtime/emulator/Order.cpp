//===- Order.cpp - Which accesses are ordered by streams and events -------===//
#include "Order.h"

#include "Block.h"

using namespace emulator;

void Clock::merge(const Clock &other) {
  for (auto [stream, task] : other) {
    uint64_t &mine = (*this)[stream];
    mine = std::max(mine, task);
  }
}

bool Clock::covers(unsigned stream, uint64_t task) const {
  auto it = find(stream);
  return it != end() && it->second >= task;
}

/// Cuts the segment that holds `position` in two.
void AccessTable::splitAt(uintptr_t position) {
  auto it = segments.upper_bound(position);
  if (it == segments.begin())
    return;
  --it;
  if (it->first == position || it->second.end <= position)
    return;
  segments.emplace(position, it->second);
  it->second.end = position;
}

static void failUnordered(const TaskId &before, const char *did, const TaskId &task,
                          const char *does) {
  fail("no stream dependency: %s (%s) %s what %s (%s) %s on another stream; record an event there "
       "and wait for it",
       task.name, task.node, does, before.name, before.node, did);
}

void AccessTable::update(Segment &segment, const Access &access, const TaskId &task,
                         const Clock &clock) {
  const TaskId &writer = segment.writer;
  if (segment.written && !clock.covers(writer.stream, writer.number))
    failUnordered(writer, "writes", task, access.isWrite ? "writes" : "reads");
  if (!access.isWrite) {
    segment.readers[task.stream] = task;
    return;
  }
  for (const auto &[stream, reader] : segment.readers)
    if (!clock.covers(stream, reader.number))
      failUnordered(reader, "reads", task, "writes");
  segment.readers.clear();
  segment.written = true;
  segment.writer = task;
}

void AccessTable::add(const Access &access, const TaskId &task, const Clock &clock) {
  if (access.bytes == 0)
    return;
  uintptr_t begin = reinterpret_cast<uintptr_t>(access.memory), end = begin + access.bytes;
  splitAt(begin);
  splitAt(end);
  for (uintptr_t at = begin; at < end;) {
    auto it = segments.lower_bound(at);
    if (it == segments.end() || it->first > at) { // nobody was here yet
      uintptr_t next = it == segments.end() ? end : std::min(end, it->first);
      it = segments.emplace(at, Segment{next, false, {}, {}}).first;
    }
    update(it->second, access, task, clock);
    at = it->second.end;
  }
}

static void requireDone(const TaskId &task, const char *does, const Clock &clock) {
  if (!clock.covers(task.stream, task.number))
    fail("memory is freed that %s (%s) may still %s; wait for it first", task.name, task.node,
         does);
}

void AccessTable::requireDone(const void *memory, size_t bytes, const Clock &clock) const {
  uintptr_t begin = reinterpret_cast<uintptr_t>(memory), end = begin + bytes;
  for (auto it = segments.lower_bound(begin); it != segments.end() && it->first < end; ++it) {
    const Segment &segment = it->second;
    if (segment.written)
      ::requireDone(segment.writer, "write", clock);
    for (const auto &[stream, reader] : segment.readers)
      ::requireDone(reader, "read", clock);
  }
}

void AccessTable::forget(const void *memory, size_t bytes) {
  uintptr_t begin = reinterpret_cast<uintptr_t>(memory), end = begin + bytes;
  splitAt(begin);
  splitAt(end);
  segments.erase(segments.lower_bound(begin), segments.lower_bound(end));
}
