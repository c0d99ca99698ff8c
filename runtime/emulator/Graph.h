//===- Graph.h - Work that is captured once and replayed ------------------===//
//
// While a stream is captured, its work becomes nodes of a graph instead of tasks.
// Other streams join where they wait for an event of the capture, and must be joined
// again before it ends. Nodes that nothing orders run in random order, and may not
// touch the same bytes.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_EMULATOR_GRAPH_H
#define DSC_RUNTIME_EMULATOR_GRAPH_H

#include "Block.h"
#include "Order.h"

#include <memory>

namespace emulator {

/// Something to run, and what it touches.
struct Work {
  const char *name, *node;
  std::function<void()> run;
  std::vector<Access> accesses;
};

struct Graph {
  struct Node {
    Work work;
    std::vector<size_t> after; // nodes that wait for this one
    size_t waitsFor = 0;       // how many this one waits for
  };
  std::vector<Node> nodes;
};

/// A graph that grows.
struct Capture {
  std::shared_ptr<Graph> graph = std::make_shared<Graph>();
  cudaStream_t origin = nullptr;
  AccessTable accesses;
  cudaError_t broken = cudaSuccess;
};

/// What of a capture is done before the next node of a stream.
struct CapturePoint {
  Capture *capture = nullptr;
  std::vector<size_t> last; // nodes
  Clock clock;              // per stream
  void join(const CapturePoint &other);
};

/// One run of a graph.
class Replay {
public:
  explicit Replay(std::shared_ptr<const Graph> graph);
  bool isDone() const { return ready.empty(); }
  /// Runs one of the nodes whose turn it may be.
  void runOne(Random &random);

private:
  std::shared_ptr<const Graph> graph;
  std::vector<size_t> waitsFor, ready;
};

/// Ends every capture with an error, since what was asked for cannot be captured.
/// True where there was none.
bool refuseInCapture();
void addNode(EmulatedStream &stream, Work work);

} // namespace emulator

#endif // DSC_RUNTIME_EMULATOR_GRAPH_H
