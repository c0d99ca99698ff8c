//===- checkpoint_state_fuzzer.cpp - Any bytes in, an error or a state out -===//
//
// The JSON beside a checkpoint's tensors. The checksum in it would stop nearly
// every change, so each input gets the one that it must have.
//
//===----------------------------------------------------------------------===//

#include "trainer/CheckpointState.h"
#include "trainer/Error.h"
#include "trainer/Files.h"
#include "trainer/Json.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

using namespace dsc;

/// The text with the checksum that it must have; as it is where it is no object.
static std::string withChecksum(const std::string &text) {
  nlohmann::ordered_json json;
  try {
    json = parseJson<nlohmann::ordered_json>(text, "input");
  } catch (const TrainerError &) {
  }
  if (!json.is_object())
    return text;
  json.erase("crc32");
  std::string rest = json.dump();
  json["crc32"] = checksumOf(rest.data(), rest.size());
  return json.dump();
}

static CheckpointState parse(const std::string &text) { return parseState(text, "input"); }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string text(reinterpret_cast<const char *>(data), size);
  try {
    CheckpointState state = parse(withChecksum(text));
    // What was accepted can be written and read again.
    std::string written = stateText(state);
    if (stateText(parse(written)) != written || state.run.step < 0 || state.sequence < 1)
      std::abort();
  } catch (const TrainerError &error) {
    if (error.status != ExitStatus::BadInput)
      std::abort();
  }
  return 0;
}
