//===- CpuRoutines.h - The routines of the CPU library and their operands -===//
//
// The compiler emits a table of DscCall (see Abi.h); an entry that is not a
// generated kernel names one of the routines below. This header fixes, for each
// routine, the order of `buffers` and the layout of `ints` and `floats`.
//
// Rules that hold for all of them
//
//  - Tensors are f32 unless the layout has a `type` (a DscType) or a `bytes`
//    (size of an element; the routine only moves elements).
//  - Strides and offsets count elements, never bytes. Unless stated otherwise a
//    stride may be anything, 0 (broadcast) included, for tensors that are read;
//    elements of a tensor that is written must not overlap. A dimension of size
//    1 may carry any stride. Negative strides are for dscCpuCopy alone.
//  - A slice whose first element is not the buffer's first is expressed by the
//    offset of the DscBuffer.
//  - Dimensions may be 0: the routine then writes what the mathematics say (an
//    empty sum is 0) and touches nothing else.
//  - What is written overlaps nothing that is read, unless a flag says so.
//  - `name[n]` below means n consecutive entries; flags come last and are
//    or-ed. An entry that is marked "if FLAG" is absent without that flag.
//  - The same call on the same data gives the same bits whatever the number of
//    threads, except through oneDNN (matmul, convolution), where it holds for an
//    equal number of threads.
//  - `*call->state` starts null and belongs to the routine.
//  - Returns 0; or 1 after dscSetError where data or layout are not acceptable.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_ABI_CPUROUTINES_H
#define DSC_RUNTIME_ABI_CPUROUTINES_H

#include "abi/Abi.h"

