//===- Trace.h - What --profile writes ------------------------------------===//
//
// A Chrome trace (chrome://tracing, Perfetto): one row for the calls of the
// compiled programs with flops and bytes, one for what the loop around them does.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_TRACE_H
#define DSC_RUNTIME_TRAINER_TRACE_H

#include "abi/Abi.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace dsc {

class Trace {
public:
  /// Microseconds since the trace began.
  double now() const;
  void addCall(const DscCall &call, double start, double end);
  /// Something of the loop, such as "step 12" or "checkpoint".
  void addSpan(const std::string &name, double start, double end);
  void write(const std::string &path, const std::string &model) const;

private:
  struct Event {
    const DscCall *call; // null: a span
    size_t span;
    double start, end;
  };
  bool full();

  std::chrono::steady_clock::time_point origin = std::chrono::steady_clock::now();
  std::vector<Event> events;
  std::vector<std::string> spans;
  size_t dropped = 0; // beyond the limit, which keeps a long run's trace loadable
};

/// Adds a span from construction to destruction; does nothing without a trace.
class TraceSpan {
public:
  TraceSpan(Trace *trace, std::string name)
      : trace(trace), name(std::move(name)), start(trace ? trace->now() : 0) {}
  ~TraceSpan() {
    if (trace)
      trace->addSpan(name, start, trace->now());
  }
  TraceSpan(const TraceSpan &) = delete;
  TraceSpan &operator=(const TraceSpan &) = delete;

private:
  Trace *trace;
  std::string name;
  double start;
};

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_TRACE_H
