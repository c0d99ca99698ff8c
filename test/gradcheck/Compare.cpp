//===- Compare.cpp - Whether two tensors are equal enough -----------------===//

#include "Compare.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace dsc;

double gradcheck::largest(const Tensor &tensor) {
  double most = 0;
  for (size_t i = 0; i < tensor.size(); ++i) {
    most = std::max(most, std::abs(tensor.number(i)));
  }
  return most;
}

void gradcheck::Report::fail(const llvm::Twine &message) {
  llvm::errs() << "error: " << message << '\n';
  failed = true;
}

void gradcheck::Report::compare(llvm::StringRef what, const Tensor &actual, const Tensor &expected,
                                double scale, llvm::ArrayRef<size_t> positions) {
  if (actual.shape() != expected.shape()) {
    return fail(what + ": shapes differ");
  }
  size_t count = positions.empty() ? expected.size() : positions.size();
  for (size_t k = 0; k < count; ++k) {
    size_t i = positions.empty() ? k : positions[k];
    double error = std::abs(actual.number(i) - expected.number(i)) / scale;
    worst = std::max(worst, error);
    ++elements;
    if (!(error <= tolerance)) { // also where it is not a number
      std::string text;
      llvm::raw_string_ostream(text)
          << what << '[' << i << "]: expected " << llvm::format("%.12g", expected.number(i))
          << ", got " << llvm::format("%.12g", actual.number(i));
      return fail(text);
    }
  }
}

void gradcheck::Report::summarize(llvm::StringRef name) {
  llvm::outs() << name << ": " << elements << " elements, largest relative error "
               << llvm::format("%.1e", worst) << (failed ? ", FAILED" : "") << '\n';
  failedBefore |= failed;
  failed = false;
  elements = 0;
  worst = 0;
}
