//===- Routines.cpp - Library calls in the text of a step -----------------===//
//
// A routine's ints are described by a list of fields, in the order of
// runtime/abi/CpuRoutines.h:
//
//   name       one entry
//   name#      one entry that counts others and is not shown itself
//   name[n+2]  as many entries as the field n counts, and 2
//   name[4]?2  four entries, if the call's flags have the bit 2
//   name[n]-   entries that are not shown: the buffers say them
//
// `type` and `flags` are shown by the names of their enumerators.
//
//===----------------------------------------------------------------------===//
#include "Routines.h"

#include "abi/CpuRoutines.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FormatVariadic.h"

#include <limits>

using namespace llvm;

namespace dsc::cuda {

namespace {
struct Flag {
  int64_t bit;
  StringRef name;
};

struct Description {
  StringRef function, shape, fields; // `shape` is the struct of the fields
  SmallVector<Flag, 0> flags;
};

#define DSC_FLAG(name) {name, #name}

constexpr StringLiteral kConv = "r# n c k groups input[r] kernel[r] strides[r] dilations[r] "
                                "lowPads[r] highPads[r] output[r] inputStrides[r+2] "
                                "weightStrides[r+2] outputStrides[r+2] flags";
constexpr StringLiteral kPool = "r# n c input[r] kernel[r] strides[r] dilations[r] lowPads[r] "
                                "highPads[r] output[r] inputStrides[r+2] outputStrides[r+2] flags";

const StringMap<Description> &descriptions() {
  static const SmallVector<Flag, 0> convFlags = {DSC_FLAG(DSC_CONV_BIAS), DSC_FLAG(DSC_CONV_RELU),
                                                 DSC_FLAG(DSC_CONV_LIBRARY)};
  static const StringMap<Description> table = {
      {"Matmul",
       {"matmul",
        "Matmul",
        "type r# batch[r] m n k lhs[r+2] rhs[r+2] out[r+2] flags",
        {DSC_FLAG(DSC_MATMUL_BIAS), DSC_FLAG(DSC_MATMUL_RELU), DSC_FLAG(DSC_MATMUL_GELU_ERF),
         DSC_FLAG(DSC_MATMUL_GELU_TANH), DSC_FLAG(DSC_MATMUL_ACCUMULATE),
         DSC_FLAG(DSC_MATMUL_LIBRARY)}}},
      {"Conv", {"conv", "Conv", kConv, convFlags}},
      {"ConvInputGrad", {"convInputGrad", "Conv", kConv, convFlags}},
      {"ConvWeightGrad", {"convWeightGrad", "Conv", kConv, convFlags}},
      {"Attention",
       {"attention",
        "Attention",
        "b h hkv t s d dv q[3] k[3] v[3] out[3] mask[4]?2 flags",
        {DSC_FLAG(DSC_ATTENTION_CAUSAL), DSC_FLAG(DSC_ATTENTION_MASK)}}},
      {"AttentionGrad",
       {"attentionGrad",
        "Attention",
        "b h hkv t s d dv q[3] k[3] v[3] out[3] mask[4]?2 outGrad[3] qGrad[3] kGrad[3] vGrad[3] "
        "joined[3]?4 flags",
        {DSC_FLAG(DSC_ATTENTION_CAUSAL), DSC_FLAG(DSC_ATTENTION_MASK),
         DSC_FLAG(DSC_ATTENTION_JOINED)}}},
      {"MaxPool", {"maxPool", "Pool", kPool, {DSC_FLAG(DSC_POOL_INDEX)}}},
      {"AvgPool", {"avgPool", "Pool", kPool, {DSC_FLAG(DSC_POOL_COUNT_INCLUDE_PAD)}}},
      {"AvgPoolGrad", {"avgPoolGrad", "Pool", kPool, {DSC_FLAG(DSC_POOL_COUNT_INCLUDE_PAD)}}},
      {"Take",
       {"take", "Take", "bytes indexType outer axis inner count table[3] indexStride out[3]", {}}},
      {"ScatterAdd",
       {"scatterAdd",
        "ScatterAdd",
        "type indexType outer axis inner count updates[3] indexStride out[3] flags",
        {DSC_FLAG(DSC_SCATTER_ACCUMULATE)}}},
      {"TakeAlong",
       {"takeAlong",
        "TakeAlong",
        "bytes indexType r# axis axisSize dims[r] data[r] index[r] out[r]",
        {}}},
      {"ScatterAddAlong",
       {"scatterAddAlong",
        "ScatterAddAlong",
        "type indexType r# axis dims[r] outDims[r] updates[r] index[r] out[r] flags",
        {DSC_FLAG(DSC_SCATTER_ACCUMULATE)}}},
      {"ArgMax",
       {"argMax",
        "ArgMax",
        "type outer axis inner input[3] flags",
        {DSC_FLAG(DSC_ARGMAX_MIN), DSC_FLAG(DSC_ARGMAX_LAST)}}},
      {"GlobalNorm", {"globalNorm", "GlobalNorm", "chunk", {}}},
      {"Copy", {"copy", "Copy", "bytes r# dims[r] in[r] out[r] inOffset outOffset", {}}},
      {"Fill", {"fill", "Fill", "bytes r# dims[r] strides[r] offset pattern", {}}},
      {"FillAll", {"fillAll", "FillAll", "bytes pattern n# counts[n]-", {}}},
      {"StackRows", {"stackRows", "StackRows", "bytes microbatches", {}}}};
  return table;
}
} // namespace

static std::string flagsText(const Description &description, int64_t flags) {
  SmallVector<std::string> names;
  for (const Flag &flag : description.flags)
    if (flags & flag.bit) {
      names.push_back(flag.name.str());
      flags &= ~flag.bit;
    }
  if (flags != 0)
    names.push_back(std::to_string(flags));
  return names.empty() ? "0" : join(names, " | ");
}

static std::string typeText(int64_t type) {
  static const StringRef names[] = {"DSC_F32", "DSC_F64", "DSC_F16", "DSC_BF16", "DSC_I1",
                                    "DSC_I8",  "DSC_I16", "DSC_I32", "DSC_I64",  "DSC_U8"};
  return names[type].str();
}

/// The least number is no literal.
static std::string intText(int64_t value) {
  return value == std::numeric_limits<int64_t>::min() ? "INT64_MIN" : std::to_string(value);
}

namespace {
/// Walks the ints along the list of fields.
class FieldReader {
public:
  FieldReader(const Description &description, ArrayRef<int64_t> ints)
      : description(description), ints(ints) {}
  std::string read();
  /// The first sizes, such as 32x256x784.
  std::string sizes;

private:
  void readField(StringRef field);
  void show(StringRef name, const Twine &value) {
    text += (text.empty() ? "." : ", .") + name.str() + " = " + value.str();
  }
  void addSize(int64_t size) { sizes += (sizes.empty() ? "" : "x") + std::to_string(size); }
  int64_t next() { return ints[position++]; }

