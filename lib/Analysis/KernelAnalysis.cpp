//===- KernelAnalysis.cpp - Which bodies the targets accept as kernels ---===//
//
// Places every generic of a kernel in one iteration domain and checks rules
// K1-K6 of the header.
//
//===----------------------------------------------------------------------===//
#include "dsc/Analysis/KernelAnalysis.h"

#include "dsc/Analysis/KernelNeeds.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace dsc {

const Statement *KernelAnalysis::producer(Value value) const {
  Operation *op = value.getDefiningOp();
  const auto *it = llvm::find_if(statements, [&](const Statement &s) { return s.op == op; });
  return it == statements.end() ? nullptr : &*it;
}

TypedAttr getUniformConstant(Value value) {
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    return getUniformConstant(fill.getInputs().front());
  TypedAttr attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return {};
  auto elements = dyn_cast<DenseElementsAttr>(attr);
  if (!elements)
    return attr;
  return elements.isSplat() ? cast<TypedAttr>(elements.getSplatValue<Attribute>()) : TypedAttr();
}

namespace {

bool isSupportedElement(Type type) {
  return type.isF16() || type.isBF16() || type.isF32() || type.isF64() ||
         (type.isSignlessInteger() &&
          llvm::is_contained({1u, 8u, 16u, 32u, 64u}, type.getIntOrFloatBitWidth()));
}

bool isSupportedTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() && isSupportedElement(tensor.getElementType());
}

SmallVector<int64_t> rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

/// Adds scale * expr to `access`; false unless `expr` is linear.
bool addLinear(AffineExpr expr, int64_t scale, LinearAccess &access) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    access.offset += scale * constant.getValue();
    return true;
  }
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    access.strides[dim.getPosition()] += scale;
    return true;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (binary.getKind() == AffineExprKind::Add)
    return addLinear(binary.getLHS(), scale, access) && addLinear(binary.getRHS(), scale, access);
  auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  return binary.getKind() == AffineExprKind::Mul && factor &&
         addLinear(binary.getLHS(), scale * factor.getValue(), access);
}

/// Projected permutation, where the constant 0 may stand for a unit dim.
bool isOutputMap(AffineMap map) {
  llvm::SmallBitVector seen(map.getNumDims());
  for (AffineExpr expr : map.getResults()) {
    if (isa<AffineConstantExpr>(expr) && cast<AffineConstantExpr>(expr).getValue() == 0)
      continue;
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim || seen.test(dim.getPosition()))
      return false;
    seen.set(dim.getPosition());
  }
  return true;
}

/// Builds a KernelAnalysis; the first broken rule is reported and ends it.
class Analyzer {
public:
  Analyzer(Region &body, KernelErrorFn report) : body(body), report(report) {}

  FailureOr<KernelAnalysis> run();

private:
  LogicalResult error(Operation *op, const Twine &message) {
    report(op, message);
    return failure();
  }

  LogicalResult checkBlock();
  LogicalResult checkOperation(Operation &op);
  LogicalResult checkIterators(linalg::GenericOp op);
  LogicalResult findDomain();
  LogicalResult findDomainOfFills();
  LogicalResult addStatement(linalg::GenericOp op);
  LogicalResult checkBody(const Statement &statement);
  LogicalResult checkBodyOperand(const Statement &statement, Operation &op, Value value);
  LogicalResult addAccesses(Statement &statement);
  LogicalResult addOperand(Statement &statement, unsigned number);
  LogicalResult checkRead(Statement &statement, unsigned number);
  LogicalResult addResults();
  LogicalResult addConstantResult(unsigned number, Value value);

  FailureOr<LinearAccess> linearize(Operation *op, AffineMap map, ArrayRef<int64_t> shape);
  bool isSeparable(linalg::GenericOp op);

  Region &body;
  KernelErrorFn report;
  KernelAnalysis kernel;
};

FailureOr<KernelAnalysis> Analyzer::run() {
  kernel.body = &body;
  if (failed(checkBlock()) || failed(findDomain()))
    return failure();
  for (auto generic : body.front().getOps<linalg::GenericOp>())
    if (failed(addStatement(generic)))
      return failure();
  if (failed(addResults()))
    return failure();
  return std::move(kernel);
}

