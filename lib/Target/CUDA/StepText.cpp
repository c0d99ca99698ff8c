//===- StepText.cpp - step.cu and module.cpp ------------------------------===//
//
// A program becomes a function; with several micro-batches three, for what runs before,
// per and after them. Each names its buffers where they first come up, and then calls. A
// loop is one of the host's, which a recording takes as its iterations.
//
//===----------------------------------------------------------------------===//
#include "StepText.h"

#include "Names.h"
#include "Routines.h"

#include "abi/Abi.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace dsc::cuda {

static StringRef nameOf(const PlacedProgram &program) {
  exec::ProgramOp op = program.op;
  return op.getName();
}

/// A string of C++.
static std::string quoted(StringRef text) {
  std::string result;
  llvm::raw_string_ostream os(result);
  os << '"';
  for (char c : text)
    if (c == '"' || c == '\\')
      os << '\\' << c;
    else
      os << (llvm::isPrint(c) ? c : ' ');
  os << '"';
  return result;
}

namespace {
/// One part of a program.
struct Section {
  StringRef suffix, when;
  size_t begin, end;
};

/// The fields of library calls that several calls share, such as those of a layer; each
/// stands once at the top.
class SharedShapes {
public:
  explicit SharedShapes(ArrayRef<PlacedProgram> programs);
  void declare(llvm::raw_ostream &os) const;
  /// The name of a call's fields; empty where no other call has the same.
  StringRef nameOf(const RoutineText &text) const;

private:
  using Key = std::pair<std::string, std::string>; // function and fields
  static Key keyOf(const RoutineText &text) { return {text.shape, text.fields}; }
  llvm::MapVector<Key, std::string, std::map<Key, unsigned>> names;
};

/// The tables of batches, each of which stands above its program.
class PartTables {
public:
  PartTables(ArrayRef<PlacedProgram> programs, const KernelModule &kernels);
  void declare(const PlacedProgram &program, llvm::raw_ostream &os) const;
  StringRef nameOf(const PlacedCall &firstOfBatch) const {
    return names.find(firstOfBatch.op)->second;
  }

private:
  const KernelModule &kernels;
  llvm::DenseMap<Operation *, std::string> names; // by the first launch
};

class SectionEmitter {
public:
  SectionEmitter(const PlacedProgram &program, const KernelModule &kernels,
                 const SharedShapes &shapes, const PartTables &tables, llvm::raw_ostream &os)
      : program(program), kernels(kernels), shapes(shapes), tables(tables), names(program.op),
        os(os) {}
  LogicalResult emit(const Section &section);

private:
  /// Variables must not hide what is called: a tensor may be named 'matmul'.
  void reserveCallees(const Section &section);
  void reserveCallee(const PlacedCall &call);
  std::string bufferName(const PlacedBuffer &buffer);
  LogicalResult emitTogether(ArrayRef<PlacedCall> calls);
  void emitBatch(ArrayRef<PlacedCall> calls);
  std::string offsetText(const Place &place) const;
  LogicalResult emitCalls(size_t begin, size_t end, size_t loop);
  LogicalResult emitLoop(size_t number);
  void declareBefore(const PlacedLoop &loop);
  void emitLaunch(const PlacedCall &call, exec::LaunchOp launch, ArrayRef<std::string> arguments);
  LogicalResult emitRoutine(const PlacedCall &call, exec::CallOp routine,
                            ArrayRef<std::string> arguments);

  const PlacedProgram &program;
  const KernelModule &kernels;
  const SharedShapes &shapes;
  const PartTables &tables;
  ValueNames names;
  llvm::raw_ostream &os;
  NameScope scope;
  std::string indent = "  ";
  SmallVector<std::string> counters; // the variables of the loops around
  /// What was declared: a place under a type.
  using Declaration = std::tuple<int32_t, std::string, std::string, int64_t, std::string>;
  std::map<Declaration, std::string> declared;
};
} // namespace

static RoutineText describe(exec::CallOp call) {
  return describeRoutine(call.getRoutine(), call.getInts(), call.getFloats());
}

