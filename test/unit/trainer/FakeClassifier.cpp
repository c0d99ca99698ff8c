//===- FakeClassifier.cpp - A softmax classifier written by hand ----------===//
//
// logits = x W^T + b over 5 features and 3 classes; batch 8 in two micro-
// batches, evaluation over the rows of one; AdamW with clipping; one state
// tensor, the running mean of x.
//
//===----------------------------------------------------------------------===//
#include "FakeModule.h"

#include <cmath>
#include <cstring>

namespace {

constexpr int64_t batch = 8, rows = 4, features = 5, classes = 3;

const float *in(void *buffer) { return static_cast<const float *>(buffer); }
float *out(void *buffer) { return static_cast<float *>(buffer); }

/// Refuses rows that no measurement gives, as a routine of the library would.
int32_t checkRows(const DscCall *, void *const *buffers) {
  for (int64_t i = 0; i < rows * features; ++i)
    if (in(buffers[0])[i] > 1e30f) {
      dscSetError("value %g is too large", double(in(buffers[0])[i]));
      return 1;
    }
  return 0;
}

// x, W, b -> logits
void forward(int64_t begin, int64_t end, void *const *buffers) {
  for (int64_t row = begin; row < end; ++row)
    for (int64_t c = 0; c < classes; ++c) {
      float sum = in(buffers[2])[c];
      for (int64_t f = 0; f < features; ++f)
        sum += in(buffers[0])[row * features + f] * in(buffers[1])[c * features + f];
      out(buffers[3])[row * classes + c] = sum;
    }
}

/// Probabilities of a row; returns the log of the sum, relative to nothing.
float softmax(const float *logits, float *probabilities) {
  float largest = std::fmax(logits[0], std::fmax(logits[1], logits[2])), sum = 0;
  for (int64_t c = 0; c < classes; ++c)
    sum += probabilities[c] = std::exp(logits[c] - largest);
  for (int64_t c = 0; c < classes; ++c)
    probabilities[c] /= sum;
  return largest + std::log(sum);
}

// x, labels, logits -> gradW, gradB, loss, count
void backward(int64_t, int64_t, void *const *buffers) {
  const int64_t *labels = static_cast<const int64_t *>(buffers[1]);
  for (int64_t row = 0; row < rows; ++row) {
    if (labels[row] == -100)
      continue;
    float gradient[classes];
    const float *logits = in(buffers[2]) + row * classes;
    *out(buffers[5]) += softmax(logits, gradient) - logits[labels[row]];
    *out(buffers[6]) += 1;
    gradient[labels[row]] -= 1;
    for (int64_t c = 0; c < classes; ++c) {
      out(buffers[4])[c] += gradient[c];
      for (int64_t f = 0; f < features; ++f)
        out(buffers[3])[c * features + f] += gradient[c] * in(buffers[0])[row * features + f];
    }
  }
}

// gradW, gradB, loss, count <- 0
void clear(int64_t, int64_t, void *const *buffers) {
  memset(buffers[0], 0, classes * features * 4);
  memset(buffers[1], 0, classes * 4);
  memset(buffers[2], 0, 4);
  memset(buffers[3], 0, 4);
}

// gradW, gradB, count -> the gradients of the mean
void scale(int64_t, int64_t, void *const *buffers) {
  for (int64_t i = 0; i < classes * features; ++i)
    out(buffers[0])[i] /= *in(buffers[2]);
  for (int64_t i = 0; i < classes; ++i)
    out(buffers[1])[i] /= *in(buffers[2]);
}

// gradW, gradB, clip_norm -> norm, factor
void norm(int64_t, int64_t, void *const *buffers) {
  float sum = 0;
  for (int64_t i = 0; i < classes * features; ++i)
    sum += in(buffers[0])[i] * in(buffers[0])[i];
  for (int64_t i = 0; i < classes; ++i)
    sum += in(buffers[1])[i] * in(buffers[1])[i];
  *out(buffers[3]) = std::sqrt(sum);
  *out(buffers[4]) = std::fmin(1.0f, *in(buffers[2]) / (std::sqrt(sum) + 1e-6f));
}

// gradient, factor, lr, decay, beta1, beta2, eps, correction1, correction2 -> p, m, v
void adamw(int64_t begin, int64_t end, void *const *buffers) {
  float lr = *in(buffers[2]), beta1 = *in(buffers[4]), beta2 = *in(buffers[5]);
  for (int64_t i = begin; i < end; ++i) {
    float gradient = in(buffers[0])[i] * *in(buffers[1]);
    float &p = out(buffers[9])[i], &m = out(buffers[10])[i], &v = out(buffers[11])[i];
    p -= lr * *in(buffers[3]) * p;
    m = beta1 * m + (1 - beta1) * gradient;
    v = beta2 * v + (1 - beta2) * gradient * gradient;
    p -= lr / *in(buffers[7]) * m / (std::sqrt(v / *in(buffers[8])) + *in(buffers[6]));
  }
}

// x -> mean
void runningMean(int64_t begin, int64_t end, void *const *buffers) {
  for (int64_t f = begin; f < end; ++f) {
    float sum = 0;
    for (int64_t row = 0; row < rows; ++row)
      sum += in(buffers[0])[row * features + f];
    out(buffers[1])[f] += 0.1f * (sum / rows - out(buffers[1])[f]);
  }
}

// logits, labels -> loss, count, correct per sample
void judge(int64_t begin, int64_t end, void *const *buffers) {
  const int64_t *labels = static_cast<const int64_t *>(buffers[1]);
  for (int64_t row = begin; row < end; ++row) {
    const float *logits = in(buffers[0]) + row * classes;
    float probabilities[classes];
    bool counts = labels[row] != -100;
    int64_t label = counts ? labels[row] : 0, best = 0;
    for (int64_t c = 1; c < classes; ++c)
      best = logits[c] > logits[best] ? c : best;
    out(buffers[2])[row] = counts ? softmax(logits, probabilities) - logits[label] : 0;
    out(buffers[3])[row] = counts;
    out(buffers[4])[row] = counts && best == label;
  }
}

class Classifier {
public:
  Classifier()
      : module({{"model", "fake-classifier"},
                {"model_hash", "f00d"},
                {"source", "fake.onnx"},
                {"batch", batch},
                {"microbatches", 2},
                {"optimizer", "adamw"},
                {"clip", true},
                {"loss", "cross-entropy"}}) {
    module.addInput({{"name", "x"}, {"dtype", "f32"}, {"shape", {batch, features}}});
    module.addInput({{"name", "labels"},
                     {"dtype", "i64"},
                     {"shape", {batch}},
                     {"labels", true},
                     {"classes", classes},
                     {"ignore_index", -100}});
    weight =
        module.addTensor("parameters", "fc.weight", {classes, features}, {"exp_avg", "exp_avg_sq"});
    weightMoments[0] = module.slot(0), weightMoments[1] = module.slot(1);
    bias = module.addTensor("parameters", "fc.bias", {classes}, {"exp_avg", "exp_avg_sq"});
    biasMoments[0] = module.slot(0), biasMoments[1] = module.slot(1);
    mean = module.addTensor("state", "x.mean", {features});
    addScalars();
    addTrain();
    addGradients();
    addEvaluate();
  }

