//===- Matmul.cpp - The matrix product ------------------------------------===//
//
// oneDNN's matmul does the work; what remains is to put the problem as it likes it:
// batch dimensions merged and, where the right side does not change, folded into
// the rows; operands whose strides it would walk element by element, or that fall
// into few sets of the cache, packed; an output that is transposed computed as the
// product of the transposes.
//
//===----------------------------------------------------------------------===//
#include "abi/CpuRoutines.h"
#include "device/cpu/Dnnl.h"
#include "device/cpu/Move.h"
#include "device/cpu/Scratch.h"
#include "device/cpu/State.h"

#include <optional>

using namespace dsc;
using dnnl::memory;

namespace {

enum : uint8_t { Out, Lhs, Rhs, NumMatrices }; // operands of the batch loop

/// A matrix's two innermost strides.
struct MatrixStrides {
  int64_t row, col;
};

/// The problem as the call states it, then as it is handed to oneDNN.
struct MatmulShape {
  StridedLoop<NumMatrices> batch;
  int64_t M, N, K;
  MatrixStrides strides[NumMatrices];
  int64_t flags;
  bool swapped = false;  // out^T = rhs^T lhs^T
  bool emptySum = false; // K is 0: a product with zeros instead

  bool read(const DscCall *call);
  void simplify();
  int64_t rows(int op) const { return op == Rhs ? K : M; }
  int64_t cols(int op) const { return op == Lhs ? K : N; }

private:
  void foldBatchIntoRows();
  void swapIfTransposed();
};

bool MatmulShape::read(const DscCall *call) {
  Operands operands(call);
  operands.type(1u << DSC_F32);
  int64_t rank = operands.rank(0, maxRank - 2);
  const int64_t *dims = operands.take(rank);
  M = operands.size();
  N = operands.size();
  K = operands.size();
  const int64_t *lhs = operands.take(rank + 2);
  const int64_t *rhs = operands.take(rank + 2);
  const int64_t *out = operands.take(rank + 2);
  flags = operands.next();
  if (!operands.ok())
    return false;
  for (int64_t i = 0; i < rank; ++i)
    batch.add(dims[i], {out[i], lhs[i], rhs[i]});
  strides[Lhs] = {lhs[rank], lhs[rank + 1]};
  strides[Rhs] = {rhs[rank], rhs[rank + 1]};
  strides[Out] = {out[rank], out[rank + 1]};
  return true;
}

/// [B, M, K] x [K, N] with rows that go on from one batch to the next is one product of B M rows.
void MatmulShape::foldBatchIntoRows() {
  while (batch.rank > 0) {
    int64_t last = batch.rank - 1;
    auto step = batch.strides[last];
    bool goesOn =
        M == 1 || (step[Lhs] == M * strides[Lhs].row && step[Out] == M * strides[Out].row);
    if (step[Rhs] != 0 || !goesOn)
      return;
    if (M == 1) {
      strides[Lhs].row = step[Lhs];
      strides[Out].row = step[Out];
    }
    M *= batch.dims[last];
    batch.remove(last);
  }
}

/// oneDNN has no fast path into a transposed output, but a product may be transposed as a whole
/// (unless there is a bias, which would have to run along the rows then).
void MatmulShape::swapIfTransposed() {
  bool transposed = strides[Out].row == 1 && strides[Out].col != 1 && M > 1;
  if (!transposed || (flags & DSC_MATMUL_BIAS))
    return;
  swapped = true;
  std::swap(M, N);
  std::swap(strides[Lhs], strides[Rhs]);
  for (MatrixStrides &matrix : strides)
    std::swap(matrix.row, matrix.col);
  for (int64_t i = 0; i < batch.rank; ++i)
    std::swap(batch.strides[i][Lhs], batch.strides[i][Rhs]);
}

void MatmulShape::simplify() {
  if (K == 0) {
    emptySum = true;
    K = 1;
    strides[Lhs] = strides[Rhs] = {0, 0};
    for (int64_t i = 0; i < batch.rank; ++i)
      batch.strides[i][Lhs] = batch.strides[i][Rhs] = 0;
  }
  batch.normalize(Out);
  foldBatchIntoRows();
  swapIfTransposed();
}

/// Gives dimensions of size 1 a stride that says "dense", and tells whether the matrix then is
/// row-major or column-major with any leading dimension.
bool isPlain(int64_t rows, int64_t cols, MatrixStrides &s) {
  if (cols == 1)
    s.col = 1;
  if (rows == 1)
    s.row = s.col == 1 ? cols : 1;
  bool rowMajor = s.col == 1 && (rows == 1 || s.row >= cols);
  bool columnMajor = s.row == 1 && s.col >= rows;
  return rowMajor || columnMajor;
}

/// An operand as oneDNN sees it; packed through scratch memory where it must be.
struct MatmulOperand {
  memory view;
  std::optional<CopyLoop> pack; // operand 0: the packed tensor
  size_t bytes = 0;             // of the packed tensor
};

/// The lines of a side along which it is contiguous and whose number is K: columns of the left
/// side, rows of the right one.
struct Lines {
  int64_t length, step, apart;

