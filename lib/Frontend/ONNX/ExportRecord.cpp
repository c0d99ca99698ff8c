//===- ExportRecord.cpp - What the exporter says tensors are --------------===//

#include "ExportRecord.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

namespace dsc::onnx {

static constexpr llvm::StringLiteral signatureKey =
    "pkg.torch.export.ExportedProgram.graph_signature";
static constexpr llvm::StringLiteral kindKey = "pkg.torch.export.graph_signature.InputSpec.kind";
static constexpr llvm::StringLiteral foldedKey = "pkg.onnxscript.optimizer.folded_from";

/// Lines `PLACEHOLDER: KIND target='NAME' ...` of these kinds.
static void readSignature(llvm::StringRef text, llvm::ArrayRef<llvm::StringRef> kinds,
                          std::vector<ModuleTensor> &tensors) {
  llvm::SmallVector<llvm::StringRef> lines;
  text.split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef line : lines) {
    auto [placeholder, rest] = line.split(": ");
    llvm::StringRef name = rest.split("target='").second.split('\'').first;
    llvm::StringRef kind = rest.split(' ').first;
    if (!name.empty() && llvm::is_contained(kinds, kind))
      tensors.push_back({placeholder, kind, name});
  }
}

static std::vector<ModuleTensor> linesOf(const Graph &graph,
                                         llvm::ArrayRef<llvm::StringRef> kinds) {
  std::vector<ModuleTensor> tensors;
  for (const auto &[key, text] : graph.metadata)
    if (key == signatureKey)
      readSignature(text, kinds, tensors);
  return tensors;
}

std::vector<ModuleTensor> moduleTensors(const Graph &graph) {
  return linesOf(graph, {"PARAMETER", "BUFFER", "CONSTANT_TENSOR"});
}

std::vector<ModuleTensor> changedBuffers(const Graph &graph) {
  return linesOf(graph, {"BUFFER_MUTATION"});
}

std::vector<llvm::StringRef> moduleOutputs(const Graph &graph) {
  std::vector<llvm::StringRef> names;
  for (const auto &[key, text] : graph.metadata) {
    llvm::SmallVector<llvm::StringRef> lines;
    if (key == signatureKey)
      text.split(lines, '\n');
    for (llvm::StringRef line : lines)
      if (auto [name, kind] = line.split(": "); kind.starts_with("USER_OUTPUT"))
        names.push_back(name);
  }
  return names;
}

llvm::StringRef kindOf(llvm::StringRef result) {
  auto [kind, number] = result.rsplit('_');
  return !number.empty() && llvm::all_of(number, llvm::isDigit) ? kind : result;
}

llvm::StringRef resultOf(llvm::StringRef origin) {
  return origin.ltrim('%').take_until([](char c) { return c == ' '; });
}

llvm::StringRef operationOf(llvm::StringRef origin) {
  llvm::StringRef target = origin.split("[target=").second.split(']').first;
  target.consume_front("torch.ops.");
  return target;
}

llvm::SmallVector<llvm::StringRef> argumentsOf(llvm::StringRef origin) {
  llvm::SmallVector<llvm::StringRef> found;
  llvm::StringRef rest = origin.split("(args = ").second;
  auto isWord = [](char c) { return llvm::isAlnum(c) || c == '_'; };
  for (rest = rest.split('%').second; !rest.empty(); rest = rest.split('%').second)
    found.push_back(rest.take_while(isWord));
  return found;
}

Origins::Origins(const Graph &graph) {
  for (const ModuleTensor &tensor : moduleTensors(graph))
    names[tensor.placeholder] = tensor.name;
}

llvm::SmallVector<llvm::StringRef> Origins::tensorsOf(llvm::StringRef origin) const {
  llvm::SmallVector<llvm::StringRef> found;
  for (llvm::StringRef argument : argumentsOf(origin)) {
    auto name = names.find(argument);
    if (name != names.end())
      found.push_back(name->second);
  }
  return found;
}

bool isValueName(llvm::StringRef name) {
  llvm::StringRef number = name;
  number.consume_front("val_");
  return name.starts_with("/") || name.contains("::") ||
         llvm::all_of(number, [](char c) { return llvm::isDigit(c); });
}

