//===- Graph.cpp - Work that is captured once and replayed ----------------===//
#include "Graph.h"

#include "Machine.h"

#include <algorithm>

using namespace emulator;

struct EmulatedGraph {
  std::shared_ptr<Graph> graph;
};
struct EmulatedGraphExec {
  std::shared_ptr<Graph> graph;
};

//===----------------------------------------------------------------------===//
// Capture
//===----------------------------------------------------------------------===//

void CapturePoint::join(const CapturePoint &other) {
  capture = other.capture;
  for (size_t node : other.last)
    if (std::find(last.begin(), last.end(), node) == last.end())
      last.push_back(node);
  clock.merge(other.clock);
}

void emulator::addNode(EmulatedStream &stream, Work work) {
  CapturePoint &point = stream.captured;
  std::vector<Graph::Node> &nodes = point.capture->graph->nodes;
  size_t number = nodes.size();
  TaskId id = {stream.number, number + 1, work.name, work.node};
  point.clock[stream.number] = id.number;
  for (const Access &access : work.accesses)
    point.capture->accesses.add(access, id, point.clock);
  nodes.push_back({std::move(work), {}, point.last.size()});
  for (size_t before : point.last)
    nodes[before].after.push_back(number);
  point.last = {number};
}

bool emulator::refuseInCapture() {
  for (Capture *capture : machine().captures)
    capture->broken = cudaErrorStreamCaptureInvalidated;
  return machine().captures.empty();
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  requireStream(stream, "cudaStreamBeginCapture");
  if (stream->captured.capture)
    return check(false, cudaErrorIllegalState);
  auto *capture = new Capture;
  capture->origin = stream;
  stream->captured = {capture, {}, {}};
  machine().captures.insert(capture);
  return cudaSuccess;
}

/// Takes all streams and events out of the capture; says whether the origin waits for
/// everything that the others did.
static bool leaveCapture(Capture &capture) {
  const Clock known = capture.origin->captured.clock;
  bool isJoined = true;
  for (const auto &stream : machine().streams)
    if (stream->captured.capture == &capture) {
      for (auto [number, node] : stream->captured.clock)
        isJoined &= known.covers(number, node);
      stream->captured = {};
    }
  for (cudaEvent_t event : machine().events)
    if (event->captured.capture == &capture)
      event->captured = {};
  return isJoined;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph) {
  requireStream(stream, "cudaStreamEndCapture");
  *graph = nullptr;
  std::unique_ptr<Capture> capture(stream->captured.capture);
  if (!capture || capture->origin != stream) {
    capture.release();
    return check(false, cudaErrorIllegalState);
  }
  machine().captures.erase(capture.get());
  if (!leaveCapture(*capture))
    return check(false, cudaErrorStreamCaptureUnjoined);
  if (capture->broken != cudaSuccess)
    return check(false, capture->broken);
  *graph = new EmulatedGraph{capture->graph};
  machine().graphs.insert(*graph);
  return cudaSuccess;
}

//===----------------------------------------------------------------------===//
// Replay
//===----------------------------------------------------------------------===//

Replay::Replay(std::shared_ptr<const Graph> whole) : graph(std::move(whole)) {
  for (const Graph::Node &node : graph->nodes) {
    if (node.waitsFor == 0)
      ready.push_back(waitsFor.size());
    waitsFor.push_back(node.waitsFor);
  }
}

void Replay::runOne(Random &random) {
  size_t chosen = random.below(static_cast<unsigned>(ready.size())), number = ready[chosen];
  ready.erase(ready.begin() + static_cast<ptrdiff_t>(chosen));
  const Graph::Node &node = graph->nodes[number];
  node.work.run();
  for (size_t next : node.after)
    if (--waitsFor[next] == 0)
      ready.push_back(next);
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long) {
  if (machine().graphs.count(graph) == 0)
    return check(false);
  *exec = new EmulatedGraphExec{graph->graph};
  machine().graphs.insert(*exec);
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  requireStream(stream, "cudaGraphLaunch");
  if (machine().graphs.count(exec) == 0)
    return check(false);
  if (stream->captured.capture)
    return check(false, cudaErrorStreamCaptureUnsupported); // no graphs in graphs here
  Task task;
  task.replay = std::make_unique<Replay>(exec->graph);
  TaskId id = machine().push(stream, "cudaGraphLaunch", "", std::move(task));
  for (const Graph::Node &node : exec->graph->nodes) {
    id.name = node.work.name;
    id.node = node.work.node;
    machine().touch(node.work.accesses, id, stream->clock);
  }
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  if (machine().graphs.erase(graph) == 0)
    return check(false);
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  if (machine().graphs.erase(exec) == 0)
    return check(false);
  delete exec; // a launch that still runs keeps what it needs
  return cudaSuccess;
}
