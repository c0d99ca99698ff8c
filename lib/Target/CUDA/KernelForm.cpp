//===- KernelForm.cpp - How the threads of a grid share a kernel ----------===//
#include "KernelForm.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace dsc::cuda {

/// Rows up to this long are a thread's own affair.
static constexpr int64_t kSerialLength = 8;
/// Rows up to this long are a warp's.
static constexpr int64_t kWarpLength = 1024;
/// In so many turns a thread may keep its part of a row in registers.
static constexpr int64_t kMostTurns = 8;

/// Every place in memory that the kernel touches.
static SmallVector<LinearAccess> collectAccesses(const KernelAnalysis &kernel) {
  SmallVector<LinearAccess> accesses;
  for (const Statement &statement : kernel.statements)
    llvm::append_range(accesses, statement.accesses);
  for (const KernelResult &result : kernel.results)
    accesses.push_back(result.access);
  return accesses;
}

/// Dims whose index itself is a value somewhere.
static llvm::SmallBitVector findIndexedDims(const KernelAnalysis &kernel) {
  llvm::SmallBitVector indexed(kernel.domain.rank());
  for (const Statement &statement : kernel.statements) {
    linalg::GenericOp op = statement.op;
    for (auto index : op.getBody()->getOps<linalg::IndexOp>())
      indexed.set(index.getDim());
  }
  return indexed;
}

namespace {
class FormChooser {
public:
  FormChooser(const KernelAnalysis &kernel, const llvm::SmallBitVector &aligned)
      : kernel(kernel), aligned(aligned), accesses(collectAccesses(kernel)),
        indexed(findIndexedDims(kernel)) {}
  KernelForm choose();

private:
  SmallVector<LoopDim> mergeDims(unsigned begin, unsigned end);
  bool walkAsOne(unsigned outer, unsigned inner) const;
  bool reduces() const;
  bool isElementwise() const;
  bool readsAlongRows() const;
  KernelForm::Kind chooseKind() const;
  bool mayTakeFours() const;
  void takeFours();
  void setGrid();

  const KernelAnalysis &kernel;
  const llvm::SmallBitVector &aligned;
  SmallVector<LinearAccess> accesses;
  llvm::SmallBitVector indexed;
  KernelForm form;
};
} // namespace

bool FormChooser::walkAsOne(unsigned outer, unsigned inner) const {
  return !indexed.test(outer) && !indexed.test(inner) &&
         llvm::all_of(accesses, [&](const LinearAccess &access) {
           return access.strides[outer] == access.strides[inner] * kernel.domain.extent(inner);
         });
}

SmallVector<LoopDim> FormChooser::mergeDims(unsigned begin, unsigned end) {
  SmallVector<LoopDim> dims;
  for (unsigned dim = begin; dim < end; ++dim) {
    if (kernel.domain.extent(dim) == 1)
      continue;
    if (dims.empty() || !walkAsOne(dims.back().innermost, dim))
      dims.emplace_back();
    dims.back().extent *= kernel.domain.extent(dim);
    dims.back().innermost = dim;
    dims.back().parts.push_back(dim);
  }
  return dims;
}

bool FormChooser::reduces() const {
  return llvm::any_of(kernel.statements, [](const Statement &s) { return s.reduces; });
}

/// Results of rows beside Q need one thread that is behind all the row's others.
bool FormChooser::isElementwise() const {
  return !reduces() && (form.inner.empty() || llvm::all_of(kernel.results, [](const auto &result) {
                          return result.overQ;
                        }));
}

/// Whether more of what is touched over Q lies along Q than along P.
bool FormChooser::readsAlongRows() const {
  if (form.parallel.empty())
    return true;
  unsigned alongQ = 0, alongP = 0;
  for (const LinearAccess &access : accesses) {
    int64_t inner = std::abs(access.strides[form.inner.back().innermost]);
    int64_t outer = std::abs(access.strides[form.parallel.back().innermost]);
    alongQ += inner == 1;
    alongP += inner > 1 && outer == 1;
  }
  return alongQ >= alongP;
}

KernelForm::Kind FormChooser::chooseKind() const {
  if (isElementwise())
    return KernelForm::Elements;
  bool inOrder =
      llvm::any_of(kernel.statements, [](const Statement &s) { return s.reduces && !s.separable; });
  if (inOrder || form.inner.empty() || form.columns <= kSerialLength)
    return KernelForm::Serial;
  if (!readsAlongRows())
    return KernelForm::Columns;
  return form.columns <= kWarpLength ? KernelForm::Warp : KernelForm::Block;
}