  Lines(const MatmulShape &shape, int op) {
    MatrixStrides s = shape.strides[op];
    length = op == Lhs ? shape.M : shape.N;
    step = op == Lhs ? s.row : s.col;
    apart = op == Lhs ? s.col : s.row;
  }
};

constexpr int64_t halfPage = 2048 / sizeof(float), cacheLine = 64 / sizeof(float);

/// Whether a side's lines begin in one or two sets of the first cache. Where the other side is
/// narrow, oneDNN reads some elements of each line at a time, so that they are fetched anew for the
/// next: it takes twice the time. Wider ones it treats otherwise, and narrower ones take less time
/// than a copy.
bool isAliased(const MatmulShape &shape, int op) {
  if (op == Out || shape.batch.rank > 0 || shape.K < 64 || (shape.flags & DSC_MATMUL_LIBRARY))
    return false;
  Lines lines(shape, op);
  int64_t other = op == Lhs ? shape.N : shape.M;
  return lines.step == 1 && lines.apart % halfPage == 0 && other >= 64 && other <= 256;
}

/// The side with its lines moved apart.
MatmulOperand spreadLines(const MatmulShape &shape, int op) {
  Lines lines(shape, op);
  int64_t apart = (lines.length + halfPage - 1) / halfPage * halfPage + cacheLine;
  MatmulOperand result;
  result.pack.emplace();
  result.pack->add(shape.K, {apart, lines.apart});
  result.pack->add(lines.length, {1, 1});
  result.bytes = static_cast<size_t>(shape.K * apart) * sizeof(float);
  memory::dims strides = op == Lhs ? memory::dims{1, apart} : memory::dims{apart, 1};
  result.view = dnnlView(dnnlTensor({shape.rows(op), shape.cols(op)}, strides));
  return result;
}

/// `op`'s tensor [batch…, rows, cols], broadcast dimensions as size 1.
MatmulOperand makeOperand(const MatmulShape &shape, int op) {
  memory::dims dims, strides;
  for (int64_t i = 0; i < shape.batch.rank; ++i) {
    auto step = shape.batch.strides[i];
    // Somebody must show the batch's size: the left side, where both broadcast.
    bool broadcast = step[op] == 0 && op != Out && !(op == Lhs && step[Rhs] == 0);
    dims.push_back(broadcast ? 1 : shape.batch.dims[i]);
    strides.push_back(step[op]);
  }
  int64_t batchSize = 1;
  bool plain = true;
  for (size_t i = 0; i < dims.size(); batchSize *= dims[i++])
    plain &= dims[i] == 1 || strides[i] > 0;
  MatrixStrides matrix = shape.strides[op];
  plain &= isPlain(shape.rows(op), shape.cols(op), matrix);
  dims.insert(dims.end(), {shape.rows(op), shape.cols(op)});
  strides.insert(strides.end(), {matrix.row, matrix.col});
  for (size_t i = 0; i + 2 < dims.size(); ++i)
    if (dims[i] == 1)
      strides[i] = shape.rows(op) * shape.cols(op);

  MatmulOperand result;
  if (!plain) {
    memory::dims dense = rowMajorStrides(dims);
    result.pack = copyLoop(dims, dense, strides);
    result.bytes = batchSize * shape.rows(op) * shape.cols(op) * sizeof(float);
    strides = dense;
  }
  result.view = dnnlView(dnnlTensor(dims, strides));
  return result;
}

dnnl::primitive_attr attributesOf(int64_t flags) {
  dnnl::post_ops after;
  if (flags & DSC_MATMUL_ACCUMULATE)
    after.append_sum(1.0f);
  if (flags & DSC_MATMUL_RELU)
    appendRelu(after);
  if (flags & DSC_MATMUL_GELU_ERF)
    after.append_eltwise(1.0f, dnnl::algorithm::eltwise_gelu_erf, 0.0f, 0.0f);
  if (flags & DSC_MATMUL_GELU_TANH)
    after.append_eltwise(1.0f, dnnl::algorithm::eltwise_gelu_tanh, 0.0f, 0.0f);
  dnnl::primitive_attr attributes = dnnlAttributes();
  attributes.set_post_ops(after);
  return attributes;
}

class Matmul : public RoutineState {
public:
  explicit Matmul(const MatmulShape &shape);
  int32_t run(void *const *buffers);

private:
  void *packed(int op, const Scratch &scratch, size_t place, void *buffer);

