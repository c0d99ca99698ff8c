//===- Recurrent.cpp - RNN, GRU and LSTM as scans -------------------------===//
//
// All steps' products with the input are one product before the scan; a step is
// then one product with the hidden state, and elementwise work.
//
//   p = x W^T + b                                 [T, B, gates * H], one product
//   scan:  gates = p_t + h R^T, ...  ->  h'       a direction each
//
// Sequences shorter than T keep their state behind their end and put out zeros.
//
//===----------------------------------------------------------------------===//

#include "../Activation.h"
#include "../NodeImport.h"

using namespace mlir;

namespace dsc::onnx {

namespace {
/// One direction of a node.
struct Direction {
  bool reverse = false;
  llvm::SmallVector<Activation> activations;
  Value weights;                    // [gates H, I]
  Value recurrent;                  // [gates H, H]
  Value bias;                       // [gates H], of the projection; null if none
  Value hiddenBias;                 // [H], GRU with linear_before_reset; null if none
  Value peepholes;                  // [3 H], LSTM; null if none
  llvm::SmallVector<Value> initial; // [B, H] each
};

/// What a direction's scan gives.
struct DirectionResult {
  Value outputs;                   // [T, B, H]
  llvm::SmallVector<Value> finals; // [B, H] each
};

/// The values of one step: the block's arguments.
struct Step {
  Value projected;                // [B, gates H]
  llvm::SmallVector<Value> state; // [B, H] each
  llvm::SmallVector<Value> invariants;
};

class RecurrentImport {
public:
  RecurrentImport(NodeImport &n, int64_t gates, unsigned states)
      : n(n), gates(gates), numStates(states) {}
  virtual ~RecurrentImport() = default;

  LogicalResult run();

protected:
  /// What a step reads besides its state, in the order of Step::invariants.
  virtual llvm::SmallVector<Value> invariantsOf(const Direction &direction) = 0;
  /// The next state; its first value is the output.
  virtual llvm::SmallVector<Value> buildStep(const Direction &direction, const Step &step) = 0;
  virtual LogicalResult readMore(Direction &, int64_t) { return success(); }
  virtual bool biasIsSplit() const { return false; }
  virtual llvm::ArrayRef<llvm::StringRef> defaultActivations() const = 0;

  Value gate(Value all, int64_t index) { return n.slice(all, 1, index * hidden, hidden); }
  Value times(Value state, Value weights) {
    return n.make<train::DotOp>(state, weights, llvm::ArrayRef<int64_t>(),
                                llvm::ArrayRef<int64_t>(), llvm::ArrayRef<int64_t>{1},
                                llvm::ArrayRef<int64_t>{1});
  }
  Value plus(Value a, Value b) { return n.make<train::AddOp>(a, b); }
  Value product(Value a, Value b) { return n.make<train::MulOp>(a, b); }
  Value perRow(Value vector) { return n.broadcast(vector, {batch, hidden}); }
  Value activate(const Direction &direction, unsigned index, Value x) {
    return direction.activations[index].build(n, clip > 0 ? n.clamp(x, -clip, clip) : x);
  }
  Value unclipped(const Direction &direction, unsigned index, Value x) {
    return direction.activations[index].build(n, x);
  }
  /// Row `direction` of a weight input, without the first dimension.
  Value weight(unsigned input, int64_t direction, llvm::ArrayRef<int64_t> shape) {
    return n.reshape(n.slice(n.input(input), 0, direction, 1), shape);
  }

  NodeImport &n;
  const int64_t gates;
  const unsigned numStates;
  int64_t steps = 0, batch = 0, features = 0, hidden = 0;
  double clip = 0;
  Value x;       // [T, B, I]
  Value lengths; // [B] i64; null where all sequences have T steps

private:
  LogicalResult readSizes();
  LogicalResult checkShape(unsigned input, llvm::ArrayRef<int64_t> expected);
  LogicalResult readLengths();
  LogicalResult readDirections();
  LogicalResult readActivations();
  void readBias(Direction &direction, int64_t index);
  llvm::FailureOr<Value> initialState(unsigned input, int64_t index);
  DirectionResult buildScan(const Direction &direction);
  llvm::SmallVector<Value> mask(const Step &step, llvm::ArrayRef<Value> next, Value t, Value ends);
  LogicalResult setOutputs(llvm::ArrayRef<DirectionResult> results);

