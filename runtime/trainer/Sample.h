//===- Sample.h - Draws tokens from a trained token model -----------------===//
#ifndef DSC_RUNTIME_TRAINER_SAMPLE_H
#define DSC_RUNTIME_TRAINER_SAMPLE_H

#include "trainer/Model.h"

namespace dsc {

struct SampleRequest {
  int64_t count = 0;
  double temperature = 0.8;
  std::string prompt; // text where tokens are bytes, else token ids
  int64_t seed = 0;
};

/// Fails with a usage error unless the model has one integer input [B, T] and an output [B, T, V],
/// and the prompt consists of its tokens.
void checkSampling(const ModuleInfo &info, const SampleRequest &request);

/// The prompt and what follows it: bytes where the vocabulary is at most 256, else token ids.
std::string sampleTokens(Model &model, const SampleRequest &request);

/// The token that `random` in [0, 1) draws from softmax(logits / temperature); the largest where
/// the temperature is 0.
int64_t drawToken(const std::vector<double> &logits, double temperature, double random);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_SAMPLE_H
