//===- Sample.cpp - Draws tokens from a trained token model ---------------===//
//
// The tokens so far stand in row 0 of a batch, and the logits at the last of
// them give the next one. A causal model does not see the places behind it.
// When the window is full, its oldest token is dropped.
//
//===----------------------------------------------------------------------===//
#include "trainer/Sample.h"

#include "trainer/Error.h"
#include "trainer/Order.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace dsc;

namespace {

constexpr int64_t byteVocabulary = 256;

/// The output [B, T, V] of the evaluate program.
const TensorInfo *findLogits(const ModuleInfo &info) {
  const InputInfo *tokens = info.tokenInput();
  for (const TensorInfo &result : info.evaluate.results)
    if (tokens && isFloat(result.type) && result.shape.size() == 3 &&
        result.shape[0] == info.evaluate.rows && result.shape[1] == tokens->shape[1])
      return &result;
  return nullptr;
}

std::vector<int64_t> parseIds(const std::string &text) {
  std::vector<int64_t> ids;
  const char *position = text.c_str();
  while (*position) {
    char *end = nullptr;
    ids.push_back(strtoll(position, &end, 10));
    if (end == position)
      failUsage("--prompt: the model's tokens are not bytes; give token ids such as \"5 17 3\"");
    position = end + strspn(end, ", ");
  }
  return ids;
}

std::vector<int64_t> promptTokens(const std::string &prompt, int64_t vocabulary) {
  std::vector<int64_t> tokens;
  if (vocabulary <= byteVocabulary)
    tokens.assign(reinterpret_cast<const unsigned char *>(prompt.data()),
                  reinterpret_cast<const unsigned char *>(prompt.data()) + prompt.size());
  else
    tokens = parseIds(prompt);
  for (int64_t token : tokens)
    if (token < 0 || token >= vocabulary)
      failUsage("--prompt: token %lld is outside the vocabulary of %lld",
                static_cast<long long>(token), static_cast<long long>(vocabulary));
  return tokens;
}

std::string tokenText(int64_t token, int64_t vocabulary) {
  if (vocabulary <= byteVocabulary)
    return std::string(1, static_cast<char>(token));
  return std::to_string(token) + " ";
}

/// Runs the model on one window.
class Window {
public:
  Window(Model &model)
      : model(model), tokens(*model.info.tokenInput()), logits(*findLogits(model.info)),
        length(size_t(tokens.shape[1])) {
    for (const InputInfo &input : model.info.inputs)
      batch.storage.emplace_back(input.bytes(), '\0'); // labels of 0 are always in range
    for (const std::vector<char> &storage : batch.storage)
      batch.rows.push_back(storage.data());
  }

  /// Logits of the token that follows `context`.
  std::vector<double> next(const std::vector<int64_t> &context) {
    size_t index = size_t(&tokens - static_cast<const InputInfo *>(model.info.inputs.data()));
    int64_t count = static_cast<int64_t>(context.size());
    convertElements(batch.storage[index].data(), tokens.type, context.data(), DSC_I64, count);
    model.evaluate(batch);
    int64_t vocabulary = logits.shape[2];
    std::vector<double> row;
    for (int64_t i = 0; i < vocabulary; ++i)
      row.push_back(loadDouble(model.data(logits), logits.type, (count - 1) * vocabulary + i));
    return row;
  }

  size_t size() const { return length; }
  int64_t vocabulary() const { return logits.shape[2]; }

private:
  Model &model;
  const InputInfo &tokens;
  const TensorInfo &logits;
  size_t length;
  Batch batch;
};

} // namespace

void dsc::checkSampling(const ModuleInfo &info, const SampleRequest &request) {
  const TensorInfo *logits = findLogits(info);
  if (!logits)
    failUsage(
        "--sample: the model is not one with an integer input [B, T] and an output [B, T, V]");
  promptTokens(request.prompt, logits->shape[2]);
}

int64_t dsc::drawToken(const std::vector<double> &logits, double temperature, double random) {
  auto largest = std::max_element(logits.begin(), logits.end());
  if (temperature == 0)
    return largest - logits.begin();
  double sum = 0;
  for (double logit : logits)
    sum += std::exp((logit - *largest) / temperature);
  double rest = random * sum;
  for (size_t i = 0; i < logits.size(); ++i) {
    rest -= std::exp((logits[i] - *largest) / temperature);
    if (rest < 0)
      return static_cast<int64_t>(i);
  }
  return largest - logits.begin(); // rounding left a crumb
}

std::string dsc::sampleTokens(Model &model, const SampleRequest &request) {
  Window window(model);
  int64_t vocabulary = window.vocabulary();
  std::vector<int64_t> context = promptTokens(request.prompt, vocabulary);
  std::string text;
  for (int64_t token : context)
    text += tokenText(token, vocabulary);
  if (context.empty()) // something must come before the first token: a line's end
    context.push_back(std::min<int64_t>('\n', vocabulary - 1));
  for (int64_t i = 0; i < request.count; ++i) {
    if (context.size() > window.size())
      context.erase(context.begin(), context.end() - static_cast<long>(window.size()));
    double random = uniform(static_cast<uint64_t>(request.seed), static_cast<uint64_t>(i));
    context.push_back(drawToken(window.next(context), request.temperature, random));
    text += tokenText(context.back(), vocabulary);
  }
  return text;
}