  int64_t layout = 0;
  llvm::SmallVector<Direction> directions;
};
} // namespace

//===----------------------------------------------------------------------===//
// Inputs and attributes
//===----------------------------------------------------------------------===//

LogicalResult RecurrentImport::checkShape(unsigned input, llvm::ArrayRef<int64_t> expected) {
  if (shapeOf(n.input(input)) == expected)
    return success();
  std::string shape;
  for (int64_t size : expected)
    shape += (shape.empty() ? "" : "x") + std::to_string(size);
  return n.fail("input '" + n.node.inputs[input] + "' is " + describe(n.input(input)) +
                ", expected " + shape);
}

LogicalResult RecurrentImport::readSizes() {
  layout = n.integer("layout", 0);
  clip = n.number("clip", 0);
  if (failed(n.expectFloat(0)) || failed(n.expectRank(0, 3, 3)) || failed(n.expectRank(1, 3, 3)) ||
      failed(n.expectRank(2, 3, 3)))
    return failure();
  x = layout ? n.transpose(n.input(0), {1, 0, 2}) : n.input(0);
  steps = shapeOf(x)[0], batch = shapeOf(x)[1], features = shapeOf(x)[2];
  hidden = n.integer("hidden_size", shapeOf(n.input(2))[2]);
  llvm::StringRef direction = n.string("direction", "forward");
  if (!llvm::is_contained({"forward", "reverse", "bidirectional"}, direction))
    return n.fail("direction '" + direction +
                  "' is not known; expected forward, reverse or bidirectional");
  directions.resize(direction == "bidirectional" ? 2 : 1);
  directions.back().reverse = direction != "forward";
  if (steps == 0)
    return n.fail("its sequences have no steps");
  auto count = static_cast<int64_t>(directions.size());
  if (failed(checkShape(1, {count, gates * hidden, features})) ||
      failed(checkShape(2, {count, gates * hidden, hidden})) ||
      (n.has(3) && failed(checkShape(3, {count, 2 * gates * hidden}))))
    return failure();
  return readLengths();
}

LogicalResult RecurrentImport::readLengths() {
  if (!n.has(4))
    return success();
  if (failed(checkShape(4, {batch})))
    return failure();
  const HostTensor *known = n.known(4);
  if (!known || llvm::any_of(known->ints, [&](int64_t length) { return length != steps; }))
    lengths = n.convert(n.input(4), n.b.getI64Type());
  return success();
}

LogicalResult RecurrentImport::readActivations() {
  const NodeAttribute *names = n.attribute("activations");
  ActivationReader reader(n);
  size_t perDirection = defaultActivations().size();
  if (names && names->strings.size() != perDirection * directions.size())
    return n.fail("has " + llvm::Twine(names->strings.size()) + " activations, expected " +
                  llvm::Twine(perDirection * directions.size()));
  for (size_t i = 0; i < perDirection * directions.size(); ++i) {
    llvm::StringRef name = names ? names->strings[i] : defaultActivations()[i % perDirection];
    auto activation = reader.next(n, name);
    if (failed(activation))
      return failure();
    directions[i / perDirection].activations.push_back(*activation);
  }
  return success();
}

/// The biases of both products are added where nothing stands between them.
void RecurrentImport::readBias(Direction &direction, int64_t index) {
  if (!n.has(3))
    return;
  Value both = weight(3, index, {2 * gates * hidden});
  Value first = n.slice(both, 0, 0, gates * hidden);
  Value second = n.slice(both, 0, gates * hidden, gates * hidden);
  if (biasIsSplit()) {
    int64_t joint = (gates - 1) * hidden;
    direction.hiddenBias = n.slice(second, 0, joint, hidden);
    auto zeros = n.splat(RankedTensorType::get({hidden}, elementOf(second)), 0);
    second = n.make<train::ConcatOp>(int64_t(0),
                                     llvm::SmallVector<Value>{n.slice(second, 0, 0, joint), zeros});
  }
  direction.bias = plus(first, second);
}

/// A constant initial state that is the same for every row may have been made for
/// another batch.
llvm::FailureOr<Value> RecurrentImport::initialState(unsigned input, int64_t index) {
  if (!n.has(input))
    return n.splat(RankedTensorType::get({batch, hidden}, elementOf(x)), 0);
  if (failed(n.expectRank(input, 3, 3)))
    return failure();
  auto count = static_cast<int64_t>(directions.size());
  Value state = layout ? n.transpose(n.input(input), {1, 0, 2}) : n.input(input);
  Value own = shapeOf(state)[0] == count ? n.slice(state, 0, index, 1) : state;
  if (shapeOf(own) == llvm::ArrayRef<int64_t>{1, batch, hidden})
    return n.reshape(own, {batch, hidden});
  const HostTensor *known = n.known(input);
  bool isUniform =
      known && known->isFloat() && !known->floats.empty() && llvm::all_equal(known->floats);
  if (isUniform && shapeOf(own)[0] == 1 && shapeOf(own)[2] == hidden)
    return n.splat(RankedTensorType::get({batch, hidden}, elementOf(x)), known->floats.front());
  return n.fail("input '" + n.node.inputs[input] + "' is " + describe(n.input(input)) +
                ", expected a batch of " + llvm::Twine(batch) + " states of " +
                llvm::Twine(hidden));
}

LogicalResult RecurrentImport::readDirections() {
  if (failed(readActivations()))
    return failure();
  for (auto [i, direction] : llvm::enumerate(directions)) {
    auto index = static_cast<int64_t>(i);
    direction.weights = weight(1, index, {gates * hidden, features});
    direction.recurrent = weight(2, index, {gates * hidden, hidden});
    readBias(direction, index);
    for (unsigned state = 0; state < numStates; ++state) {
      auto initial = initialState(5 + state, index);
      if (failed(initial))
        return failure();
      direction.initial.push_back(*initial);
    }
    if (failed(readMore(direction, index)))
      return failure();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// The scan
//===----------------------------------------------------------------------===//

/// Steps behind a sequence's end leave the state; the output there is 0.
llvm::SmallVector<Value> RecurrentImport::mask(const Step &step, llvm::ArrayRef<Value> next,
                                               Value t, Value ends) {
  Value inside = n.make<train::CompareOp>(train::Comparison::LT, n.broadcast(t, {batch}), ends);
  inside = n.broadcastAlong(inside, {0}, {batch, hidden});
  llvm::SmallVector<Value> masked;
  for (auto [after, before] : llvm::zip_equal(next, step.state))
    masked.push_back(n.select(inside, after, before));
  masked.push_back(n.select(inside, next.front(), n.like(next.front(), 0)));
  return masked;
}

DirectionResult RecurrentImport::buildScan(const Direction &direction) {
  Value rows = n.reshape(x, {steps * batch, features});
  Value projected = times(rows, direction.weights);
  if (direction.bias)
    projected = plus(projected, n.broadcast(direction.bias, shapeOf(projected)));
  projected = n.reshape(projected, {steps, batch, gates * hidden});

  llvm::SmallVector<Value> invariants = invariantsOf(direction), inputs = {projected};
  size_t numInvariants = invariants.size();
  if (lengths) {
    invariants.push_back(lengths);
    inputs.push_back(
        n.make<train::IotaOp>(RankedTensorType::get({steps}, n.b.getI64Type()), int64_t(0)));
  }
  Type outputs = RankedTensorType::get({steps, batch, hidden}, elementOf(x));
  auto scan = train::ScanOp::create(n.b, n.loc, steps, direction.reverse, invariants,
                                    direction.initial, inputs, outputs);
  OpBuilder::InsertionGuard guard(n.b);
  n.b.setInsertionPointToStart(scan.addBody());
  Step step;
  step.projected = scan.getInputArguments()[0];
  step.state.assign(scan.getCarryArguments().begin(), scan.getCarryArguments().end());
  auto arguments = scan.getInvariantArguments().take_front(numInvariants);
  step.invariants.assign(arguments.begin(), arguments.end());
  llvm::SmallVector<Value> next = buildStep(direction, step);
  if (lengths)
    next = mask(step, next, scan.getInputArguments()[1], scan.getInvariantArguments().back());
  else
    next.push_back(next.front());
  train::BodyYieldOp::create(n.b, n.loc, next);
  return {scan.getOutputs()[0], llvm::to_vector_of<Value>(scan.getCarried())};
}

LogicalResult RecurrentImport::setOutputs(llvm::ArrayRef<DirectionResult> results) {
  llvm::SmallVector<Value> outputs;
  llvm::SmallVector<llvm::SmallVector<Value>> finals(numStates);
  for (const DirectionResult &result : results) {
    outputs.push_back(n.reshape(result.outputs, {steps, 1, batch, hidden}));
    for (auto [all, value] : llvm::zip_equal(finals, result.finals))
      all.push_back(n.reshape(value, {1, batch, hidden}));
  }
  auto join = [&](llvm::ArrayRef<Value> parts, int64_t dim) {
    return parts.size() == 1 ? parts.front() : n.make<train::ConcatOp>(dim, parts);
  };
  Value y = join(outputs, 1);
  if (failed(n.set(0, layout ? n.transpose(y, {2, 0, 1, 3}) : y)))
    return failure();
  for (unsigned i = 0; i < numStates; ++i) {
    Value last = join(finals[i], 0);
    if (failed(n.set(1 + i, layout ? n.transpose(last, {1, 0, 2}) : last)))
      return failure();
  }
  return success();
}

LogicalResult RecurrentImport::run() {
  if (failed(readSizes()) || failed(readDirections()))
    return failure();
  llvm::SmallVector<DirectionResult> results;
  for (const Direction &direction : directions)
    results.push_back(buildScan(direction));
  return setOutputs(results);
}

//===----------------------------------------------------------------------===//
// The cells
//===----------------------------------------------------------------------===//

namespace {
/// h' = f(p + h R^T)
class RnnImport : public RecurrentImport {
public:
  explicit RnnImport(NodeImport &n) : RecurrentImport(n, 1, 1) {}

private:
  llvm::ArrayRef<llvm::StringRef> defaultActivations() const override {
    static constexpr llvm::StringRef names[] = {"Tanh"};
    return names;
  }
  llvm::SmallVector<Value> invariantsOf(const Direction &direction) override {
    return {direction.recurrent};
  }
  llvm::SmallVector<Value> buildStep(const Direction &direction, const Step &step) override {
    Value sum = plus(step.projected, times(step.state[0], step.invariants[0]));
    return {activate(direction, 0, sum)};
  }
};

/// Gates z, r, h:  z = f(pz + h Rz^T), r = f(pr + h Rr^T), h' = (1 - z) c + z h, with
/// c = g(ph + (r h) Rh^T), or c = g(ph + r (h Rh^T + b)) with linear_before_reset.
class GruImport : public RecurrentImport {
public:
  explicit GruImport(NodeImport &n)
      : RecurrentImport(n, 3, 1), linearBeforeReset(n.integer("linear_before_reset", 0) != 0) {}

private:
  llvm::ArrayRef<llvm::StringRef> defaultActivations() const override {
    static constexpr llvm::StringRef names[] = {"Sigmoid", "Tanh"};
    return names;
  }
  bool biasIsSplit() const override { return linearBeforeReset; }

  llvm::SmallVector<Value> invariantsOf(const Direction &direction) override {
    if (!linearBeforeReset)
      return {n.slice(direction.recurrent, 0, 0, 2 * hidden),
              n.slice(direction.recurrent, 0, 2 * hidden, hidden)};
    llvm::SmallVector<Value> values = {direction.recurrent};
    if (direction.hiddenBias)
      values.push_back(direction.hiddenBias);
    return values;
  }

  Value candidate(const Step &step, Value products, Value reset) {
    if (!linearBeforeReset)
      return times(product(reset, step.state[0]), step.invariants[1]);
    Value own = gate(products, 2);
    if (step.invariants.size() > 1)
      own = plus(own, perRow(step.invariants[1]));
    return product(reset, own);
  }

  llvm::SmallVector<Value> buildStep(const Direction &direction, const Step &step) override {
    Value products = times(step.state[0], step.invariants[0]);
    Value p = step.projected;
    Value update = activate(direction, 0, plus(gate(p, 0), gate(products, 0)));
    Value reset = activate(direction, 0, plus(gate(p, 1), gate(products, 1)));
    Value own = activate(direction, 1, plus(gate(p, 2), candidate(step, products, reset)));
    Value kept = product(update, step.state[0]);
    Value rest = n.make<train::SubOp>(n.like(update, 1), update);
    return {plus(product(rest, own), kept)};
  }

  bool linearBeforeReset;
};

/// Gates i, o, f, c with peepholes to i, o, f:
///   c' = f c + i g(pc + h Rc^T),  h' = o h(c')
/// The clip bounds the sums that enter the gates, not c'.
class LstmImport : public RecurrentImport {
public:
  explicit LstmImport(NodeImport &n)
      : RecurrentImport(n, 4, 2), coupled(n.integer("input_forget", 0) != 0) {}

private:
  llvm::ArrayRef<llvm::StringRef> defaultActivations() const override {
    static constexpr llvm::StringRef names[] = {"Sigmoid", "Tanh", "Tanh"};
    return names;
  }
  LogicalResult readMore(Direction &direction, int64_t index) override {
    if (!n.has(7))
      return success();
    if (rankOf(n.input(7)) != 2 || shapeOf(n.input(7))[1] != 3 * hidden)
      return n.fail("input '" + n.node.inputs[7] + "' is " + describe(n.input(7)) +
                    ", expected peepholes of three gates");
    direction.peepholes = weight(7, index, {3 * hidden});
    return success();
  }
  llvm::SmallVector<Value> invariantsOf(const Direction &direction) override {
    llvm::SmallVector<Value> values = {direction.recurrent};
    if (direction.peepholes)
      values.push_back(direction.peepholes);
    return values;
  }

  /// sum + P_index c
  Value peep(const Step &step, Value sum, int64_t index, Value cell) {
    if (step.invariants.size() < 2)
      return sum;
    Value own = n.slice(step.invariants[1], 0, index * hidden, hidden);
    return plus(sum, product(perRow(own), cell));
  }

  llvm::SmallVector<Value> buildStep(const Direction &direction, const Step &step) override {
    Value products = times(step.state[0], step.invariants[0]), cell = step.state[1];
    auto sum = [&](int64_t index) {
      return plus(gate(step.projected, index), gate(products, index));
    };
    Value in = activate(direction, 0, peep(step, sum(0), 0, cell));
    Value forget = coupled ? n.make<train::SubOp>(n.like(in, 1), in)
                           : activate(direction, 0, peep(step, sum(2), 2, cell));
    Value candidate = activate(direction, 1, sum(3));
    Value next = plus(product(forget, cell), product(in, candidate));
    Value out = activate(direction, 0, peep(step, sum(1), 1, next));
    return {product(out, unclipped(direction, 2, next)), next};
  }

  bool coupled;
};
} // namespace

template <typename Import> static LogicalResult importRecurrent(NodeImport &n) {
  return Import(n).run();
}

void populateRecurrent(Registry &registry) {
  registry.add("GRU", 7, inputs(3, 6), importRecurrent<GruImport>).weightInputs({1, 2, 3});
  registry.add("LSTM", 7, inputs(3, 8), importRecurrent<LstmImport>).weightInputs({1, 2, 3, 7});
  registry.add("RNN", 7, inputs(3, 6), importRecurrent<RnnImport>).weightInputs({1, 2, 3});
}

} // namespace dsc::onnx
