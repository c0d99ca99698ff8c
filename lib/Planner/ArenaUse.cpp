//===- ArenaUse.cpp - What the arena holds at its fullest moment ----------===//
//
// Placement has decided where values lie; how long each is needed follows from
// the program's order again, without asking the pass that placed them.
//
//===----------------------------------------------------------------------===//

#include "lib/Planner/ArenaUse.h"

#include "dialects/Train/Interfaces.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dsc;

namespace {
/// A value's bytes [begin, end) of the arena, needed at moments [first, last].
struct Occupation {
  int64_t begin, end;
  int64_t first, last;
  bool isGradient = false;
};

class ProgramUse {
public:
  ProgramUse(exec::ProgramOp program, int64_t persistentBytes)
      : program(program), persistentBytes(persistentBytes) {}

  ArenaUse findPeak();

private:
  void number(Block &block);
  void occupyBlock(Block &block);
  void occupyRepeat(exec::RepeatOp repeat);
  void occupyLoop(exec::LoopOp loop);
  void occupy(Value value, int64_t offset, int64_t first);
  void occupyResults(Operation &op);
  int64_t momentOfUse(Operation *op, int64_t first);
  void recordUses(Block &block);
  void markGradients();
  ArenaUse useAt(int64_t moment) const;

  exec::ProgramOp program;
  int64_t persistentBytes;
  int64_t end = 0;
  llvm::DenseMap<Operation *, std::pair<int64_t, int64_t>> moments; // repeats and loops last
  std::vector<Occupation> occupations;
  llvm::DenseMap<Value, size_t> occupationOf;
};
} // namespace

void ProgramUse::number(Block &block) {
  for (Operation &op : block) {
    int64_t begin = end++;
    if (exec::isRepeated(&op)) {
      number(op.getRegion(0).front());
      ++end;
    }
    moments[&op] = {begin, end - 1};
  }
}

void ProgramUse::occupy(Value value, int64_t offset, int64_t first) {
  if (offset < persistentBytes) {
    return; // computed into a variable
  }
  occupationOf[value] = occupations.size();
  occupations.push_back(
      {offset, offset + train::getTensorBytes(value.getType()), first, first, false});
}

void ProgramUse::occupyResults(Operation &op) {
  for (OpResult result : op.getResults()) {
    occupy(result, exec::getOffset(result), moments[&op].first);
  }
}

/// A carried value keeps its place from before the first repetition to the last.
void ProgramUse::occupyRepeat(exec::RepeatOp repeat) {
  occupyResults(*repeat);
  for (unsigned i = 0; i < repeat.getCarried().size(); ++i) {
    auto known = occupationOf.find(repeat.getCarried()[i]);
    if (known != occupationOf.end()) {
      size_t index = known->second;
      occupations[index].last = moments[repeat].second;
      occupationOf[repeat.getBlock()->getArgument(static_cast<unsigned>(repeat.getBatch().size()) +
                                                  i)] = index;
    }
  }
  occupyBlock(*repeat.getBlock());
}

/// Outputs and carried values are there from the first iteration to the last.
void ProgramUse::occupyLoop(exec::LoopOp loop) {
  occupyResults(*loop);
  for (Value result : loop.getResults()) {
    auto known = occupationOf.find(result);
    if (known != occupationOf.end()) {
      occupations[known->second].last = moments[loop].second;
    }
  }
  occupyBlock(*loop.getBlock());
}

void ProgramUse::occupyBlock(Block &block) {
  for (Operation &op : block) {
    if (isa<exec::LaunchOp, exec::CallOp>(op)) {
      occupyResults(op);
    } else if (auto repeat = dyn_cast<exec::RepeatOp>(op)) {
      occupyRepeat(repeat);
    } else if (auto loop = dyn_cast<exec::LoopOp>(op)) {
      occupyLoop(loop);
    } else if (auto view = dyn_cast<exec::ViewOp>(op)) {
      auto known = occupationOf.find(view.getX());
      if (known != occupationOf.end()) {
        size_t index = known->second;
        occupationOf[view] = index;
      }
    }
  }
}