/// `{.m = 4, .n = 10}`, a field a part.
static SmallVector<std::string> fieldParts(const RoutineText &text) {
  SmallVector<StringRef> fields;
  StringRef(text.fields).drop_front().split(fields, ", .");
  SmallVector<std::string> parts;
  for (auto [index, field] : llvm::enumerate(fields))
    parts.push_back((index ? "." : "{.") + field.str() + (index + 1 == fields.size() ? "}" : ""));
  return parts;
}

SharedShapes::SharedShapes(ArrayRef<PlacedProgram> programs) {
  llvm::MapVector<Key, unsigned, std::map<Key, unsigned>> counts;
  llvm::StringMap<std::string> labels;
  for (const PlacedProgram &program : programs)
    for (const PlacedCall &call : program.calls)
      if (auto routine = dyn_cast<exec::CallOp>(call.op)) {
        RoutineText text = describe(routine);
        ++counts[keyOf(text)];
        labels.try_emplace(text.shape + text.fields, text.label);
      }
  NameScope scope;
  for (const auto &[key, count] : counts)
    if (count > 1 && StringRef(labels[key.first + key.second]).contains('_')) // else no sizes
      names[key] = scope.add(labels[key.first + key.second]);
}

StringRef SharedShapes::nameOf(const RoutineText &text) const {
  auto it = names.find(keyOf(text));
  return it == names.end() ? "" : StringRef(it->second);
}

/// The calls of a section, those that run as one together.
static SmallVector<ArrayRef<PlacedCall>> callsOf(const PlacedProgram &program, size_t begin,
                                                 size_t end) {
  SmallVector<ArrayRef<PlacedCall>> calls;
  for (size_t i = begin; i < end; i += calls.back().size())
    calls.push_back(batchAt(program.calls, i));
  return calls;
}

void SectionEmitter::reserveCallees(const Section &section) {
  for (ArrayRef<PlacedCall> calls : callsOf(program, section.begin, section.end)) {
    if (calls.size() == 1) {
      reserveCallee(calls.front());
      continue;
    }
    scope.reserve(kernels.batches.find(calls.front().op)->second.kernel);
    scope.reserve(tables.nameOf(calls.front()));
  }
}

void SectionEmitter::reserveCallee(const PlacedCall &call) {
  if (auto launch = dyn_cast<exec::LaunchOp>(call.op)) {
    scope.reserve(kernels.infos.find(launch.getKernel())->second.name);
    return;
  }
  RoutineText text = describe(cast<exec::CallOp>(call.op));
  scope.reserve(text.function);
  scope.reserve(shapes.nameOf(text));
}

/// "4096 + t * 1024": where the current iteration has it.
std::string SectionEmitter::offsetText(const Place &place) const {
  std::string text = std::to_string(place.offset);
  for (auto [counter, stride] : llvm::zip(counters, place.strides))
    if (stride != 0)
      text += (stride < 0 ? " - " : " + ") + counter + " * " + std::to_string(std::abs(stride));
  return text;
}

/// The variable of a buffer, which is declared at its first use.
std::string SectionEmitter::bufferName(const PlacedBuffer &buffer) {
  auto type = cast<RankedTensorType>(buffer.value.getType());
  std::string element = kernelTypeOf(type.getElementType()).str(),
              wanted = names.nameOf(buffer.value);
  int32_t space = buffer.place.space;
  std::string offset = offsetText(buffer.place);
  auto [it, isNew] = declared.try_emplace({space, offset, element, type.getNumElements(), wanted});
  if (!isNew)
    return it->second;
  it->second = scope.add(wanted);
  std::string count = llvm::join(
      llvm::map_range(type.getShape(), [](int64_t size) { return std::to_string(size); }), " * ");
  os << indent << "auto " << it->second << " = step.";
  if (space == DSC_SPACE_ARENA)
    os << "arena<" << element << ">(" << offset;
  else if (space == DSC_SPACE_CONSTANTS)
    os << "constant<" << element << ">(" << offset;
  else
    os << "input<" << element << ">(" << space - DSC_SPACE_INPUTS << ", " << offset;
  os << ", " << (count.empty() ? "1" : count);
  if (buffer.shift != 0)
    os << " - " << buffer.shift;
  os << ");\n";
  return it->second;
}