#ifdef __cplusplus
extern "C" {
#endif

//===----------------------------------------------------------------------===//
// Matrix product
//===----------------------------------------------------------------------===//

enum DscMatmulFlags {
  DSC_MATMUL_BIAS = 1,        // adds bias[n], contiguous
  DSC_MATMUL_RELU = 2,        // at most one activation
  DSC_MATMUL_GELU_ERF = 4,    // 0.5 x (1 + erf(x / sqrt 2))
  DSC_MATMUL_GELU_TANH = 8,   // 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
  DSC_MATMUL_ACCUMULATE = 16, // out += lhs * rhs (+ bias); no activation
  DSC_MATMUL_LIBRARY = 32     // by the library on operands where they lie, if it can at all
};

/// out[b, m, n] = act(sum_k lhs[b, m, k] * rhs[b, k, n] + bias[n])
///
/// buffers: lhs, rhs, bias (if BIAS), out
/// ints:    type (DSC_F32), nb, batch[nb], M, N, K,
///          lhs strides[nb + 2] (batch…, m, k),
///          rhs strides[nb + 2] (batch…, k, n),
///          out strides[nb + 2] (batch…, m, n), flags
///
/// A transpose is a pair of exchanged strides. Fastest where one of the last
/// two strides of each operand is 1; anything else is packed first.
int32_t dscCpuMatmul(const DscCall *call, void *const *buffers);

//===----------------------------------------------------------------------===//
// Convolution
//===----------------------------------------------------------------------===//

enum DscConvFlags {
  DSC_CONV_BIAS = 1,           // forward only: adds bias[k]
  DSC_CONV_RELU = 2,           // forward only
  DSC_CONV_LIBRARY = 4,        // by the library, whatever the shape
  DSC_CONV_INPUT_BLOCKED = 8,  // the input's channels lie in blocks
  DSC_CONV_OUTPUT_BLOCKED = 16 // the output's
};

/// All three take the same ints (r is the number of spatial dimensions, 1 to 3;
/// C and K count the channels over all groups):
///
/// ints:    r, N, C, K, groups,
///          input dims[r], kernel dims[r], strides[r], dilations[r] (1: dense),
///          low pads[r], high pads[r], output dims[r],
///          input strides[r + 2] (n, c, spatial…),
///          weight strides[r + 2] (k, c / groups, spatial…),
///          output strides[r + 2] (n, k, spatial…), flags
///
/// Required of the compiler: groups divides C and K; strides, dilations and
/// kernel dims are at least 1; pads are at least 0 (a crop is a slice);
/// output = (input + low + high - dilation (kernel - 1) - 1) / stride + 1,
/// rounded down. Logical order is N C spatial whatever the strides say, so
/// channels-last is a matter of strides.
///
/// A tensor in blocks of b = 8 or 16 channels, which divide C, is dense in the order
/// [n, C / b, spatial..., b]; its strides are those within a block: 1 of c, b of the last
/// dimension.

/// buffers: input, weight, bias (if BIAS), output
int32_t dscCpuConv(const DscCall *call, void *const *buffers);

/// The transposed convolution: input gradient from output gradient.
/// buffers: output gradient, weight, input gradient. No flags.
int32_t dscCpuConvInputGrad(const DscCall *call, void *const *buffers);

/// buffers: input, output gradient, weight gradient
int32_t dscCpuConvWeightGrad(const DscCall *call, void *const *buffers);

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

enum DscAttentionFlags {
  DSC_ATTENTION_CAUSAL = 1, // query t sees the keys s <= t + S - T
  DSC_ATTENTION_MASK = 2,   // an additive mask [B, H, T, S] is given
  DSC_ATTENTION_JOINED = 4  // gradient only: q, k and v gradients are parts of one buffer
};

/// out = softmax(scale * q k^T + mask) v, and lse = log sum exp of the scores
/// (natural logarithm), which the gradient needs.
///
/// q [B, H, T, D], k [B, Hkv, S, D], v [B, Hkv, S, Dv], out [B, H, T, Dv]; Hkv
/// divides H, query head h uses key head h / (H / Hkv). The stride of the last
/// dimension of q, k, v, out and of their gradients is 1. lse is [B, H, T],
/// contiguous. mask may be -inf, and broadcasts through strides of 0.
///
/// A row that sees no key (all -inf, or causal with t < T - S) has out = 0 and
/// lse = -inf, and contributes nothing to any gradient.
///
/// buffers: q, k, v, mask (if MASK), out, lse
/// ints:    B, H, Hkv, T, S, D, Dv,
///          q strides[3] (b, h, t), k strides[3] (b, h, s), v strides[3],
///          out strides[3] (b, h, t), mask strides[4] (b, h, t, s; if MASK), flags
/// floats:  scale
int32_t dscCpuAttention(const DscCall *call, void *const *buffers);

/// Gradients of q, k, v; probabilities are computed again from lse.
///
/// buffers: q, k, v, mask (if MASK), out, lse, out gradient,
///          q gradient, k gradient, v gradient (or, if JOINED, what they are parts of)
/// ints:    B, H, Hkv, T, S, D, Dv,
///          q strides[3], k strides[3], v strides[3], out strides[3],
///          mask strides[4] (if MASK),
///          out gradient strides[3], q gradient strides[3],
///          k gradient strides[3], v gradient strides[3],
///          first elements of the q, k and v gradient (if JOINED), flags
/// floats:  scale
int32_t dscCpuAttentionGrad(const DscCall *call, void *const *buffers);

//===----------------------------------------------------------------------===//
// Pooling
//===----------------------------------------------------------------------===//

enum DscPoolFlags {
  DSC_POOL_INDEX = 1,            // max pooling also writes the winners
  DSC_POOL_COUNT_INCLUDE_PAD = 2 // average pooling divides by what lies in input or pads
};

/// All pooling routines take the same ints:
///
/// ints:    r (1 to 3), N, C,
///          input dims[r], kernel dims[r], strides[r], dilations[r],
///          low pads[r], high pads[r], output dims[r],
///          input strides[r + 2] (n, c, spatial…),
///          output strides[r + 2], flags
///
/// `output dims` decide how many windows there are. A window may reach beyond
/// the high pad (ceil mode): what lies there is never counted. Required of the
/// compiler: every window holds at least one element of the input.

/// The greatest element of each window, the first among equals; NaN wins.
/// index: which element of the input's spatial plane won (row-major number, e.g.
/// h * W + w), i32 with the output's strides. The gradient is
/// dscCpuScatterAddAlong over planes.
/// buffers: input, output, index (if INDEX)
int32_t dscCpuMaxPool(const DscCall *call, void *const *buffers);

/// buffers: input, output
int32_t dscCpuAvgPool(const DscCall *call, void *const *buffers);

/// buffers: output gradient, input gradient
int32_t dscCpuAvgPoolGrad(const DscCall *call, void *const *buffers);

//===----------------------------------------------------------------------===//
// Indexing. Index types are DSC_I32 and DSC_I64; an index outside [0, axis size)
// is an error that names its position and value (wrap negative ones before).
// Nothing is written then.
//===----------------------------------------------------------------------===//

enum DscScatterFlags {
  DSC_SCATTER_ACCUMULATE = 1 // adds to what is there instead of to zeros
};

/// out[o, j, i] = table[o, index[j], i]
///
/// buffers: table, index, out
/// ints:    bytes (1, 2, 4, 8), index type, outer, axis size, inner, count,
///          table strides[3] (outer, axis, inner), index stride,
///          out strides[3] (outer, count, inner)
int32_t dscCpuTake(const DscCall *call, void *const *buffers);

/// Its transpose: out[o, index[j], i] += updates[o, j, i], in order of j; integers
/// wrap. The rest of out is zero.
///
/// buffers: updates, index, out
/// ints:    type (DSC_F32, DSC_F64, DSC_I32, DSC_I64), index type, outer, axis size,
///          inner, count,
///          updates strides[3] (outer, count, inner), index stride,
///          out strides[3] (outer, axis, inner), flags
int32_t dscCpuScatterAdd(const DscCall *call, void *const *buffers);

/// out[p] = data[p with p[axis] replaced by index[p]] for every position p of
/// dims (GatherElements).
///
/// buffers: data, index, out
/// ints:    bytes, index type, rank, axis, axis size, dims[rank],
///          data strides[rank], index strides[rank], out strides[rank]
int32_t dscCpuTakeAlong(const DscCall *call, void *const *buffers);

/// Its transpose: out[p with p[axis] replaced by index[p]] += updates[p], in
/// order of p[axis]. The rest of out (out dims, of which all but the axis are at
/// least dims) is zero.
///
/// buffers: updates, index, out
/// ints:    type (DSC_F32, DSC_F64, DSC_I32, DSC_I64), index type, rank, axis,
///          dims[rank], out dims[rank],
///          updates strides[rank], index strides[rank], out strides[rank], flags
int32_t dscCpuScatterAddAlong(const DscCall *call, void *const *buffers);

enum DscArgMaxFlags {
  DSC_ARGMAX_MIN = 1, // the least element instead
  DSC_ARGMAX_LAST = 2 // the last among equals instead of the first
};

/// out[o, i] = the position of the greatest input[o, :, i]; NaN wins, the first
/// one. out is i64, contiguous [outer, inner]. axis is at least 1.
///
/// buffers: input, out
/// ints:    type (DSC_F32, DSC_F64, DSC_I32, DSC_I64), outer, axis, inner,
///          input strides[3] (outer, axis, inner), flags
int32_t dscCpuArgMax(const DscCall *call, void *const *buffers);

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//
//
// GlobalNorm: the Euclidean norm of all inputs together. Targets without the routine, such
// as the CPU, add up the squares of each input where it is made.
//
//   buffers: inputs, norm (one element), sums (one element for each chunk of each input)
//   ints:    chunk (a multiple of 4)
//

//===----------------------------------------------------------------------===//
// Moves
//===----------------------------------------------------------------------===//

/// out[p · out strides + out offset] = in[p · in strides + in offset]
///
/// buffers: in, out
/// ints:    bytes (1, 2, 4, 8), rank, dims[rank], in strides[rank],
///          out strides[rank], in offset, out offset
int32_t dscCpuCopy(const DscCall *call, void *const *buffers);

/// Every element of a strided region becomes the low `bytes` bytes of `pattern`
/// (the bits of the value).
///
/// buffers: out
/// ints:    bytes (1, 2, 4, 8), rank, dims[rank], strides[rank], offset, pattern
int32_t dscCpuFill(const DscCall *call, void *const *buffers);

/// Every element of several dense tensors, each from the start of a cache line on, becomes the
/// low `bytes` bytes of `pattern`.
///
/// buffers: out, ... (n)
/// ints:    bytes (1, 2, 4, 8), pattern, n, elements[n]
int32_t dscCpuFillAll(const DscCall *call, void *const *buffers);

/// Rows of micro-batch m become rows m n ... (m + 1) n - 1 of out, n = rows of part.
///
/// buffers: part, number (i64, m), out
/// ints:    bytes of part, micro-batches
int32_t dscCpuStackRows(const DscCall *call, void *const *buffers);

#ifdef __cplusplus
}
#endif

#endif // DSC_RUNTIME_ABI_CPUROUTINES_H