  fake::Module module;

private:
  void addScalars() {
    for (const char *name : {"lr", "beta1", "beta2", "eps", "correction1", "correction2"})
      hyper.push_back(module.addScalar(name));
    clipNorm = module.addScalar("clip_norm");
    weightDecay = module.addScalar("weight_decay", "f32", "fc.weight");
    biasDecay = module.addScalar("weight_decay", "f32", "fc.bias");
    module.addScalar("seed", "i64");
    module.addScalar("step", "i64");
    module.addScalar("microbatch", "i64");
  }

  using Buffers = std::vector<DscBuffer>;

  /// The calls that train and gradients share; results loss_sum and count.
  fake::Program accumulate(int64_t logits) {
    fake::Program program;
    program.inputs = {"x", "labels"};
    int64_t loss = module.addResult(program, "loss_sum", {});
    count = module.addResult(program, "count", {});
    Buffers sums = {fake::arena(gradWeight), fake::arena(gradBias), fake::arena(loss),
                    fake::arena(count)};
    program.before = {module.kernel("clear", clear, 1, sums)};
    program.body = {
        module.routine("check_rows", checkRows, {fake::input(0)}),
        module.kernel("forward", forward, rows,
                      {fake::input(0), fake::arena(weight), fake::arena(bias), fake::arena(logits)},
                      1),
        module.kernel("backward", backward, 1,
                      {fake::input(0), fake::input(1), fake::arena(logits), sums[0], sums[1],
                       sums[2], sums[3]})};

    program.after = {module.kernel("scale", scale, 1, {sums[0], sums[1], sums[3]})};
    return program;
  }

