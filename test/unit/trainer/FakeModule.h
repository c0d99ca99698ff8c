//===- FakeModule.h - Modules written by hand, for tests of the runtime ---===//
//
// What dsc-compile emits, built at start-up instead: tensors get places in an
// arena, calls get their tables, and the description is written from them. The
// runtime cannot tell the difference.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TEST_UNIT_TRAINER_FAKEMODULE_H
#define DSC_TEST_UNIT_TRAINER_FAKEMODULE_H

#include "abi/Abi.h"

#include <deque>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace fake {

using Json = nlohmann::ordered_json;
using Shape = std::vector<int64_t>;

inline DscBuffer arena(int64_t offset) { return {DSC_SPACE_ARENA, 0, offset}; }
inline DscBuffer input(int32_t index) { return {DSC_SPACE_INPUTS + index, 0, 0}; }

/// The parts of a program: what runs before, per and after the micro-batches.
struct Program {
  std::vector<DscCall> before, body, after;
  Json inputs = Json::array(), results = Json::array();
};

class Module {
public:
  explicit Module(Json description) : json(std::move(description)) {
    for (const char *list : {"inputs", "parameters", "state", "scalars"})
      json[list] = Json::array();
    json["version"] = 1;
  }

  /// Reserves a place for `count` elements.
  int64_t place(int64_t count, int64_t elementBytes = 4) {
    int64_t offset = size;
    size += (count * elementBytes + 63) / 64 * 64;
    return offset;
  }

  void addInput(Json input) { json["inputs"].push_back(std::move(input)); }

  int64_t addTensor(const char *list, const std::string &name, const Shape &shape,
                    const std::vector<std::string> &slots = {}) {
    Json tensor = describe(name, shape);
    int64_t offset = tensor["offset"];
    for (const std::string &slot : slots)
      tensor["optimizer_state"].push_back({{"name", slot}, {"offset", place(count(shape))}});
    json[list].push_back(tensor);
    return offset;
  }

  /// Scalars lie side by side, eight bytes each, as the compiler places them.
  int64_t addScalar(const std::string &name, const std::string &type = "f32",
                    const std::string &parameter = "") {
    size_t number = json["scalars"].size();
    if (number == 0)
      firstScalar = place(maxScalars, 8);
    if (number == maxScalars)
      throw std::length_error("a fake module has at most 16 scalars");
    int64_t offset = firstScalar + 8 * static_cast<int64_t>(number);
    Json scalar = {{"name", name}, {"dtype", type}, {"offset", offset}};
    if (!parameter.empty())
      scalar["parameter"] = parameter;
    json["scalars"].push_back(scalar);
    return offset;
  }

  /// Where optimizer state of the last parameter lies.
  int64_t slot(size_t index) const {
    return json["parameters"].back()["optimizer_state"][index]["offset"];
  }

  int64_t addResult(Program &program, const std::string &name, const Shape &shape) {
    program.results.push_back(describe(name, shape));
    return program.results.back()["offset"];
  }
  void addResult(Program &program, const std::string &name, const Shape &shape, int64_t offset) {
    program.results.push_back(
        {{"name", name}, {"dtype", "f32"}, {"shape", shape}, {"offset", offset}});
  }

  /// Runs on one thread unless `grain` says otherwise.
  DscCall kernel(const char *name, DscKernel body, int64_t extent,
                 const std::vector<DscBuffer> &operands, int64_t grain = 1 << 20) {
    DscCall result = call(name, body, nullptr, extent, operands);
    result.grain = grain;
    return result;
  }
  DscCall routine(const char *name, DscRoutine body, const std::vector<DscBuffer> &operands) {
    return call(name, nullptr, body, 0, operands);
  }

  void addProgram(const char *name, const Program &program, int64_t microbatches) {
    std::vector<DscCall> &calls = callLists.emplace_back(program.before);
    calls.insert(calls.end(), program.body.begin(), program.body.end());
    int64_t bodyEnd = static_cast<int64_t>(calls.size());
    calls.insert(calls.end(), program.after.begin(), program.after.end());
    programs.push_back({name, calls.data(), static_cast<int64_t>(calls.size()),
                        static_cast<int64_t>(program.before.size()), bodyEnd, microbatches, 0,
                        nullptr});
    json["programs"][name] = {{"inputs", program.inputs}, {"results", program.results}};
  }

  DscModule finish() {
    json["arena_bytes"] = size;
    json["memory"] = {{"parameters", size}};
    text = json.dump();
    return {DSC_ABI_VERSION,
            static_cast<int32_t>(programs.size()),
            programs.data(),
            text.data(),
            static_cast<int64_t>(text.size()),
            nullptr,
            0};
  }

  Json json;

private:
  static int64_t count(const Shape &shape) {
    int64_t result = 1;
    for (int64_t extent : shape)
      result *= extent;
    return result;
  }

  Json describe(const std::string &name, const Shape &shape) {
    return {{"name", name}, {"dtype", "f32"}, {"shape", shape}, {"offset", place(count(shape))}};
  }

  DscCall call(const char *name, DscKernel kernel, DscRoutine routine, int64_t extent,
               const std::vector<DscBuffer> &operands) {
    const std::vector<DscBuffer> &kept = buffers.emplace_back(operands);
    DscCall result = {};
    result.name = name;
    result.origin = "node_of_the_fake";
    result.kernel = kernel;
    result.routine = routine;
    result.extent = extent;
    result.numBuffers = static_cast<int32_t>(kept.size());
    result.buffers = kept.data();
    result.flops = 2 * extent;
    result.bytes = 8 * extent;
    return result;
  }

  static constexpr size_t maxScalars = 16;
  int64_t size = 0, firstScalar = 0;
  std::string text;
  std::deque<std::vector<DscBuffer>> buffers; // calls point into these
  std::deque<std::vector<DscCall>> callLists;
  std::vector<DscProgram> programs;
};

} // namespace fake

#endif // DSC_TEST_UNIT_TRAINER_FAKEMODULE_H
