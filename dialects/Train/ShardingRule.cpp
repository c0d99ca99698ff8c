//===- ShardingRule.cpp - How an op's dimensions correspond ---------------===//

#include "dialects/Train/ShardingRule.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc::train;

static int64_t rankOf(Type type) { return cast<RankedTensorType>(type).getRank(); }

int ShardingRule::addFactor(int64_t size, Kind kind) {
  factors.push_back({size, kind});
  return static_cast<int>(factors.size()) - 1;
}

/// i, j, k, ... z, then f18, f19, ...
static void printFactorName(llvm::raw_ostream &os, int factor) {
  if (factor < 18) {
    os << static_cast<char>('i' + factor);
  } else {
    os << 'f' << factor;
  }
}

static void printTensor(llvm::raw_ostream &os, const ShardingRule::TensorFactors &tensor) {
  os << '[';
  llvm::interleaveComma(tensor, os, [&](const ShardingRule::DimFactors &dim) {
    if (dim.empty()) {
      os << '-';
    }
    llvm::interleave(dim, os, [&](int factor) { printFactorName(os, factor); }, "");
  });
  os << ']';
}

static void printSet(llvm::raw_ostream &os, const ShardingRule &rule, ShardingRule::Kind kind,
                     StringRef label) {
  SmallVector<int> members;
  for (auto [index, factor] : llvm::enumerate(rule.factors)) {
    if (factor.kind == kind) {
      members.push_back(static_cast<int>(index));
    }
  }
  if (members.empty()) {
    return;
  }
  os << ' ' << label << "={";
  llvm::interleaveComma(members, os, [&](int factor) { printFactorName(os, factor); });
  os << '}';
}

void ShardingRule::print(llvm::raw_ostream &os) const {
  os << '(';
  llvm::interleaveComma(operands, os, [&](const TensorFactors &t) { printTensor(os, t); });
  os << ") -> (";
  llvm::interleaveComma(results, os, [&](const TensorFactors &t) { printTensor(os, t); });
  os << ") {";
  llvm::interleaveComma(llvm::enumerate(factors), os, [&](auto it) {
    printFactorName(os, static_cast<int>(it.index()));
    os << '=' << it.value().size;
  });
  os << '}';
  printSet(os, *this, Kind::Reduction, "reduction");
  printSet(os, *this, Kind::Whole, "whole");
}

ShardingRule dsc::train::emptyShardingRule(Operation *op) {
  ShardingRule rule;
  for (Type type : op->getOperandTypes()) {
    rule.operands.emplace_back(rankOf(type));
  }
  for (Type type : op->getResultTypes()) {
    rule.results.emplace_back(rankOf(type));
  }
  return rule;
}

ShardingRule dsc::train::rowwiseShardingRule(Operation *op, ArrayRef<int64_t> whole) {
  ShardingRule rule = emptyShardingRule(op);
  auto shape = cast<RankedTensorType>(op->getResult(0).getType()).getShape();
  for (auto [dim, size] : llvm::enumerate(shape)) {
    bool isWhole = llvm::is_contained(whole, static_cast<int64_t>(dim));
    rule.addFactor(size, isWhole ? ShardingRule::Kind::Whole : ShardingRule::Kind::Parallel);
  }
  auto assign = [&](ShardingRule::TensorFactors &tensor) {
    if (tensor.size() != shape.size()) {
      return;
    }
    for (auto [dim, factors] : llvm::enumerate(tensor)) {
      factors = {static_cast<int>(dim)};
    }
  };
  llvm::for_each(rule.operands, assign);
  llvm::for_each(rule.results, assign);
  return rule;
}

ShardingRule dsc::train::elementwiseShardingRule(Operation *op) {
  return rowwiseShardingRule(op, {});
}

ShardingRule dsc::train::replicatedShardingRule(Operation *op) {
  ShardingRule rule = emptyShardingRule(op);
  auto fill = [&](ShardingRule::TensorFactors &tensor, Type type) {
    for (auto [dim, factors] : llvm::enumerate(tensor)) {
      int64_t size = cast<RankedTensorType>(type).getDimSize(static_cast<unsigned>(dim));
      factors = {rule.addFactor(size, ShardingRule::Kind::Whole)};
    }
  };
  for (auto [tensor, type] : llvm::zip_equal(rule.operands, op->getOperandTypes())) {
    fill(tensor, type);
  }
  for (auto [tensor, type] : llvm::zip_equal(rule.results, op->getResultTypes())) {
    fill(tensor, type);
  }
  return rule;
}
