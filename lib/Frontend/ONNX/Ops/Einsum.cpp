//===- Einsum.cpp - Sums of products, named by letters --------------------===//
//
// Each pair of operands is one product: letters that both have and that are still
// needed are batch dimensions, letters that both have and nobody needs are summed
// over. Letters of one operand that nobody needs are summed over first.
//
//   "bij,bjk->bik":  b is a batch dimension, j is summed over
//
//===----------------------------------------------------------------------===//

#include "Indices.h"

#include "llvm/ADT/StringExtras.h"

#include <map>

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

//===----------------------------------------------------------------------===//
// Equations
//===----------------------------------------------------------------------===//

namespace {
/// Letters of each input and of the result; "..." became capital letters of its own.
struct Equation {
  std::vector<std::string> terms;
  std::string output;
  std::string ellipsis; // the letters that stand for "...", the last dimension last
};
} // namespace

/// Replaces "..." by the last `count` of the ellipsis letters.
static std::string spellOut(llvm::StringRef term, llvm::StringRef ellipsis, size_t count) {
  auto [before, after] = term.split("...");
  return term.contains("...") ? (before + ellipsis.take_back(count) + after).str() : term.str();
}

static bool areLetters(llvm::StringRef term) { return llvm::all_of(term, llvm::isAlpha); }

/// Without "->", the result has the ellipsis and the letters that occur once, in
/// alphabetical order.
static std::string impliedOutput(llvm::ArrayRef<std::string> terms, llvm::StringRef ellipsis) {
  std::string all = llvm::join(terms, ""), once;
  for (char letter : all)
    if (llvm::count(all, letter) == 1 && !ellipsis.contains(letter))
      once.push_back(letter);
  llvm::sort(once);
  return ellipsis.str() + once;
}

/// Nothing where the equation does not fit inputs of these ranks.
static std::optional<Equation> readEquation(std::string text, llvm::ArrayRef<int64_t> ranks) {
  llvm::erase(text, ' ');
  auto [left, right] = llvm::StringRef(text).split("->");
  bool isImplied = text.find("->") == std::string::npos;
  llvm::SmallVector<llvm::StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != ranks.size())
    return std::nullopt;
  llvm::SmallVector<size_t> hidden;
  for (auto [term, rank] : llvm::zip(terms, ranks)) {
    bool hasEllipsis = term.contains("...");
    int64_t letters = static_cast<int64_t>(term.size()) - (hasEllipsis ? 3 : 0);
    if (rank < letters || (!hasEllipsis && rank != letters))
      return std::nullopt;
    hidden.push_back(static_cast<size_t>(rank - letters));
  }
  Equation equation;
  size_t most = *llvm::max_element(hidden);
  for (char letter = 'A'; letter <= 'Z' && equation.ellipsis.size() < most; ++letter)
    if (text.find(letter) == std::string::npos)
      equation.ellipsis.push_back(letter);
  if (equation.ellipsis.size() < most)
    return std::nullopt;
  for (auto [term, count] : llvm::zip(terms, hidden))
    equation.terms.push_back(spellOut(term, equation.ellipsis, count));
  equation.output = isImplied ? impliedOutput(equation.terms, equation.ellipsis)
                              : spellOut(right, equation.ellipsis, most);
  std::string all = llvm::join(equation.terms, ""), sorted = equation.output;
  llvm::sort(sorted);
  bool isFine = areLetters(all) && areLetters(sorted) &&
                std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end() &&
                llvm::all_of(sorted, [&](char letter) { return llvm::is_contained(all, letter); });
  return isFine ? std::optional(equation) : std::nullopt;
}

/// A letter twice in one term stands for the diagonal; null if its sizes differ.
static std::optional<Term> takeDiagonals(NodeImport &n, Term term) {
  for (size_t i = 0; i < term.letters.size(); ++i) {
    size_t j = term.letters.find(term.letters[i], i + 1);
    if (j == std::string::npos)
      continue;
    llvm::ArrayRef<int64_t> shape = shapeOf(term.value);
    if (shape[i] != shape[j])
      return std::nullopt;
    auto dim = [](size_t d) { return static_cast<int64_t>(d); };
    Value isDiagonal =
        n.compare(train::Comparison::EQ, iota(n, shape, dim(i)), iota(n, shape, dim(j)));
    Value kept = n.select(isDiagonal, term.value, n.like(term.value, 0));
    Shape dims{dim(j)};
    term.value = n.reduce<train::ReduceSumOp>(kept, dims, false);
    term.letters.erase(j, 1);
    --i; // There may be a third.
  }
  return term;
}

/// Dimensions of the ellipsis broadcast: those of size 1 go where another term has more.
static Term dropBroadcast(NodeImport &n, Term term, llvm::StringRef ellipsis,
                          const std::map<char, int64_t> &sizes) {
  Shape shape;
  std::string letters;
  for (auto [letter, size] : llvm::zip(term.letters, shapeOf(term.value))) {
    if (ellipsis.contains(letter) && size == 1 && sizes.at(letter) > 1)
      continue;
    shape.push_back(size);
    letters.push_back(letter);
  }
  return {n.reshape(term.value, shape), letters};
}

static LogicalResult importEinsum(NodeImport &n) {
  llvm::StringRef text = n.string("equation", "");
  Shape ranks;
  for (Value value : n.allInputs())
    ranks.push_back(rankOf(value));
  auto equation = readEquation(text.str(), ranks);
  if (!equation)
    return n.fail("equation '" + text + "' does not fit its inputs");
  std::map<char, int64_t> sizes;
  std::vector<Term> terms;
  for (unsigned i = 0; i < equation->terms.size(); ++i) {
    auto term = takeDiagonals(n, {n.input(i), equation->terms[i]});
    if (!term || elementOf(term->value) != elementOf(n.input(0)))
      return n.set(0, {});
    terms.push_back(*term);
    for (auto [letter, size] : llvm::zip(term->letters, shapeOf(term->value)))
      sizes[letter] = std::max(sizes[letter], size);
  }
  Term result;
  for (size_t i = 0; i < terms.size(); ++i) {
    Term next = dropBroadcast(n, terms[i], equation->ellipsis, sizes);
    std::string needed = equation->output;
    for (const Term &later : llvm::ArrayRef(terms).drop_front(i + 1))
      needed += later.letters;
    auto product = i == 0 ? next : multiply(n, result, next, needed);
    if (!product)
      return n.set(0, {});
    result = *product;
  }
  result = reduceTo(n, result, equation->output);
  Shape permutation;
  for (char letter : equation->output)
    permutation.push_back(static_cast<int64_t>(result.letters.find(letter)));
  return n.set(0, n.transpose(result.value, permutation));
}

void populateEinsum(Registry &registry) { registry.add("Einsum", 12, atLeast(1), importEinsum); }

} // namespace dsc::onnx