/// Writes the groups behind each other; those that do not fit a line begin lines of
/// their own, below the end of `head`.
static void writeGroups(llvm::raw_ostream &os, StringRef head, StringRef end,
                        ArrayRef<SmallVector<std::string>> groups) {
  constexpr size_t width = 100;
  std::string indent(head.size(), ' '), line = head.str();
  auto breakLine = [&](size_t column) {
    os << StringRef(line).rtrim() << '\n';
    line = std::string(column, ' ');
  };
  for (auto [number, group] : llvm::enumerate(groups)) {
    size_t size = line.size();
    for (const std::string &part : group)
      size += part.size() + 2;
    if (number > 0 && size > width && line.size() > indent.size())
      breakLine(indent.size());
    size_t column = line.size() + StringRef(group.front()).starts_with("{");
    for (auto [index, part] : llvm::enumerate(group)) {
      bool isLast = number + 1 == groups.size() && index + 1 == group.size();
      if (index > 0 && line.size() + part.size() + 2 > width)
        breakLine(column);
      line += part + (isLast ? end.str() : ", ");
    }
  }
  os << line << '\n';
}

/// "head(a, b, c);"
static void writeCall(llvm::raw_ostream &os, StringRef indent, StringRef head,
                      ArrayRef<SmallVector<std::string>> groups) {
  writeGroups(os, (indent + head + "(").str(), ");", groups);
}

void SharedShapes::declare(llvm::raw_ostream &os) const {
  if (!names.empty())
    os << "\n// Shapes and strides of library calls that several places share.\n";
  for (const auto &[key, name] : names)
    writeGroups(os, "static const " + key.first + " " + name + " = ", ";",
                {fieldParts({"", key.first, key.second, ""})});
}

/// `step.at("the nodes")`.
static std::string stepAt(Location nodes) { return "step.at(" + quoted(originOf(nodes)) + ")"; }

static void writeLaunch(llvm::raw_ostream &os, StringRef indent, Location nodes, StringRef kernel,
                        const KernelForm &form, int64_t blocks, ArrayRef<std::string> arguments) {
  std::string threads = std::to_string(form.threadsX);
  if (form.threadsY > 1)
    threads = "dim3(" + threads + ", " + std::to_string(form.threadsY) + ")";
  SmallVector<std::string> shape = {stepAt(nodes), kernel.str(), std::to_string(blocks),
                                    threads,       "0",          "step.stream"};
  writeCall(os, indent, "LAUNCH", {shape, SmallVector<std::string>(arguments)});
}

void SectionEmitter::emitLaunch(const PlacedCall &call, exec::LaunchOp launch,
                                ArrayRef<std::string> arguments) {
  const KernelInfo &kernel = kernels.infos.find(launch.getKernel())->second;
  writeLaunch(os, indent, call.op->getLoc(), kernel.name, kernel.form, kernel.form.blocks,
              arguments);
}

/// One launch over the table of the batch, with what its launches share.
void SectionEmitter::emitBatch(ArrayRef<PlacedCall> calls) {
  const PlacedCall &first = calls.front();
  const BatchInfo &batch = kernels.batches.find(first.op)->second;
  SmallVector<std::string> arguments = {("step.parts(" + tables.nameOf(first) + ")").str()};
  for (unsigned argument : batch.table.shared)
    arguments.push_back(bufferName(first.buffers[argument]));
  SmallVector<Location> nodes;
  for (const PlacedCall &call : calls)
    nodes.push_back(call.op->getLoc());
  writeLaunch(os, indent, FusedLoc::get(first.op->getContext(), nodes), batch.kernel,
              batch.table.form, batch.table.blocks, arguments);
}

