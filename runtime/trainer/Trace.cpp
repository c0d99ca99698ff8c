//===- Trace.cpp - What --profile writes ----------------------------------===//
#include "trainer/Trace.h"

#include "trainer/Error.h"
#include "trainer/Files.h"

#include <algorithm>
#include <nlohmann/json.hpp>

using namespace dsc;

namespace {

constexpr size_t eventLimit = 1000000;
enum Row { callRow = 0, loopRow = 1 };

std::string quoted(const std::string &text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string eventText(const std::string &name, Row row, double start, double end,
                      const std::string &arguments) {
  return format(",\n{\"name\":%s,\"ph\":\"X\",\"pid\":0,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f%s}",
                quoted(name).c_str(), row, start, end - start, arguments.c_str());
}

std::string rowName(Row row, const char *name) {
  return format(",\n{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":0,\"tid\":%d,"
                "\"args\":{\"name\":\"%s\"}}",
                row, name);
}

/// A routine's ints: what its shape is, for those who compare calls.
std::string intsText(const DscCall &call) {
  std::string text;
  for (int32_t i = 0; i < call.numInts; ++i)
    text += (i > 0 ? "," : "") + std::to_string(call.ints[i]);
  return text;
}

std::string callArguments(const DscCall &call, double microseconds) {
  double perSecond = 1e-3 / std::max(microseconds, 1e-3); // to 10^9 per second
  return format(",\"cat\":\"%s\",\"args\":{\"origin\":%s,\"flops\":%lld,\"bytes\":%lld,"
                "\"GFLOP/s\":%.3f,\"GB/s\":%.3f,\"ints\":[%s]}",
                call.kernel ? "kernel" : "routine", quoted(call.origin ? call.origin : "").c_str(),
                static_cast<long long>(call.flops), static_cast<long long>(call.bytes),
                static_cast<double>(call.flops) * perSecond,
                static_cast<double>(call.bytes) * perSecond, intsText(call).c_str());
}

} // namespace

double Trace::now() const {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - origin)
      .count();
}

bool Trace::full() {
  if (events.size() < eventLimit)
    return false;
  ++dropped;
  return true;
}

void Trace::addCall(const DscCall &call, double start, double end) {
  if (!full())
    events.push_back({&call, 0, start, end});
}

void Trace::addSpan(const std::string &name, double start, double end) {
  if (full())
    return;
  events.push_back({nullptr, spans.size(), start, end});
  spans.push_back(name);
}

void Trace::write(const std::string &path, const std::string &model) const {
  AtomicFile file(path);
  file.write("{\"displayTimeUnit\":\"ms\",\"otherData\":{\"model\":" + quoted(model) +
             ",\"dropped_events\":" + std::to_string(dropped) + "},\"traceEvents\":[\n");
  file.write("{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":0,\"args\":{\"name\":\"rank 0\"}}");
  file.write(rowName(callRow, "kernels"));
  file.write(rowName(loopRow, "loop"));
  for (const Event &event : events)
    if (event.call)
      file.write(eventText(event.call->name, callRow, event.start, event.end,
                           callArguments(*event.call, event.end - event.start)));
    else
      file.write(eventText(spans[event.span], loopRow, event.start, event.end, ""));
  file.write("\n]}\n");
  file.commit();
}