LogicalResult Analyzer::checkBlock() {
  Operation *parent = body.getParentOp();
  if (!body.hasOneBlock())
    return error(parent, "a kernel has exactly one block");
  for (BlockArgument arg : body.getArguments()) {
    if (!isSupportedTensor(arg.getType()))
      return error(parent, "operand " + Twine(arg.getArgNumber()) +
                               " of the kernel is not a static tensor of i1, i8-i64 or f16-f64");
  }
  for (Operation &op : body.front().without_terminator())
    if (failed(checkOperation(op)))
      return failure();
  return success();
}

LogicalResult Analyzer::checkOperation(Operation &op) {
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return checkIterators(generic);
  if (isa<tensor::EmptyOp>(op))
    return success();
  if (isa<linalg::FillOp, arith::ConstantOp>(op)) {
    if (!getUniformConstant(op.getResult(0)))
      return error(&op, "not the same constant everywhere; make it an operand of the kernel");
    return success();
  }
  return error(&op, "op does not belong in a kernel; expected tensor.empty, linalg.fill, "
                    "arith.constant or linalg.generic");
}

LogicalResult Analyzer::checkIterators(linalg::GenericOp op) {
  for (Value operand : op->getOperands())
    if (!isSupportedTensor(operand.getType()))
      return error(op, "operands must be static tensors of i1, i8-i64 or f16-f64");
  unsigned numParallel = op.getNumParallelLoops();
  for (auto [i, iterator] : llvm::enumerate(op.getIteratorTypesArray()))
    if ((iterator == utils::IteratorType::parallel) != (i < numParallel))
      return error(op, "expected parallel dims first, then reduction dims");
  return success();
}

/// P and Q come from the reductions; without any, the generics with the fewest
/// loops are over P and those with more over P x Q.
LogicalResult Analyzer::findDomain() {
  linalg::GenericOp row, element;
  for (auto op : body.front().getOps<linalg::GenericOp>()) {
    if (op.getNumReductionLoops() > 0) {
      SmallVector<int64_t> extents = op.getStaticLoopRanges();
      kernel.domain.parallel.assign(extents.begin(), extents.begin() + op.getNumParallelLoops());
      kernel.domain.reduction.assign(extents.begin() + op.getNumParallelLoops(), extents.end());
      return success();
    }
    if (!row || op.getNumLoops() < row.getNumLoops())
      row = op;
    if (!element || op.getNumLoops() > element.getNumLoops())
      element = op;
  }
  if (!row)
    return findDomainOfFills();
  SmallVector<int64_t> extents = element.getStaticLoopRanges();
  kernel.domain.parallel.assign(extents.begin(), extents.begin() + row.getNumLoops());
  kernel.domain.reduction.assign(extents.begin() + row.getNumLoops(), extents.end());
  return success();
}

LogicalResult Analyzer::findDomainOfFills() {
  Operation *terminator = body.front().getTerminator();
  if (terminator->getNumOperands() == 0)
    return error(terminator, "the kernel has no result");
  auto type = cast<RankedTensorType>(terminator->getOperand(0).getType());
  kernel.domain.parallel.assign(type.getShape().begin(), type.getShape().end());
  return success();
}

LogicalResult Analyzer::addStatement(linalg::GenericOp op) {
  const KernelDomain &domain = kernel.domain;
  Statement statement;
  statement.op = op;
  statement.reduces = op.getNumReductionLoops() > 0;
  statement.overQ = op.getNumLoops() > domain.parallel.size();

  SmallVector<int64_t> expected = domain.parallel;
  if (statement.overQ || statement.reduces)
    expected.append(domain.reduction);
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  if (extents != expected ||
      (statement.reduces && op.getNumReductionLoops() != domain.reduction.size()))
    return error(op, "loops do not fit the kernel's domain: expected its parallel dims, or these "
                     "and its inner dims, in the order of the other generics");
  statement.overQ |= statement.reduces;
  statement.separable = statement.reduces && isSeparable(op);
  if (failed(checkBody(statement)) || failed(addAccesses(statement)))
    return failure();
  if (statement.overQ)
    kernel.numStages = std::max(kernel.numStages, statement.stage + 1);
  kernel.statements.push_back(std::move(statement));
  return success();
}

bool Analyzer::isSeparable(linalg::GenericOp op) {
  SmallVector<BlockArgument> outputs(op.getRegionOutputArgs());
  for (unsigned i = 0, e = outputs.size(); i < e; ++i) {
    SmallVector<Operation *> combiners;
    if (!matchReduction(outputs, i, combiners) || combiners.size() != 1 ||
        !arith::getNeutralElement(combiners.front()))
      return false;
  }
  return true;
}