LogicalResult SectionEmitter::emitRoutine(const PlacedCall &call, exec::CallOp routine,
                                          ArrayRef<std::string> arguments) {
  RoutineText text = describe(routine);
  if (text.function.empty())
    return routine.emitError("the CUDA target has no routine ")
           << routine.getRoutine() << " yet; compile for the cpu target";
  StringRef shared = shapes.nameOf(text);
  SmallVector<std::string> shape = {shared.str()}, buffers;
  if (shared.empty())
    shape = fieldParts(text);
  for (auto [index, argument] : llvm::enumerate(arguments))
    buffers.push_back((index ? "" : "{") + argument + (index + 1 == arguments.size() ? "}" : ""));
  writeCall(os, indent, text.function, {{stepAt(call.op->getLoc())}, shape, buffers});
  return success();
}

LogicalResult SectionEmitter::emitTogether(ArrayRef<PlacedCall> calls) {
  if (calls.size() > 1) {
    emitBatch(calls);
    return success();
  }
  const PlacedCall &call = calls.front();
  SmallVector<std::string> arguments;
  for (const PlacedBuffer &buffer : call.buffers)
    arguments.push_back(bufferName(buffer));
  if (auto routine = dyn_cast<exec::CallOp>(call.op))
    return emitRoutine(call, routine, arguments);
  emitLaunch(call, cast<exec::LaunchOp>(call.op), arguments);
  return success();
}

/// The number of the first loop that begins at `begin` or later.
static size_t firstLoop(const PlacedProgram &program, size_t begin) {
  return static_cast<size_t>(
      llvm::count_if(program.loops, [&](const PlacedLoop &loop) { return loop.begin < begin; }));
}

/// `loop`: the first that begins at `begin` or later and is not around.
LogicalResult SectionEmitter::emitCalls(size_t begin, size_t end, size_t loop) {
  for (size_t i = begin; i < end;) {
    if (i > begin || counters.empty())
      os << '\n';
    bool isLoop = loop < program.loops.size() && program.loops[loop].begin == i;
    ArrayRef<PlacedCall> calls = batchAt(program.calls, i);
    if (failed(isLoop ? emitLoop(loop) : emitTogether(calls)))
      return failure();
    i = isLoop ? program.loops[loop].end : i + calls.size();
    loop = isLoop ? firstLoop(program, i) : loop;
  }
  return success();
}

/// The buffers that stay where they are while the loop runs.
void SectionEmitter::declareBefore(const PlacedLoop &loop) {
  for (size_t i = loop.begin; i < loop.end; ++i)
    for (const PlacedBuffer &buffer : program.calls[i].buffers)
      if (llvm::all_of(ArrayRef(buffer.place.strides).drop_front(loop.depth),
                       [](int64_t stride) { return stride == 0; }))
        bufferName(buffer);
}

/// What is declared inside is forgotten behind.
LogicalResult SectionEmitter::emitLoop(size_t number) {
  const PlacedLoop &loop = program.loops[number];
  declareBefore(loop);
  auto outside = declared;
  NameScope outer = scope;
  counters.push_back(scope.add("t"));
  StringRef t = counters.back();
  os << indent << "for (int64_t " << t << " = 0; " << t << " < " << loop.count << "; ++" << t
     << ") {\n";
  indent += "  ";
  if (failed(emitCalls(loop.begin, loop.end, number + 1)))
    return failure();
  indent.resize(indent.size() - 2);
  os << indent << "}\n";
  counters.pop_back();
  declared = std::move(outside);
  scope = std::move(outer);
  return success();
}

LogicalResult SectionEmitter::emit(const Section &section) {
  os << "\n/// " << section.when << ".\n"
     << "int32_t " << nameOf(program) << section.suffix
     << "(const DscCall *, void *const *buffers) {\n  Step step(buffers);\n";
  reserveCallees(section);
  if (failed(emitCalls(section.begin, section.end, firstLoop(program, section.begin))))
    return failure();
  os << "  return step.status();\n}\n";
  return success();
}

//===----------------------------------------------------------------------===//
// Tables of parts
//===----------------------------------------------------------------------===//

PartTables::PartTables(ArrayRef<PlacedProgram> programs, const KernelModule &kernels)
    : kernels(kernels) {
  NameScope scope;
  for (const PlacedProgram &program : programs)
    for (ArrayRef<PlacedCall> calls : callsOf(program, 0, program.calls.size()))
      if (calls.size() > 1)
        names[calls.front().op] =
            scope.add(kernels.batches.find(calls.front().op)->second.kernel + "_parts");
}