  DscCall update(int64_t gradient, int64_t decay, int64_t parameter, const int64_t *moments,
                 int64_t elements) {
    return module.kernel("adamw", adamw, elements,
                         {fake::arena(gradient), fake::arena(factor), fake::arena(hyper[0]),
                          fake::arena(decay), fake::arena(hyper[1]), fake::arena(hyper[2]),
                          fake::arena(hyper[3]), fake::arena(hyper[4]), fake::arena(hyper[5]),
                          fake::arena(parameter), fake::arena(moments[0]),
                          fake::arena(moments[1])});
  }

  void addTrain() {
    gradWeight = module.place(classes * features), gradBias = module.place(classes);
    factor = module.place(1);
    fake::Program train = accumulate(module.place(rows * classes));
    train.body.push_back(
        module.kernel("running_mean", runningMean, features, {fake::input(0), fake::arena(mean)}));
    int64_t gradNorm = module.addResult(train, "grad_norm", {});
    train.after.push_back(
        module.kernel("norm", norm, 1,
                      {fake::arena(gradWeight), fake::arena(gradBias), fake::arena(clipNorm),
                       fake::arena(gradNorm), fake::arena(factor)}));
    train.after.push_back(
        update(gradWeight, weightDecay, weight, weightMoments, classes * features));
    train.after.push_back(update(gradBias, biasDecay, bias, biasMoments, classes));
    module.addProgram("train", train, 2);
  }

  void addGradients() {
    fake::Program gradients = accumulate(module.place(rows * classes));
    int64_t logits = module.addResult(gradients, "output.logits", {batch, classes});
    gradients.before.push_back(module.kernel(
        "forward_all", forward, batch,
        {fake::input(0), fake::arena(weight), fake::arena(bias), fake::arena(logits)}));
    module.addResult(gradients, "grad.fc.weight", {classes, features}, gradWeight);
    module.addResult(gradients, "grad.fc.bias", {classes}, gradBias);
    module.addProgram("gradients", gradients, 2);
  }

  void addEvaluate() {
    fake::Program evaluate;
    evaluate.inputs = {"x", "labels"};
    Buffers results;
    for (const char *name : {"loss_sum", "count", "correct"})
      results.push_back(fake::arena(module.addResult(evaluate, name, {rows})));
    DscBuffer logits = fake::arena(module.addResult(evaluate, "output.logits", {rows, classes}));
    evaluate.body = {
        module.kernel("forward", forward, rows,
                      {fake::input(0), fake::arena(weight), fake::arena(bias), logits}),
        module.kernel("judge", judge, rows,
                      {logits, fake::input(1), results[0], results[1], results[2]})};
    module.addProgram("evaluate", evaluate, 1);
  }

  int64_t weight, bias, mean, weightMoments[2], biasMoments[2];
  int64_t clipNorm, weightDecay, biasDecay, gradWeight, gradBias, factor, count = 0;
  std::vector<int64_t> hyper; // lr, beta1, beta2, eps, correction1, correction2
};

Classifier classifier;

} // namespace

extern const DscModule dscModule = classifier.module.finish();
