//===- Json.h - JSON that strangers wrote ---------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_JSON_H
#define DSC_RUNTIME_TRAINER_JSON_H

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace dsc {

/// Parses `text`, refusing what nlohmann lets through: a name that stands twice in an object, and
/// nesting so deep that walking it overflows the stack. Fails naming `source`, also where the
/// text is no JSON. `Json` is nlohmann::json, or ordered_json, whose objects take quadratic time
/// and are for short texts only.
template <typename Json> Json parseJson(std::string_view text, const std::string &source);

/// The integer `json` holds; fails, naming `what`, for anything else and outside [least, 2^53].
/// (A conversion by nlohmann takes fractions, and has no defined result for large ones.)
template <typename Json> int64_t readInteger(const Json &json, int64_t least, const char *what);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_JSON_H
