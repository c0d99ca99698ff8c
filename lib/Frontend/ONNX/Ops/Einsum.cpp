//===- Einsum.cpp - Sums of products, named by letters --------------------===//
//
// Each pair of operands is one product: letters that both have and that are still
// needed are batch dimensions, letters that both have and nobody needs are summed
// over. Letters of one operand that nobody needs are summed over first.
//
//   "bij,bjk->bik":  b is a batch dimension, j is summed over
//
//===----------------------------------------------------------------------===//

#include "../NodeImport.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace dsc::onnx {

namespace {
/// A value with a letter for each dimension.
struct Term {
  Value value;
  std::string letters;
};
} // namespace

/// Sums over the dimensions whose letters are not needed.
static Term reduceTo(NodeImport &n, Term term, llvm::StringRef needed) {
  Shape dims;
  std::string kept;
  for (auto [d, letter] : llvm::enumerate(term.letters)) {
    if (needed.contains(letter))
      kept.push_back(letter);
    else
      dims.push_back(static_cast<int64_t>(d));
  }
  return {n.reduce<train::ReduceSumOp>(term.value, dims, false), kept};
}

/// The product of two terms; null if a letter has two sizes.
static std::optional<Term> multiply(NodeImport &n, Term a, Term b, llvm::StringRef needed) {
  a = reduceTo(n, a, needed.str() + b.letters);
  b = reduceTo(n, b, needed.str() + a.letters);
  Shape aBatch, bBatch, aContract, bContract;
  std::string batch, aFree, bFree;
  for (auto [d, letter] : llvm::enumerate(a.letters)) {
    size_t other = b.letters.find(letter);
    if (other == std::string::npos) {
      aFree.push_back(letter);
      continue;
    }
    if (shapeOf(a.value)[d] != shapeOf(b.value)[other])
      return std::nullopt;
    bool isBatch = needed.contains(letter);
    (isBatch ? aBatch : aContract).push_back(static_cast<int64_t>(d));
    (isBatch ? bBatch : bContract).push_back(static_cast<int64_t>(other));
    if (isBatch)
      batch.push_back(letter);
  }
  for (char letter : b.letters)
    if (a.letters.find(letter) == std::string::npos)
      bFree.push_back(letter);
  Value product = n.make<train::DotOp>(a.value, b.value, aBatch, bBatch, aContract, bContract);
  return Term{product, batch + aFree + bFree};
}

static bool isPlain(llvm::StringRef letters) {
  std::string sorted = letters.str();
  llvm::sort(sorted);
  return llvm::all_of(letters, llvm::isAlpha) &&
         std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
}

/// Without "->", the result has the letters that occur once, in alphabetical order.
static std::string impliedOutput(llvm::ArrayRef<llvm::StringRef> terms) {
  std::string all = llvm::join(terms, ""), once;
  for (char letter : all)
    if (llvm::count(all, letter) == 1)
      once.push_back(letter);
  llvm::sort(once);
  return once;
}

static LogicalResult importEinsum(NodeImport &n) {
  std::string equation = n.string("equation", "").str();
  llvm::erase(equation, ' ');
  auto [left, right] = llvm::StringRef(equation).split("->");
  llvm::SmallVector<llvm::StringRef> terms;
  left.split(terms, ',');
  std::string output =
      equation.find("->") == std::string::npos ? impliedOutput(terms) : right.str();
  if (terms.size() != n.numInputs() || !llvm::all_of(terms, isPlain) || !isPlain(output))
    return n.fail("equation '" + equation +
                  "' is not supported: it needs one term per input, of letters that differ");
  std::string all = llvm::join(terms, "");
  if (llvm::any_of(output, [&](char letter) { return !llvm::is_contained(all, letter); }))
    return n.fail("equation '" + equation + "' has an output letter that no input has");

  Term result;
  for (unsigned i = 0; i < terms.size(); ++i) {
    Term next{n.input(i), terms[i].str()};
    if (rankOf(next.value) != static_cast<int64_t>(terms[i].size()) ||
        elementOf(next.value) != elementOf(n.input(0)))
      return n.set(0, {});
    std::string needed = output + llvm::join(llvm::ArrayRef(terms).drop_front(i + 1), "");
    auto product = i == 0 ? next : multiply(n, result, next, needed);
    if (!product)
      return n.set(0, {});
    result = *product;
  }
  result = reduceTo(n, result, output);
  Shape permutation;
  for (char letter : output)
    permutation.push_back(static_cast<int64_t>(result.letters.find(letter)));
  return n.set(0, n.transpose(result.value, permutation));
}

void populateEinsum(Registry &registry) { registry.add("Einsum", 12, atLeast(1), importEinsum); }

} // namespace dsc::onnx