/// Elements of arguments, operands and then results.
static SmallVector<Type> elementTypes(const KernelAnalysis &kernel) {
  SmallVector<Type> types;
  for (Type type : kernel.body->getArgumentTypes())
    types.push_back(getElementTypeOrSelf(type));
  for (const KernelResult &result : kernel.results)
    types.push_back(getElementTypeOrSelf(result.value.getType()));
  return types;
}

bool KernelForm::isVector(unsigned argument, const LinearAccess &access) const {
  auto keepsAlignment = [&](const LoopDim &dim) {
    int64_t stride = access.strides[dim.innermost];
    return &dim == &lastDim() ? stride == 1 : anySize || stride % perThread == 0;
  };
  return perThread > 1 && byFours.test(argument) && access.offset % perThread == 0 &&
         llvm::all_of(parallel, keepsAlignment) && llvm::all_of(inner, keepsAlignment);
}

/// Whether no row ends among four elements, and every thread of a row has some.
bool FormChooser::mayTakeFours() const {
  bool hasLoop = !form.parallel.empty() || !form.inner.empty();
  bool isElements = form.kind == KernelForm::Elements;
  bool isLongRow = form.threadsPerRow() > 1 && form.columns >= 4 * form.threadsPerRow();
  return (isElements || isLongRow) && hasLoop && !aligned.empty() && form.lastDim().extent % 4 == 0;
}

/// A thread takes four elements where all results that are walked over are stored as vectors;
/// operands that lie otherwise are still loaded one by one.
void FormChooser::takeFours() {
  if (!mayTakeFours())
    return;
  form.perThread = 4;
  form.byFours = aligned;
  for (auto [number, type] : llvm::enumerate(elementTypes(kernel)))
    if (!type.isIntOrFloat() || type.getIntOrFloatBitWidth() != 32)
      form.byFours.reset(number);
  unsigned numOperands = kernel.body->getNumArguments();
  for (auto [number, result] : llvm::enumerate(kernel.results))
    if ((result.overQ || form.kind == KernelForm::Elements) &&
        !form.isVector(numOperands + number, result.access))
      form.perThread = 1;
  int64_t turns = llvm::divideCeil(form.columns, 4 * form.threadsPerRow());
  form.turns = form.perThread == 4 && turns <= kMostTurns ? turns : 0;
}

void FormChooser::setGrid() {
  int64_t threads = 0; // in all, of which form.threadsX make a block
  switch (form.kind) {
  case KernelForm::Elements:
    threads = form.rows * form.columns / form.perThread;
    break;
  case KernelForm::Serial:
    threads = form.rows;
    break;
  case KernelForm::Warp:
    threads = form.rows * 32;
    break;
  case KernelForm::Block:
    threads = form.rows * form.threadsX;
    break;
  case KernelForm::Columns:
    form.threadsX = 32;
    form.threadsY = form.columns > 64 ? 32 : 8;
    threads = form.rows;
    break;
  }
  if (form.kind != KernelForm::Columns && form.kind != KernelForm::Block)
    form.threadsX = std::min<int64_t>(256, llvm::alignTo(threads, 32));
  form.blocks = llvm::divideCeil(threads, form.threadsX);
}

KernelForm FormChooser::choose() {
  unsigned numParallel = kernel.domain.parallel.size();
  form.parallel = mergeDims(0, numParallel);
  form.inner = mergeDims(numParallel, kernel.domain.rank());
  for (const LoopDim &dim : form.parallel)
    form.rows *= dim.extent;
  for (const LoopDim &dim : form.inner)
    form.columns *= dim.extent;
  form.kind = chooseKind();
  takeFours();
  setGrid();
  int64_t largest = form.rows * form.columns * 2;
  for (BlockArgument argument : kernel.body->getArguments())
    largest = std::max(largest, cast<RankedTensorType>(argument.getType()).getNumElements() * 2);
  form.fitsInt = largest <= INT32_MAX;
  return form;
}

KernelForm chooseForm(const KernelAnalysis &kernel, const llvm::SmallBitVector &aligned) {
  return FormChooser(kernel, aligned).choose();
}