LogicalResult Analyzer::checkBody(const Statement &statement) {
  linalg::GenericOp op = statement.op;
  for (Operation &inner : op.getBody()->without_terminator()) {
    bool known =
        isa<linalg::IndexOp, affine::AffineApplyOp, arith::ConstantOp, tensor::ExtractOp>(inner) ||
        OpTrait::hasElementwiseMappableTraits(&inner);
    if (!known || inner.getNumRegions() != 0)
      return error(&inner, "op cannot be vectorized: expected elementwise arith or math, a "
                           "constant, linalg.index, affine.apply or tensor.extract");
    for (Value value : inner.getOperands())
      if (failed(checkBodyOperand(statement, inner, value)))
        return failure();
  }
  return success();
}

LogicalResult Analyzer::checkBodyOperand(const Statement &statement, Operation &op, Value value) {
  linalg::GenericOp generic = statement.op;
  if (value.getParentBlock() == generic.getBody() || getUniformConstant(value))
    return success();
  if (isa<tensor::ExtractOp>(op) && value.getParentBlock() == &body.front() &&
      isa<BlockArgument>(value))
    return success();
  return error(&op, "reads a value from outside its body that is neither a constant nor (by "
                    "tensor.extract) an operand of the kernel");
}

LogicalResult Analyzer::addAccesses(Statement &statement) {
  linalg::GenericOp op = statement.op;
  for (unsigned i = 0, e = op->getNumOperands(); i < e; ++i)
    if (failed(addOperand(statement, i)))
      return failure();
  return success();
}

FailureOr<LinearAccess> Analyzer::linearize(Operation *op, AffineMap map, ArrayRef<int64_t> shape) {
  LinearAccess access;
  access.strides.assign(kernel.domain.rank(), 0);
  for (auto [expr, stride] : llvm::zip_equal(map.getResults(), rowMajorStrides(shape)))
    if (!addLinear(expr, stride, access))
      return error(op, "indexing map is not linear in the loop dims");
  for (unsigned d = 0, e = kernel.domain.rank(); d < e; ++d)
    if (kernel.domain.extent(d) == 1)
      access.strides[d] = 0;
  return access;
}

LogicalResult Analyzer::addOperand(Statement &statement, unsigned number) {
  linalg::GenericOp op = statement.op;
  OpOperand &operand = op->getOpOperand(number);
  AffineMap map = op.getMatchingIndexingMap(&operand);
  auto type = cast<RankedTensorType>(operand.get().getType());
  FailureOr<LinearAccess> access = linearize(op, map, type.getShape());
  if (failed(access))
    return failure();
  statement.accesses.push_back(*access);

  if (op.isDpsInit(&operand)) {
    if (!isOutputMap(map))
      return error(op, "output map is not a projected permutation");
    for (unsigned d = 0; d < op.getNumParallelLoops(); ++d)
      if (kernel.domain.extent(d) != 1 && !map.isFunctionOfDim(d))
        return error(op, "output map does not use parallel dim " + Twine(d));
    for (unsigned d = op.getNumParallelLoops(); d < op.getNumLoops(); ++d)
      if (map.isFunctionOfDim(d))
        return error(op, "output map uses reduction dim " + Twine(d));
  }
  if (op.payloadUsesValueFromOperand(&operand))
    return checkRead(statement, number);
  return success();
}

/// Rules K3 and K4, and the stage that follows from what is read.
LogicalResult Analyzer::checkRead(Statement &statement, unsigned number) {
  Value value = statement.op->getOperand(number);
  if (value.getDefiningOp<tensor::EmptyOp>())
    return error(statement.op, "operand " + Twine(number) + " is read but never written");
  if (isa<BlockArgument>(value) || getUniformConstant(value))
    return success();
  const Statement *source = kernel.producer(value);
  if (!source)
    return error(statement.op, "operand " + Twine(number) + " comes from outside the kernel");
  auto result = cast<OpResult>(value).getResultNumber();
  linalg::GenericOp sourceOp = source->op;
  const LinearAccess &written = source->accesses[sourceOp.getNumDpsInputs() + result];
  if (!source->reduces && source->overQ && !statement.overQ)
    return error(statement.op, "row work reads element work (operand " + Twine(number) + ")");
  if (written != statement.accesses[number])
    return error(statement.op, "operand " + Twine(number) +
                                   " is computed in the kernel but read at another iteration");
  statement.stage = std::max(statement.stage, source->stage + (source->reduces ? 1 : 0));
  return success();
}