/// When `op` needs for the last time what was made at `first`.
int64_t ProgramUse::momentOfUse(Operation *op, int64_t first) {
  int64_t use = isa<exec::ReturnOp>(op) ? end : moments[op].second;
  for (Operation *parent = op->getParentOp(); exec::isRepeated(parent);
       parent = parent->getParentOp()) {
    if (first < moments[parent].first) {
      use = moments[parent].second;
    }
  }
  return use;
}

/// What a repeat or loop reads from outside is needed until its end; what a program
/// returns, until the program's.
void ProgramUse::recordUses(Block &block) {
  for (Operation &op : block) {
    for (Value operand : op.getOperands()) {
      auto known = occupationOf.find(operand);
      if (known != occupationOf.end()) {
        Occupation &occupation = occupations[known->second];
        occupation.last = std::max(occupation.last, momentOfUse(&op, occupation.first));
      }
    }
    if (exec::isRepeated(&op)) {
      recordUses(op.getRegion(0).front());
    }
  }
}

/// The op that computes a value, seen through changes of shape.
static Operation *producerOf(Value value) {
  while (auto view = value.getDefiningOp<exec::ViewOp>()) {
    value = view.getX();
  }
  return value.getDefiningOp();
}

/// What an update of a parameter reads from the arena and is of the parameter's size.
void ProgramUse::markGradients() {
  SymbolTable symbols(program->getParentOp());
  for (auto write : program.getBlock()->getOps<exec::WriteOp>()) {
    auto variable = symbols.lookup<exec::VariableOp>(write.getVariable());
    Operation *update = producerOf(write.getValue());
    if (update && isa<exec::CallOp>(update)) {
      update = producerOf(update->getOperand(0)); // copied into the variable
    }
    if (variable.getRole() != "parameter" || !update) {
      continue;
    }
    for (Value operand : update->getOperands()) {
      auto known = occupationOf.find(operand);
      if (known != occupationOf.end() &&
          train::getTensorBytes(operand.getType()) == train::getTensorBytes(variable.getType())) {
        occupations[known->second].isGradient = true;
      }
    }
  }
}

/// Bytes of the union of intervals.
static int64_t unionBytes(std::vector<std::pair<int64_t, int64_t>> intervals) {
  llvm::sort(intervals);
  int64_t bytes = 0, covered = 0;
  for (auto [begin, end] : intervals) {
    bytes += std::max<int64_t>(0, end - std::max(begin, covered));
    covered = std::max(covered, end);
  }
  return bytes;
}

ArenaUse ProgramUse::useAt(int64_t moment) const {
  std::vector<std::pair<int64_t, int64_t>> gradients, all;
  for (const Occupation &occupation : occupations) {
    if (occupation.first <= moment && moment <= occupation.last) {
      all.emplace_back(occupation.begin, occupation.end);
      if (occupation.isGradient) {
        gradients.emplace_back(occupation.begin, occupation.end);
      }
    }
  }
  ArenaUse use;
  use.gradients = unionBytes(std::move(gradients));
  use.others = unionBytes(std::move(all)) - use.gradients;
  return use;
}

ArenaUse ProgramUse::findPeak() {
  number(*program.getBlock());
  occupyBlock(*program.getBlock());
  recordUses(*program.getBlock());
  markGradients();
  ArenaUse peak;
  for (int64_t moment = 0; moment <= end; ++moment) {
    ArenaUse use = useAt(moment);
    if (use.total() > peak.total()) {
      peak = use;
    }
  }
  return peak;
}

ArenaUse dsc::findPeakUse(exec::ProgramOp program, int64_t persistentBytes) {
  return ProgramUse(program, persistentBytes).findPeak();
}