//===----------------------------------------------------------------------===//
// Any size
//===----------------------------------------------------------------------===//

static int64_t strideAlong(const LinearAccess &access, ArrayRef<LoopDim> dims) {
  return dims.empty() ? 0 : access.strides[dims.front().innermost];
}

/// What an access touches in all iterations, if it leaves nothing out.
static std::optional<Span> spanOf(const LinearAccess &access, const KernelForm &form) {
  int64_t p = strideAlong(access, form.parallel), q = strideAlong(access, form.inner);
  bool hasP = !form.parallel.empty(), hasQ = !form.inner.empty();
  if (access.offset != 0)
    return std::nullopt;
  if (p == 0 && q == 0)
    return Span::Part;
  bool byRows = (!hasP || p == form.columns) && (!hasQ || q == 1);
  bool byColumns = (!hasP || p == 1) && (!hasQ || q == form.rows);
  if (byRows || byColumns)
    return Span::Element;
  if (p == 1 && q == 0)
    return Span::Row;
  return p == 0 && q == 1 ? std::optional(Span::Column) : std::nullopt;
}

/// Calls `visit` with every operand or result in memory, by number, and an access to it.
static void visitArguments(const KernelAnalysis &kernel,
                           function_ref<void(unsigned, const LinearAccess &)> visit) {
  for (const Statement &statement : kernel.statements) {
    linalg::GenericOp op = statement.op;
    for (OpOperand &operand : op->getOpOperands())
      if (auto argument = dyn_cast<BlockArgument>(operand.get()))
        visit(argument.getArgNumber(), statement.accesses[operand.getOperandNumber()]);
  }
  for (auto [number, result] : llvm::enumerate(kernel.results))
    visit(kernel.body->getNumArguments() + number, result.access);
}

static std::optional<SmallVector<Span>> findSpans(const KernelAnalysis &kernel,
                                                  const KernelForm &form) {
  SmallVector<std::optional<Span>> found(kernel.body->getNumArguments() + kernel.results.size());
  bool good = true;
  visitArguments(kernel, [&](unsigned number, const LinearAccess &access) {
    std::optional<Span> span = spanOf(access, form);
    good &= span && (!found[number] || found[number] == span);
    found[number] = span;
  });
  if (!good)
    return std::nullopt;
  SmallVector<Span> spans;
  for (std::optional<Span> span : found)
    spans.push_back(span.value_or(Span::Part));
  return spans;
}

/// Whether a body asks for an index, or for elements at computed ones.
static bool computesWithIndices(const KernelAnalysis &kernel) {
  return llvm::any_of(kernel.statements, [](const Statement &statement) {
    linalg::GenericOp op = statement.op;
    return llvm::any_of(*op.getBody(), [](Operation &inner) {
      return isa<linalg::IndexOp, tensor::ExtractOp>(inner);
    });
  });
}

/// Lets a thread take four elements where all buffers that are walked over are of f32; every
/// buffer of the arena begins on a cache line. (Integers would be divided by the zeros that
/// stand for elements behind the end.)
static void takeFours(KernelForm &form, const KernelAnalysis &kernel, ArrayRef<Span> spans) {
  form.byFours.resize(spans.size());
  for (auto [number, type, span] : llvm::enumerate(elementTypes(kernel), spans)) {
    if (span == Span::Part)
      continue;
    if (!type.isF32())
      return;
    form.byFours.set(number);
  }
  form.perThread = 4;
}

std::optional<AnySizeKernel> generalize(const KernelAnalysis &kernel) {
  KernelForm form = chooseForm(kernel);
  bool isMatrix = form.parallel.size() <= 1 && form.inner.size() <= 1 &&
                  (form.kind != KernelForm::Elements || form.inner.empty());
  bool isNumber = form.parallel.empty() && form.inner.empty();
  if (!isMatrix || isNumber || !form.fitsInt || computesWithIndices(kernel))
    return std::nullopt;
  std::optional<SmallVector<Span>> spans = findSpans(kernel, form);
  if (!spans)
    return std::nullopt;
  form.anySize = true;
  if (form.kind == KernelForm::Elements)
    takeFours(form, kernel, *spans);
  if (form.kind != KernelForm::Columns)
    form.threadsX = 256;
  form.blocks = llvm::divideCeil(form.rows, form.rowsPerBlock());
  return AnySizeKernel{form, *spans};
}

} // namespace dsc::cuda