LogicalResult Analyzer::addResults() {
  Operation *terminator = body.front().getTerminator();
  if (terminator->getNumOperands() == 0)
    return error(terminator, "the kernel has no result");
  for (auto [number, value] : llvm::enumerate(terminator->getOperands())) {
    const Statement *source = kernel.producer(value);
    if (!source) {
      if (failed(addConstantResult(number, value)))
        return failure();
      continue;
    }
    linalg::GenericOp op = source->op;
    unsigned output = op.getNumDpsInputs() + cast<OpResult>(value).getResultNumber();
    kernel.results.push_back(
        {value, source->overQ && !source->reduces, source->stage, source->accesses[output]});
  }
  return success();
}

LogicalResult Analyzer::addConstantResult(unsigned number, Value value) {
  Operation *terminator = body.front().getTerminator();
  if (!isSupportedTensor(value.getType()) || !getUniformConstant(value))
    return error(terminator, "result " + Twine(number) + " is not computed by the kernel");
  ArrayRef<int64_t> shape = cast<RankedTensorType>(value.getType()).getShape();
  const KernelDomain &domain = kernel.domain;
  SmallVector<int64_t> full = domain.parallel;
  full.append(domain.reduction);
  bool overQ = !domain.reduction.empty() && shape == ArrayRef<int64_t>(full);
  if (!overQ && shape != ArrayRef<int64_t>(domain.parallel)) {
    return error(terminator, "constant result " + Twine(number) +
                                 " does not have the shape of "
                                 "the kernel's domain");
  }
  AffineMap identity =
      AffineMap::getMinorIdentityMap(shape.size(), shape.size(), value.getContext());
  FailureOr<LinearAccess> access = linearize(terminator, identity, shape);
  if (failed(access))
    return failure();
  if (overQ)
    kernel.numStages = std::max(kernel.numStages, 1u);
  kernel.results.push_back({value, overQ, 0, *access});
  return success();
}

} // namespace

FailureOr<KernelAnalysis> analyzeKernel(Region &body, KernelErrorFn report) {
  return Analyzer(body, report).run();
}

FailureOr<KernelAnalysis> analyzeKernel(Region &body) {
  return analyzeKernel(body, [](Operation *op, const Twine &message) {
    op->emitError("not a kernel: ") << message;
  });
}

/// True if a body of the kernel reads `operand` by tensor.extract.
static bool isExtracted(Value operand) {
  return llvm::any_of(operand.getUsers(),
                      [](Operation *user) { return isa<tensor::ExtractOp>(user); });
}

bool canShareBuffer(const KernelAnalysis &kernel, unsigned operand, unsigned result) {
  Value source = kernel.body->getArgument(operand);
  const KernelResult &target = kernel.results[result];
  if (source.getType() != target.value.getType() || isExtracted(source))
    return false;
  // Results over P are stored when everything else is done, so only the loops
  // over Q that run after the store matter.
  NeedMap needs = findNeeds(kernel, [](const Statement &) { return false; });
  for (const Statement &statement : kernel.statements) {
    linalg::GenericOp op = statement.op;
    for (OpOperand &use : op->getOpOperands()) {
      if (use.get() != source || !op.payloadUsesValueFromOperand(&use))
        continue;
      if (statement.accesses[use.getOperandNumber()] != target.access)
        return false;
      const std::set<unsigned> &stages = needs[op];
      if (!target.overQ || stages.empty())
        continue;
      // What is stored anyway is computed once and then read back.
      unsigned last = isStored(kernel, statement) ? *stages.begin() : *stages.rbegin();
      if (last > target.stage)
        return false;
    }
  }
  return true;
}

SmallVector<std::pair<unsigned, unsigned>> findSharablePairs(Region &body) {
  auto kernel = analyzeKernel(body, [](Operation *, const Twine &) {});
  SmallVector<std::pair<unsigned, unsigned>> pairs;
  if (failed(kernel))
    return pairs;
  for (unsigned result = 0; result < kernel->results.size(); ++result)
    for (unsigned operand = 0; operand < body.getNumArguments(); ++operand)
      if (canShareBuffer(*kernel, operand, result))
        pairs.emplace_back(operand, result);
  return pairs;
}

} // namespace dsc
