//===- Json.cpp - JSON that strangers wrote -------------------------------===//
#include "trainer/Json.h"

#include "trainer/Error.h"

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

using namespace dsc;

namespace {

constexpr int deepestNesting = 64;
constexpr int64_t largestInteger = int64_t(1) << 53; // up to here every JSON library is exact

/// Follows the parser through the text.
template <typename Json> class Guard {
public:
  explicit Guard(const std::string &source) : source(source) {}

  bool operator()(int depth, typename Json::parse_event_t event, const Json &parsed) {
    if (depth >= deepestNesting)
      failInput("%s: its JSON is nested deeper than %d", source.c_str(), deepestNesting);
    if (event == Json::parse_event_t::object_start)
      names.emplace_back();
    if (event == Json::parse_event_t::object_end)
      names.pop_back();
    if (event == Json::parse_event_t::key)
      addName(parsed.template get_ref<const std::string &>());
    return true;
  }

private:
  void addName(const std::string &name) {
    if (!names.back().insert(name).second)
      failInput("%s: its JSON has the name '%s' twice", source.c_str(), name.c_str());
  }

  const std::string &source;
  std::vector<std::set<std::string>> names; // of the objects that are open
};

} // namespace

template <typename Json> Json dsc::parseJson(std::string_view text, const std::string &source) {
  try {
    Guard<Json> guard(source);
    return Json::parse(text, std::ref(guard));
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
