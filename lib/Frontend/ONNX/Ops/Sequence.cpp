//===- Sequence.cpp - Sequences of tensors, resolved at import ------------===//
//
// A sequence whose length and positions are known is only names: nothing of it is
// left in the program.
//
//===----------------------------------------------------------------------===//

#include "../NodeImport.h"

using namespace mlir;

namespace dsc::onnx {

/// Each part is a value of the program.
static LogicalResult expectParts(NodeImport &n, int64_t count) {
  constexpr int64_t most = int64_t{1} << 17;
  return count <= most ? success() : n.fail("makes more than " + llvm::Twine(most) + " parts");
}

static llvm::FailureOr<Shape> partSizes(NodeImport &n, int64_t total) {
  int64_t size = 1;
  if (n.has(1)) {
    auto host = n.constant(1, "the sizes of its parts");
    if (failed(host) || failed(expectParts(n, static_cast<int64_t>(host->size()))))
      return failure();
    if (host->type.getRank() == 1)
      return Shape(host->ints.begin(), host->ints.end());
    if (host->isFloat() || host->size() != 1 || host->ints.front() < 1)
      return n.fail("the sizes of its parts are not sizes");
    size = host->ints.front();
  }
  int64_t whole = total / size, rest = total % size;
  if (failed(expectParts(n, whole)))
    return failure();
  Shape sizes(whole, size);
  if (rest > 0)
    sizes.push_back(rest);
  return sizes;
}

static LogicalResult importSplitToSequence(NodeImport &n) {
  Value x = n.input(0);
  auto axis = n.axis("axis", 0, rankOf(x));
  if (failed(axis))
    return failure();
  auto sizes = partSizes(n, shapeOf(x)[*axis]);
  if (failed(sizes))
    return failure();
  bool squeeze = !n.has(1) && !n.integer("keepdims", 1);
  Shape squeezed(shapeOf(x));
  squeezed.erase(squeezed.begin() + *axis);
  llvm::SmallVector<Value> parts;
  int64_t start = 0;
  for (int64_t size : *sizes) {
    if (size < 0 || size > shapeOf(x)[*axis] - start)
      return n.fail("its parts do not fit into a dimension of " + llvm::Twine(shapeOf(x)[*axis]));
    Value part = n.slice(x, *axis, start, size);
    parts.push_back(squeeze ? n.reshape(part, squeezed) : part);
    start += size;
  }
  return n.setSequence(0, parts);
}

static LogicalResult importSequenceConstruct(NodeImport &n) {
  return n.setSequence(0, n.allInputs());
}

static LogicalResult importSequenceEmpty(NodeImport &n) { return n.setSequence(0, {}); }

static LogicalResult expectSequence(NodeImport &n) {
  if (n.find(0)->kind == ImportedValue::Kind::Sequence)
    return success();
  return n.fail("input '" + n.node.inputs[0] + "' is not a sequence");
}

/// The position that input i names, or the last of `count`.
static llvm::FailureOr<int64_t> positionOf(NodeImport &n, unsigned i, int64_t count) {
  auto size = static_cast<int64_t>(n.sequence(0).size());
  if (!n.has(i))
    return count - 1;
  auto position = n.number(i, "its position");
  if (failed(position))
    return failure();
  auto index = static_cast<int64_t>(*position);
  if (index < -size || index >= count)
    return n.fail("position " + llvm::Twine(index) + " is outside a sequence of " +
                  llvm::Twine(size));
  return index < 0 ? index + size : index;
}

static LogicalResult importSequenceAt(NodeImport &n) {
  if (failed(expectSequence(n)))
    return failure();
  auto index = positionOf(n, 1, static_cast<int64_t>(n.sequence(0).size()));
  return failed(index) ? failure() : n.set(0, n.sequence(0)[*index]);
}

/// Before the position, or at the end.
static LogicalResult importSequenceInsert(NodeImport &n) {
  if (failed(expectSequence(n)))
    return failure();
  llvm::SmallVector<Value> values(n.sequence(0));
  auto index = positionOf(n, 2, static_cast<int64_t>(values.size()) + 1);
  if (failed(index))
    return failure();
  values.insert(values.begin() + *index, n.input(1));
  return n.setSequence(0, values);
}

static LogicalResult importSequenceErase(NodeImport &n) {
  if (failed(expectSequence(n)))
    return failure();
  llvm::SmallVector<Value> values(n.sequence(0));
  if (values.empty())
    return n.fail("there is nothing to erase in an empty sequence");
  auto index = positionOf(n, 1, static_cast<int64_t>(values.size()));
  if (failed(index))
    return failure();
  values.erase(values.begin() + *index);
  return n.setSequence(0, values);
}

static LogicalResult importSequenceLength(NodeImport &n) {
  if (failed(expectSequence(n)))
    return failure();
  auto type = RankedTensorType::get({}, n.b.getI64Type());
  return n.set(0, n.splat(type, static_cast<double>(n.sequence(0).size())));
}

static LogicalResult importConcatFromSequence(NodeImport &n) {
  if (failed(expectSequence(n)) || n.sequence(0).empty())
    return n.fail("expected a sequence that is not empty");
  llvm::SmallVector<Value> parts(n.sequence(0));
  bool isNew = n.integer("new_axis", 0) != 0;
  auto axis = n.axis("axis", 0, rankOf(parts.front()) + isNew);
  if (failed(axis))
    return failure();
  if (isNew && !llvm::all_equal(llvm::map_range(parts, [](Value v) { return v.getType(); })))
    return n.fail("its tensors have different shapes");
  if (isNew)
    for (Value &part : parts) {
      Shape shape(shapeOf(part));
      shape.insert(shape.begin() + *axis, 1);
      part = n.reshape(part, shape);
    }
  Shape expected(shapeOf(parts.front()));
  for (Value part : parts) {
    Shape shape(shapeOf(part));
    if (shape.size() != expected.size() || elementOf(part) != elementOf(parts.front()))
      return n.fail("its tensors do not fit each other");
    shape[*axis] = expected[*axis];
    if (shape != expected)
      return n.fail("its tensors do not fit each other");
  }
  return n.set(0, n.make<train::ConcatOp>(*axis, parts));
}

//===----------------------------------------------------------------------===//
// Optional tensors: they are there, or they are left out
//===----------------------------------------------------------------------===//

static LogicalResult importOptionalGetElement(NodeImport &n) { return n.set(0, n.input(0)); }

static LogicalResult importOptionalHasElement(NodeImport &n) {
  return n.set(0, n.splat(RankedTensorType::get({}, n.b.getI1Type()), n.has(0) ? 1 : 0));
}

void populateSequence(Registry &registry) {
  registry.add("ConcatFromSequence", 11, inputs(1), importConcatFromSequence).takesSequences();
  registry.add("OptionalGetElement", 15, inputs(1), importOptionalGetElement);
  registry.add("OptionalHasElement", 15, inputs(0, 1), importOptionalHasElement);
  registry.add("SequenceAt", 11, inputs(2), importSequenceAt).takesSequences();
  registry.add("SequenceConstruct", 11, atLeast(1), importSequenceConstruct);
  registry.add("SequenceEmpty", 11, inputs(0), importSequenceEmpty).ignores({"dtype"});
  registry.add("SequenceErase", 11, inputs(1, 2), importSequenceErase).takesSequences();
  registry.add("SequenceInsert", 11, inputs(2, 3), importSequenceInsert).takesSequences();
  registry.add("SequenceLength", 11, inputs(1), importSequenceLength).takesSequences();
  registry.add("SplitToSequence", 11, inputs(1, 2), importSplitToSequence).ignores({"keepdims"});
}

} // namespace dsc::onnx
