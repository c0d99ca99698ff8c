//===- ValuePattern.h - Tables told from weights by values -----*- C++ -*-===//
//
// Most ONNX files do not say which tensors are trained. Weights look random; masks,
// position tables and the like obey a law. A tensor that obeys one of these laws in
// every element is a table (as far as its use allows, see below):
//
//   mask         it holds infinities, or has two values of which one is huge
//   two values   0 and 1, 0 and -100, ...: a mask, an adjacency
//   wave, ramp, geometric sequence
//                along one axis every line x obeys x[t+1] + x[t-1] = k x[t], k of its own:
//                sinusoidal positions, rotary tables, slopes, frequencies, coordinates
//   differences  element [i, j] depends on i - j only: relative positions
//
// Weights may start as laws too: an identity matrix or (in files made by hand) a ramp as
// the weight of a product, ones among zeros or a ramp as a bias. There only laws count
// that no weight starts with: infinities, geometric sequences, waves of different
// frequencies. A tensor of equal elements is a weight.
//
// Looking stops at the first element that breaks the law, so weights cost nothing.
//
//===----------------------------------------------------------------------===//

#ifndef DSC_FRONTEND_ONNX_VALUEPATTERN_H
#define DSC_FRONTEND_ONNX_VALUEPATTERN_H

#include "dsc/Frontend/ONNX/Model.h"

namespace dsc::onnx {

/// How a tensor is used, as far as it says what its values may be.
struct TensorUse {
  /// The weight of a product, a norm or a lookup: see Operator::weights.
  bool isWeight = false;
  /// Rows of it are looked up, and it is no other kind of weight.
  bool isLookedUp = false;
  /// Of one dimension, and only ever added.
  bool isBias = false;
};

/// What kind of table the tensor is; empty if it looks like weights, is not of a float
/// type, or its data is not there.
std::string tablePattern(const Tensor &tensor, TensorUse use);

/// Whether all elements are equal, of several.
bool isFill(const Tensor &tensor);
/// Whether so many values differ that no two weights begin with them alike, as they do with zeros,
/// ones and identities. (Modules that were copied do.)
bool isUnmistakable(const Tensor &tensor);

} // namespace dsc::onnx

#endif // DSC_FRONTEND_ONNX_VALUEPATTERN_H
