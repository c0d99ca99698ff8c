//===- Dnnl.h - What the routines on oneDNN share -------------------------===//
#ifndef DSC_RUNTIME_DEVICE_CPU_DNNL_H
#define DSC_RUNTIME_DEVICE_CPU_DNNL_H

#include "abi/Abi.h"

#include <dnnl.hpp>

namespace dsc {

const dnnl::engine &dnnlEngine();
dnnl::stream &dnnlStream();

/// Attributes with scratch memory of ours instead of one buffer per primitive.
dnnl::primitive_attr dnnlAttributes();

/// Lets a primitive end in relu, of which NaN stays NaN. oneDNN's own makes 0 of it; elu, scaled by
/// 0 below 0, does not.
void appendRelu(dnnl::post_ops &after);

/// An f32 tensor with explicit strides.
dnnl::memory::desc dnnlTensor(const dnnl::memory::dims &dims, const dnnl::memory::dims &strides);

/// The same tensor in whatever layout oneDNN likes best.
dnnl::memory::desc dnnlAnyLayout(const dnnl::memory::dims &dims);

/// A memory object without memory: `set_data_handle` comes before each use.
dnnl::memory dnnlView(const dnnl::memory::desc &desc);

/// Strides of a dense row-major tensor.
dnnl::memory::dims rowMajorStrides(const dnnl::memory::dims &dims);

/// Runs body, which returns the routine's status; an exception of oneDNN becomes the routine's
/// error.
template <typename Body> int32_t withDnnlErrors(const DscCall *call, Body &&body) {
  try {
    return body();
  } catch (const dnnl::error &error) {
    dscSetError("%s: oneDNN: %s", call->name, error.what());
    return 1;
  }
}

} // namespace dsc

#endif // DSC_RUNTIME_DEVICE_CPU_DNNL_H