  MatmulOperand operands[NumMatrices];
  memory bias, scratchpad;
  dnnl::matmul primitive;
  bool hasBias, accumulates, swapped, emptySum;
};

Matmul::Matmul(const MatmulShape &shape)
    : hasBias(shape.flags & DSC_MATMUL_BIAS), accumulates(shape.flags & DSC_MATMUL_ACCUMULATE),
      swapped(shape.swapped), emptySum(shape.emptySum) {
  for (int op = 0; op < NumMatrices; ++op)
    operands[op] = isAliased(shape, op) ? spreadLines(shape, op) : makeOperand(shape, op);
  memory::desc lhs = operands[Lhs].view.get_desc(), rhs = operands[Rhs].view.get_desc(),
               out = operands[Out].view.get_desc();
  memory::dims biasDims(shape.batch.rank + 2, 1);
  biasDims.back() = shape.N;
  memory::desc biasDesc = dnnlTensor(biasDims, rowMajorStrides(biasDims));
  dnnl::matmul::desc what =
      hasBias ? dnnl::matmul::desc(lhs, rhs, biasDesc, out) : dnnl::matmul::desc(lhs, rhs, out);
  dnnl::matmul::primitive_desc how(what, attributesOf(shape.flags), dnnlEngine());
  bias = dnnlView(biasDesc);
  scratchpad = dnnlView(how.scratchpad_desc());
  primitive = dnnl::matmul(how);
}

/// Where the primitive finds the operand: in place, or in scratch memory.
void *Matmul::packed(int op, const Scratch &scratch, size_t place, void *buffer) {
  MatmulOperand &operand = operands[op];
  if (!operand.pack)
    return buffer;
  if (op != Out || accumulates)
    copyStrided(sizeof(float), *operand.pack, scratch.at(place), buffer);
  return scratch.at(place);
}

int32_t Matmul::run(void *const *buffers) {
  static float zero = 0.0f;
  void *sources[NumMatrices];
  sources[Lhs] = emptySum ? &zero : buffers[swapped ? 1 : 0];
  sources[Rhs] = emptySum ? &zero : buffers[swapped ? 0 : 1];
  sources[Out] = buffers[hasBias ? 3 : 2];

  Scratch scratch;
  size_t padPlace = scratch.reserve(scratchpad.get_desc().get_size());
  size_t places[NumMatrices];
  for (int op = 0; op < NumMatrices; ++op)
    places[op] = scratch.reserve(operands[op].bytes);
  if (!scratch.allocate())
    return 1;

  for (int op = 0; op < NumMatrices; ++op)
    operands[op].view.set_data_handle(packed(op, scratch, places[op], sources[op]));
  scratchpad.set_data_handle(scratch.at(padPlace));
  std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, operands[Lhs].view},
                                            {DNNL_ARG_WEIGHTS, operands[Rhs].view},
                                            {DNNL_ARG_DST, operands[Out].view},
                                            {DNNL_ARG_SCRATCHPAD, scratchpad}};
  if (hasBias) {
    bias.set_data_handle(buffers[2]);
    arguments.emplace(DNNL_ARG_BIAS, bias);
  }
  primitive.execute(dnnlStream(), arguments);
  if (operands[Out].pack) {
    CopyLoop back = *operands[Out].pack;
    for (int64_t i = 0; i < back.rank; ++i)
      std::swap(back.strides[i][0], back.strides[i][1]);
    copyStrided(sizeof(float), back, sources[Out], scratch.at(places[Out]));
  }
  return 0;
}

} // namespace

int32_t dscCpuMatmul(const DscCall *call, void *const *buffers) {
  return withDnnlErrors(call, [&] {
    if (!*call->state) {
      MatmulShape shape;
      if (!shape.read(call))
        return 1;
      if (shape.batch.size() * shape.M * shape.N == 0)
        return 0;
      shape.simplify();
      setState(call, new Matmul(shape));
    }
    return stateOf<Matmul>(call)->run(buffers);
  });
}
