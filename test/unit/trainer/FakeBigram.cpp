//===- FakeBigram.cpp - A table of token pairs as a language model --------===//
//
// logits = table[token] over 128 tokens, windows of 8, batch 4; plain SGD. Its
// best loss is the conditional entropy of the data, which a test knows.
//
//===----------------------------------------------------------------------===//
#include "FakeModule.h"

#include <cmath>
#include <cstring>

namespace {

constexpr int64_t batch = 4, window = 8, vocabulary = 128, targets = batch * window;

float logSum(const float *logits) {
  float sum = 0;
  for (int64_t v = 0; v < vocabulary; ++v)
    sum += std::exp(logits[v]);
  return std::log(sum);
}

// tokens, labels, lr, table, loss, count
void step(int64_t, int64_t, void *const *buffers) {
  const int64_t *tokens = static_cast<const int64_t *>(buffers[0]);
  const int64_t *labels = static_cast<const int64_t *>(buffers[1]);
  float *table = static_cast<float *>(buffers[3]), *loss = static_cast<float *>(buffers[4]);
  float rate = *static_cast<float *>(buffers[2]) / targets;
  *loss = 0;
  *static_cast<float *>(buffers[5]) = targets;
  for (int64_t i = 0; i < targets; ++i) {
    float *row = table + tokens[i] * vocabulary, sum = logSum(row);
    *loss += sum - row[labels[i]];
    for (int64_t v = 0; v < vocabulary; ++v)
      row[v] -= rate * (std::exp(row[v] - sum) - (v == labels[i] ? 1.0f : 0.0f));
  }
}

// tokens, labels, table -> loss, count, correct, logits
void judge(int64_t begin, int64_t end, void *const *buffers) {
  const int64_t *tokens = static_cast<const int64_t *>(buffers[0]);
  const int64_t *labels = static_cast<const int64_t *>(buffers[1]);
  const float *table = static_cast<const float *>(buffers[2]);
  float *loss = static_cast<float *>(buffers[3]), *count = static_cast<float *>(buffers[4]);
  float *logits = static_cast<float *>(buffers[5]);
  for (int64_t b = begin; b < end; ++b) {
    loss[b] = 0;
    count[b] = window;
    for (int64_t i = b * window; i < (b + 1) * window; ++i) {
      const float *row = table + tokens[i] * vocabulary;
      loss[b] += logSum(row) - row[labels[i]];
      memcpy(logits + i * vocabulary, row, vocabulary * sizeof(float));
    }
  }
}

fake::Module makeModule() {
  fake::Module module({{"model", "fake-bigram"},
                       {"source", "bigram.onnx"},
                       {"batch", batch},
                       {"optimizer", "sgd"},
                       {"loss", "cross-entropy"}});
  module.addInput({{"name", "tokens"},
                   {"dtype", "i64"},
                   {"shape", {batch, window}},
                   {"index_bound", vocabulary}});
  module.addInput({{"name", "labels"},
                   {"dtype", "i64"},
                   {"shape", {batch, window}},
                   {"labels", true},
                   {"classes", vocabulary}});
  DscBuffer table = fake::arena(module.addTensor("parameters", "table", {vocabulary, vocabulary}));
  DscBuffer rate = fake::arena(module.addScalar("lr"));
  fake::Program train, evaluate;
  train.inputs = evaluate.inputs = {"tokens", "labels"};
  DscBuffer loss = fake::arena(module.addResult(train, "loss_sum", {}));
  DscBuffer count = fake::arena(module.addResult(train, "count", {}));
  train.body = {
      module.kernel("step", step, 1, {fake::input(0), fake::input(1), rate, table, loss, count})};
  module.addProgram("train", train, 1);
  DscBuffer losses = fake::arena(module.addResult(evaluate, "loss_sum", {batch}));
  DscBuffer counts = fake::arena(module.addResult(evaluate, "count", {batch}));
  DscBuffer logits =
      fake::arena(module.addResult(evaluate, "output.logits", {batch, window, vocabulary}));
  evaluate.body = {module.kernel("judge", judge, batch,
                                 {fake::input(0), fake::input(1), table, losses, counts, logits})};
  module.addProgram("evaluate", evaluate, 1);
  return module;
}

fake::Module module = makeModule();

} // namespace

extern const DscModule dscModule = module.finish();