  const Description &description;
  ArrayRef<int64_t> ints;
  size_t position = 0, numSizes = 0;
  StringMap<int64_t> counts;
  std::string text;
};
} // namespace

void FieldReader::readField(StringRef field) {
  auto [shape, condition] = field.split('?');
  if (!condition.empty() && !(ints.back() & std::stoll(condition.str())))
    return;
  if (shape.consume_back("#")) {
    counts[shape] = next();
    return;
  }
  bool isHidden = shape.consume_back("-");
  auto [name, size] = shape.split('[');
  if (size.empty()) {
    int64_t value = next();
    bool isType = name == "type" || name == "indexType";
    static const StringSet<> noSizes = {"flags",  "pattern",  "bytes",
                                        "offset", "inOffset", "outOffset"};
    if (!isType && !noSizes.contains(name) && numSizes++ < 3)
      addSize(value);
    return show(name, isType            ? typeText(value)
                      : name == "flags" ? flagsText(description, value)
                                        : intText(value));
  }
  auto [counter, more] = size.drop_back().split('+');
  int64_t count = 0;
  if (counter.getAsInteger(10, count))
    count = counts.lookup(counter);
  count += more.empty() ? 0 : std::stoll(more.str());
  std::string list;
  for (int64_t i = 0; i < count; ++i) {
    int64_t value = next();
    list += (i ? ", " : "") + std::to_string(value);
    if (name == "dims")
      addSize(value);
  }
  if (!isHidden)
    show(name, "{" + list + "}");
}

std::string FieldReader::read() {
  SmallVector<StringRef> fields;
  description.fields.split(fields, ' ', -1, /*KeepEmpty=*/false);
  for (StringRef field : fields)
    readField(field);
  return text;
}

bool hasRoutine(StringRef routine) { return descriptions().contains(routine); }

RoutineText describeRoutine(StringRef routine, ArrayRef<int64_t> ints, ArrayRef<double> floats) {
  auto it = descriptions().find(routine);
  if (it == descriptions().end())
    return {};
  const Description &description = it->second;
  FieldReader reader(description, ints);
  RoutineText text{description.function.str(), description.shape.str(), reader.read(), ""};
  text.label = text.function + (reader.sizes.empty() ? "" : "_" + reader.sizes);
  if (!floats.empty()) // only attention has one
    text.fields += formatv(", .scale = {0:e17}", floats.front());
  return text;
}

} // namespace dsc::cuda