static std::string partText(const PartTable::Part &part) {
  std::string places = llvm::join(
      llvm::map_range(part.offsets, [](int64_t offset) { return std::to_string(offset); }), ", ");
  return llvm::formatv("    {{{0}, {1}, {2}, {{{3}}}, // {4}\n", part.firstBlock, part.rows,
                       part.columns, places, originOf(part.call->op->getLoc()));
}

void PartTables::declare(const PlacedProgram &program, llvm::raw_ostream &os) const {
  ValueNames values(program.op);
  for (ArrayRef<PlacedCall> calls : callsOf(program, 0, program.calls.size())) {
    if (calls.size() == 1)
      continue;
    const BatchInfo &batch = kernels.batches.find(calls.front().op)->second;
    SmallVector<std::string> buffers;
    for (unsigned argument : batch.table.buffers)
      buffers.push_back(values.nameOf(calls.front().buffers[argument].value));
    os << '\n';
    for (const std::string &line : commentLines("Parts of " + batch.kernel +
                                                ": first block, rows, columns, and the places of " +
                                                llvm::join(buffers, ", ")))
      os << line << '\n';
    os << "static __device__ const Part<" << buffers.size() << "> " << nameOf(calls.front())
       << "[] = {\n";
    for (const PartTable::Part &part : batch.table.parts)
      os << partText(part);
    os << "};\n";
  }
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

/// Whether the whole program is one function, and so one graph.
static bool isOneSection(const PlacedProgram &program) { return program.microbatches == 1; }

static SmallVector<Section> sectionsOf(const PlacedProgram &program) {
  if (isOneSection(program))
    return {{"", "All of it, in order", 0, program.calls.size()}};
  SmallVector<Section> sections;
  if (program.bodyBegin > 0)
    sections.push_back({"Before", "Once, before the micro-batches", 0, program.bodyBegin});
  if (program.bodyEnd > program.bodyBegin)
    sections.push_back({"Microbatch", "Once per micro-batch", program.bodyBegin, program.bodyEnd});
  if (program.calls.size() > program.bodyEnd)
    sections.push_back(
        {"After", "Once, after the micro-batches", program.bodyEnd, program.calls.size()});
  return sections;
}

FailureOr<std::string> stepText(ArrayRef<PlacedProgram> programs, const KernelModule &kernels) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "// The programs of this trainer: what runs on the device, in order. Each buffer is a\n"
        "// place in the arena (its offset in bytes), an input or a constant; step.at() names\n"
        "// the ONNX nodes that the next call came from. Routines are in runtime/device/cuda,\n"
        "// kernels in kernels.cu.\n"
        "#include \"device/cuda/Routines.h\"\n"
        "#include \"kernels.h\"\n"
        "#include \"programs.h\"\n\n"
        "using namespace dsc::cuda;\n";
  SharedShapes shapes(programs);
  shapes.declare(os);
  PartTables tables(programs, kernels);
  for (const PlacedProgram &program : programs) {
    os << "\n//===----------------------------------------------------------------------===//\n"
       << "// " << nameOf(program)
       << "\n//===----------------------------------------------------------------------===//\n";
    tables.declare(program, os);
    for (const Section &section : sectionsOf(program))
      if (failed(SectionEmitter(program, kernels, shapes, tables, os).emit(section)))
        return failure();
  }
  return text;
}

std::string programsHeader(ArrayRef<PlacedProgram> programs) {
  std::string text = "// The functions of step.cu, which module.cpp lists for the trainer.\n"
                     "#pragma once\n#include \"abi/Abi.h\"\n\n";
  for (const PlacedProgram &program : programs)
    for (const Section &section : sectionsOf(program))
      text += llvm::formatv("int32_t {0}{1}(const DscCall *call, void *const *buffers);\n",
                            nameOf(program), section.suffix);
  return text;
}

/// How often a call runs within its section.
static int64_t runsOf(const PlacedProgram &program, size_t call) {
  int64_t runs = 1;
  for (const PlacedLoop &loop : program.loops)
    runs *= loop.begin <= call && call < loop.end ? loop.count : 1;
  return runs;
}