ExportRecord::ExportRecord(const Graph &graph) {
  for (const ModuleTensor &tensor : moduleTensors(graph))
    add(tensor.name, tensor.kind);
  llvm::StringSet<> computed;
  for (const Node &node : graph.nodes)
    computed.insert_range(node.outputs);
  for (const ModuleTensor &buffer : changedBuffers(graph))
    if (computed.contains(buffer.placeholder))
      changed.insert(buffer.name);
  for (const Tensor &tensor : graph.initializers)
    if (tensor.dims.size() > 1)
      matrices.insert(tensor.name);
  const std::vector<ValueInfo> *lists[] = {&graph.valueInfo, &graph.inputs};
  for (const std::vector<ValueInfo> *list : lists)
    for (const ValueInfo &info : *list)
      readKind(info);
  if (entries.empty())
    return;
  for (const std::vector<ValueInfo> *list : lists)
    for (const ValueInfo &info : *list)
      readFolding(info);
}

const Recorded *ExportRecord::find(llvm::StringRef name) const {
  auto found = entries.find(name);
  return found == entries.end() ? nullptr : &found->second;
}

ValueInfo ExportRecord::constant(llvm::StringRef name) {
  return {name, {}, {{kindKey, "CONSTANT_TENSOR"}}};
}

ValueInfo ExportRecord::folded(llvm::StringRef name, llvm::StringRef sources) {
  return {name, {}, {{foldedKey, sources}}};
}

void ExportRecord::add(llvm::StringRef name, llvm::StringRef kind) {
  if (kind == "PARAMETER")
    entries[name] = {Recorded::Kind::Parameter, "a parameter of the exported module", name};
  else if (kind == "BUFFER")
    entries[name] = {Recorded::Kind::Buffer, "a buffer of the exported module", name};
  else if (kind == "CONSTANT_TENSOR")
    entries[name] = {Recorded::Kind::Constant, "a constant of the exported module", name};
}

void ExportRecord::readKind(const ValueInfo &info) {
  for (const auto &[key, kind] : info.metadata)
    if (key == kindKey)
      add(info.name, kind);
}

llvm::SmallVector<llvm::StringRef> quoted(llvm::StringRef text) {
  llvm::SmallVector<llvm::StringRef> pieces, names;
  text.split(pieces, '\'');
  for (size_t i = 1; i < pieces.size(); i += 2)
    names.push_back(pieces[i]);
  return names;
}

/// What was computed from a parameter is one; a table made of constants is none.
void ExportRecord::readFolding(const ValueInfo &info) {
  auto folded = llvm::find_if(info.metadata, [](auto &entry) { return entry.first == foldedKey; });
  if (folded == info.metadata.end() || entries.contains(info.name))
    return;
  Recorded::Kind kind = Recorded::Kind::Constant;
  llvm::SmallVector<llvm::StringRef> sources = quoted(folded->second);
  llvm::SmallVector<llvm::StringRef> known;
  for (llvm::StringRef source : sources)
    if (const Recorded *recorded = find(source)) {
      kind = std::min(kind, recorded->kind);
      known.push_back(source);
      foldedNames.insert(source);
    }
  static constexpr llvm::StringLiteral words[] = {"a parameter", "a buffer", "constants"};
  std::string why = ("computed at export from " + words[static_cast<int>(kind)]).str() + ": " +
                    llvm::join(sources, ", ");
  Recorded recorded{kind, why, known.size() == 1 ? known.front() : ""};
  // From one matrix alone, it is the matrix transposed.
  bool isMoved = sources.size() == 1 && matrices.contains(info.name);
  if (kind == Recorded::Kind::Parameter && !isMoved)
    recorded.folded.assign(known.begin(), known.end());
  entries[info.name] = std::move(recorded);
}

std::vector<llvm::StringRef> ExportRecord::unmentioned(const Graph &graph) const {
  llvm::StringSet<> mentioned;
  for (const Tensor &tensor : graph.initializers)
    mentioned.insert(tensor.name);
  Origins origins(graph);
  for (const Node &node : graph.nodes)
    mentioned.insert_range(origins.tensorsOf(node.origin));
  std::vector<llvm::StringRef> names;
  for (const ModuleTensor &tensor : moduleTensors(graph))
    if (tensor.kind == "PARAMETER" && !isFolded(tensor.name) &&
        mentioned.insert(tensor.name).second)
      names.push_back(tensor.name);
  return names;
}

std::vector<llvm::StringRef> ExportRecord::leftOut(const Graph &graph) const {
  llvm::StringSet<> there;
  for (const Tensor &tensor : graph.initializers)
    there.insert(tensor.name);
  std::vector<llvm::StringRef> names;
  Origins origins(graph);
  for (const Node &node : graph.nodes)
    for (llvm::StringRef name : origins.tensorsOf(node.origin)) {
      const Recorded *recorded = find(name);
      if (recorded && recorded->kind == Recorded::Kind::Parameter && !isFolded(name) &&
          there.insert(name).second)
        names.push_back(name);
    }
  return names;
}

} // namespace dsc::onnx
