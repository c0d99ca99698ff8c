//===- Weights.cpp - Initial values of variables --------------------------===//

#include "lib/Driver/Weights.h"

#include "dialects/Train/Interfaces.h"
#include "dialects/Train/TrainDialect.h"
#include "dsc/Planner/Plan.h"
#include "dsc/Support/RandomInit.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dsc;

std::string dsc::dtypeName(Type element) {
  if (element.isUnsignedInteger(8)) {
    return "u8";
  }
  std::string text;
  llvm::raw_string_ostream(text) << element; // f32, bf16, i64, i1, ...
  return text;
}

/// safetensors' names of element types.
static std::string safetensorsType(StringRef dtype) {
  if (dtype == "i1") {
    return "BOOL";
  }
  return dtype.upper(); // F32, BF16, I64, U8, ...
}

static void appendFloat(std::string &bytes, Type element, double value) {
  APFloat number(value);
  bool losesInfo = false;
  number.convert(cast<FloatType>(element).getFloatSemantics(), APFloat::rmNearestTiesToEven,
                 &losesInfo);
  uint64_t bits = number.bitcastToAPInt().getZExtValue();
  bytes.append(reinterpret_cast<const char *>(&bits), element.getIntOrFloatBitWidth() / 8);
}

static std::string denseBytes(ElementsAttr value) {
  Type element = value.getElementType();
  std::string bytes;
  if (isa<FloatType>(element)) {
    for (const APFloat &number : value.getValues<APFloat>()) {
      uint64_t bits = number.bitcastToAPInt().getZExtValue();
      bytes.append(reinterpret_cast<const char *>(&bits), element.getIntOrFloatBitWidth() / 8);
    }
    return bytes;
  }
  size_t width = std::max(1U, element.getIntOrFloatBitWidth() / 8);
  for (const APInt &number : value.getValues<APInt>()) {
    uint64_t bits = number.getZExtValue();
    bytes.append(reinterpret_cast<const char *>(&bits), width);
  }
  return bytes;
}

static std::string randomBytes(RankedTensorType type, Attribute init) {
  std::vector<double> values(static_cast<size_t>(type.getNumElements()));
  if (auto normal = dyn_cast<train::NormalAttr>(init)) {
    fillNormal(static_cast<uint64_t>(normal.getSeed()), normal.getMean().getValueAsDouble(),
               normal.getStddev().getValueAsDouble(), 0, values);
  } else {
    auto uniform = cast<train::UniformInitAttr>(init);
    fillUniform(static_cast<uint64_t>(uniform.getSeed()), uniform.getLow().getValueAsDouble(),
                uniform.getHigh().getValueAsDouble(), 0, values);
  }
  std::string bytes;
  for (double value : values) {
    appendFloat(bytes, type.getElementType(), value);
  }
  return bytes;
}

static void fillValue(InitialValue &value, RankedTensorType type, Attribute init,
                      const std::map<std::string, StringRef> &fileData) {
  if (auto elements = dyn_cast<ElementsAttr>(init)) {
    value.owned = denseBytes(elements);
    return;
  }
  if (!isa<train::WeightsAttr>(init)) {
    value.owned = randomBytes(type, init);
    return;
  }
  auto it = fileData.find(value.name);
  value.isMissing = it == fileData.end();
  if (!value.isMissing) {
    value.view = it->second;
  }
}

/// Not read from the input file.
static bool isMade(train::VariableOp variable) {
  return variable.getRole() != train::VariableRole::Slot &&
         !isa<train::WeightsAttr>(variable.getInit());
}

llvm::Error dsc::checkMadeValues(ModuleOp module, int64_t memory) {
  for (auto variable : module.getOps<train::VariableOp>()) {
    if (!isMade(variable)) {
      continue;
    }
    int64_t bytes = train::getTensorBytes(variable.getTensorType().clone(ArrayRef<int64_t>()));
    for (int64_t size : variable.getTensorType().getShape()) {
      bytes = llvm::MulOverflow(bytes, size, bytes) ? std::numeric_limits<int64_t>::max() : bytes;
    }
    if (bytes > memory) {
      return llvm::createStringError("variable '" + variable.getName() + "' takes " +
                                     bytesText(bytes) + ", more than is left of this host's " +
                                     "memory; is its shape right?");
    }
    memory -= bytes;
  }
  return llvm::Error::success();
}

std::vector<InitialValue>
dsc::collectInitialValues(ModuleOp module, const std::map<std::string, StringRef> &fileData,
                          bool makesValues) {
  std::vector<InitialValue> values;
  for (auto variable : module.getOps<train::VariableOp>()) {
    if (variable.getRole() == train::VariableRole::Slot) {
      continue;
    }
    RankedTensorType type = variable.getTensorType();
    InitialValue value{variable.getName().str(),
                       dtypeName(type.getElementType()),
                       SmallVector<int64_t>(type.getShape()),
                       {},
                       {}};
    if (makesValues || !isMade(variable)) {
      fillValue(value, type, variable.getInit(), fileData);
    }
    values.push_back(std::move(value));
  }
  return values;
}

std::string dsc::safetensorsHeader(ArrayRef<InitialValue> values) {
  llvm::json::Object header;
  int64_t offset = 0;
  for (const InitialValue &value : values) {
    int64_t end = offset + static_cast<int64_t>(value.bytes().size());
    header[value.name] =
        llvm::json::Object{{"dtype", safetensorsType(value.dtype)},
                           {"shape", llvm::json::Array(ArrayRef<int64_t>(value.shape))},
                           {"data_offsets", llvm::json::Array{offset, end}}};
    offset = end;
  }
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(std::move(header));
  // Eight bytes of length, then the JSON padded with spaces.
  text.append((64 - (text.size() + 8) % 64) % 64, ' ');
  uint64_t size = text.size();
  return std::string(reinterpret_cast<const char *>(&size), 8) + text;
}