/// One entry of a program: the whole section is a call on arena, constants and inputs.
static std::string sectionEntry(const PlacedProgram &program, const Section &section,
                                StringRef buffers, unsigned numBuffers) {
  int64_t flops = 0, bytes = 0;
  for (size_t i = section.begin; i < section.end; ++i) {
    Operation *op = program.calls[i].op;
    int64_t runs = runsOf(program, i);
    auto own = op->getAttrOfType<IntegerAttr>("flops");
    flops += own ? runs * own.getInt() : 0;
    bytes += runs * leastBytes(op);
  }
  return llvm::formatv("    {{\"{0}{1}\", \"\", nullptr, {0}{1}, 0, 0, {2}, 0, 0, 0, {3}, nullptr, "
                       "nullptr, {4}, {5}, nullptr},\n",
                       nameOf(program), section.suffix, numBuffers, buffers, flops, bytes);
}

static void writeProgram(llvm::raw_ostream &os, const PlacedProgram &program) {
  StringRef name = nameOf(program);
  std::string buffers = name.str() + "Buffers";
  exec::ProgramOp op = program.op;
  unsigned numInputs = op.getNumArguments();
  os << "\nstatic const DscBuffer " << buffers << "[] = {{DSC_SPACE_ARENA, 0, 0}, "
     << "{DSC_SPACE_CONSTANTS, 0, 0}";
  for (unsigned i = 0; i < numInputs; ++i)
    os << ", {DSC_SPACE_INPUTS + " << i << ", 0, 0}";
  os << "};\nstatic const DscCall " << name << "Calls[] = {\n";
  for (const Section &section : sectionsOf(program))
    os << sectionEntry(program, section, buffers, numInputs + 2);
  os << "};\n";
}

/// `{"train", trainCalls, 3, 1, 2, 4}`: sections before and behind the body exist or not.
static std::string programEntry(const PlacedProgram &program) {
  size_t count = sectionsOf(program).size();
  size_t begin = !isOneSection(program) && program.bodyBegin > 0;
  size_t end = begin + (program.bodyEnd > program.bodyBegin);
  return llvm::formatv("    {{\"{0}\", {0}Calls, {1}, {2}, {3}, {4}, 0, nullptr},\n",
                       nameOf(program), count, begin, end, program.microbatches);
}

static void writeBytes(llvm::raw_ostream &os, ArrayRef<char> bytes) {
  for (auto [index, byte] : llvm::enumerate(bytes))
    os << (index % 24 == 0 ? "\n    " : "") << unsigned(static_cast<uint8_t>(byte)) << ',';
}

/// JSON as adjacent strings, since compilers limit the length of one.
static void writeDescription(llvm::raw_ostream &os, StringRef text) {
  constexpr size_t width = 90;
  for (; !text.empty(); text = text.drop_front(std::min(width, text.size()))) {
    os << "\n    \"";
    os.write_escaped(text.take_front(width), /*UseHexEscapes=*/false) << '"';
  }
}

std::string moduleText(ArrayRef<PlacedProgram> programs, const ConstantPool &constants,
                       StringRef description) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "// What the trainer must know of this model: its programs, its constants, and the\n"
        "// description of inputs, parameters and results.\n"
        "#include \"programs.h\"\n";
  for (const PlacedProgram &program : programs)
    writeProgram(os, program);
  os << "\nstatic const DscProgram programs[] = {\n";
  for (const PlacedProgram &program : programs)
    os << programEntry(program);
  os << "};\n";
  ArrayRef<char> bytes = constants.getBytes();
  if (!bytes.empty()) {
    os << "\nalignas(64) static const uint8_t constants[] = {";
    writeBytes(os, bytes);
    os << "};\n";
  }
  os << "\nstatic const char description[] =";
  writeDescription(os, description);
  os << ";\n\nextern const DscModule dscModule = {\n    DSC_ABI_VERSION, " << programs.size()
     << ", programs, description, sizeof(description) - 1, "
     << (bytes.empty() ? "nullptr" : "constants") << ", " << bytes.size() << "};\n";
  return text;
}

} // namespace dsc::cuda
