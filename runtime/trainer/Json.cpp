//===- Json.cpp - JSON that strangers wrote -------------------------------===//
#include "trainer/Json.h"

#include "trainer/Error.h"

#include <nlohmann/json.hpp>
#include <unordered_set>
#include <vector>

using namespace dsc;

namespace {

constexpr size_t deepestNesting = 64;
constexpr int64_t largestInteger = int64_t(1) << 53; // up to here every JSON library is exact

/// Reads along before the text becomes values: the depth and the names of all objects. (The library
/// also calls back while it builds the values, but then takes quadratic time for a large object.)
template <typename Json> class Guard : public nlohmann::json_sax<Json> {
public:
  explicit Guard(const std::string &source) : source(source) {}

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(typename Json::number_integer_t) override { return true; }
  bool number_unsigned(typename Json::number_unsigned_t) override { return true; }
  bool number_float(typename Json::number_float_t, const std::string &) override { return true; }
  bool string(std::string &) override { return true; }
  bool binary(typename Json::binary_t &) override { return true; }
  bool start_object(size_t) override { return enter(); }
  bool start_array(size_t) override { return enter(); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }

  bool key(std::string &name) override {
    if (!names.back().insert(name).second)
      failInput("%s: its JSON has the name '%s' twice", source.c_str(), name.c_str());
    return true;
  }

  /// The parser proper finds the same error, and tells.
  bool parse_error(size_t, const std::string &, const nlohmann::detail::exception &) override {
    return false;
  }

private:
  bool enter() {
    names.emplace_back();
    if (names.size() > deepestNesting)
      failInput("%s: its JSON is nested deeper than %zu", source.c_str(), deepestNesting);
    return true;
  }

  bool leave() {
    names.pop_back();
    return true;
  }

  const std::string &source;
  std::vector<std::unordered_set<std::string>> names; // of what is open; lists have none
};

} // namespace

template <typename Json> Json dsc::parseJson(std::string_view text, const std::string &source) {
  try {
    Guard<Json> guard(source);
    Json::sax_parse(text, &guard);
    return Json::parse(text);
  } catch (const typename Json::parse_error &error) { // what() may quote all of the text
    failInput("%s: its JSON is damaged at byte %zu", source.c_str(), error.byte);
  } catch (const typename Json::exception &error) {
    failInput("%s: its JSON cannot be read (%s)", source.c_str(), error.what());
  }
}

template <typename Json>
int64_t dsc::readInteger(const Json &json, int64_t least, const char *what) {
  bool isWide =
      json.is_number_unsigned() && json.template get<uint64_t>() > uint64_t(largestInteger);
  int64_t value = json.is_number_integer() && !isWide ? json.template get<int64_t>() : least - 1;
  if (value < least || value > largestInteger)
    failInput("%s must be an integer from %lld to 2^53", what, static_cast<long long>(least));
  return value;
}

template nlohmann::json dsc::parseJson(std::string_view, const std::string &);
template nlohmann::ordered_json dsc::parseJson(std::string_view, const std::string &);
template int64_t dsc::readInteger(const nlohmann::json &, int64_t, const char *);
template int64_t dsc::readInteger(const nlohmann::ordered_json &, int64_t, const char *);
