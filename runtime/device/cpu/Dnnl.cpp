//===- Dnnl.cpp - What the routines on oneDNN share -----------------------===//
#include "device/cpu/Dnnl.h"

using namespace dsc;
using dnnl::memory;

const dnnl::engine &dsc::dnnlEngine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::stream &dsc::dnnlStream() {
  static dnnl::stream stream(dnnlEngine());
  return stream;
}

dnnl::primitive_attr dsc::dnnlAttributes() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

void dsc::appendRelu(dnnl::post_ops &after) {
  after.append_eltwise(1.0f, dnnl::algorithm::eltwise_elu, 0.0f, 0.0f);
}

memory::desc dsc::dnnlTensor(const memory::dims &dims, const memory::dims &strides) {
  return {dims, memory::data_type::f32, strides};
}

memory::desc dsc::dnnlAnyLayout(const memory::dims &dims) {
  return {dims, memory::data_type::f32, memory::format_tag::any};
}

memory dsc::dnnlView(const memory::desc &desc) { return {desc, dnnlEngine(), DNNL_MEMORY_NONE}; }

memory::dims dsc::rowMajorStrides(const memory::dims &dims) {
  memory::dims strides(dims.size());
  int64_t stride = 1;
  for (size_t i = dims.size(); i-- > 0; stride *= dims[i])
    strides[i] = stride;
  return strides;
}
