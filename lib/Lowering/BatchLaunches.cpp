//===- BatchLaunches.cpp - One launch for the same work on many tensors ---===//

#include "dialects/Exec/ExecDialect.h"
#include "dialects/Exec/TargetModel.h"
#include "dsc/Analysis/Placement.h"
#include "dsc/Lowering/Passes.h"
#include "lib/Lowering/ExecLowering.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringMap.h"

#include <limits>

namespace dsc {
#define GEN_PASS_DEF_BATCHLAUNCHESPASS
#include "dsc/Lowering/Passes.h.inc"
} // namespace dsc

using namespace mlir;
using namespace dsc;

/// Tensors up to this size cost little memory however long they live.
static constexpr int64_t kSmallElements = 4096;
static constexpr int64_t kForever = std::numeric_limits<int64_t>::max();

namespace {
/// What batches of all programs have in common.
struct Batching {
  SymbolTable &symbols;
  const TargetModel &target;
  int64_t patience;
  unsigned numBatches = 0, numBatched = 0;
  DenseMap<StringAttr, std::string> signatures{}; // by kernel

  StringRef signatureOf(exec::LaunchOp launch);
};

/// Batches of one block, in rounds. A round decides everything on the order as it was: launches
/// only ever move behind, so that what stood before the first use of a result still does. What a
/// batch has moved behind leaves room for the next round: a gradient's sum waits for its update.
class BlockBatching {
public:
  BlockBatching(Block &block, Batching &shared) : block(block), shared(shared) {}
  /// Whether there are new batches.
  bool runRound();

private:
  struct Batch {
    SmallVector<exec::LaunchOp> members;
    int64_t deadline = kForever; // the first moment at which some member must have run
  };
  void number();
  int64_t momentOf(Operation *op) const;
  void visitUsers(Value value, function_ref<void(OpOperand &, int64_t)> visit) const;
  int64_t firstUse(exec::LaunchOp launch) const;
  int64_t overwriting(Value operand, int64_t moment) const;
  int64_t endOfLife(Value operand, exec::LaunchOp launch) const;
  int64_t deadlineOf(exec::LaunchOp launch) const;
  std::string keyOf(exec::LaunchOp launch);
  void add(exec::LaunchOp launch, StringRef key);
  void gather(Batch &batch);

  Block &block;
  Batching &shared;
  DenseMap<Operation *, int64_t> moments;  // of what runs
  SmallVector<int64_t> growth;             // by moment: what has made a large result until then
  DenseMap<Attribute, Operation *> makers; // variable -> what makes its new value
  llvm::StringMap<Batch> open;             // by key
  DenseMap<Value, size_t> outside;         // numbers of values that are not in the arena
  std::vector<Batch> finished;
};
} // namespace

StringRef Batching::signatureOf(exec::LaunchOp launch) {
  auto [it, isNew] = signatures.try_emplace(launch.getKernelAttr().getAttr());
  if (isNew) {
    it->second =
        target.getBatchSignature(symbols.lookup<exec::KernelOp>(launch.getKernel()).getBody());
  }
  return it->second;
}

/// Whether the op takes memory for a large result; what becomes a variable's value does not.
static bool takesMemory(Operation &op) {
  return llvm::any_of(op.getResults(), [](Value result) {
    bool isWritten = llvm::any_of(result.getUsers(), llvm::IsaPred<exec::WriteOp>);
    return !isWritten && tensorType(result).getNumElements() > kSmallElements;
  });
}

void BlockBatching::number() {
  for (Operation &op : block) {
    if (isa<exec::LaunchOp, exec::CallOp, exec::RepeatOp>(op) ||
        op.hasTrait<OpTrait::IsTerminator>()) {
      moments[&op] = static_cast<int64_t>(moments.size());
      growth.push_back((growth.empty() ? 0 : growth.back()) + takesMemory(op));
    } else if (auto write = dyn_cast<exec::WriteOp>(op)) {
      makers[write.getVariableAttr()] = lookThroughViews(write.getValue()).getDefiningOp();
    }
  }
}

/// When the op, or what holds it, runs; never where it stands outside of the block.
int64_t BlockBatching::momentOf(Operation *op) const {
  Operation *inBlock = op ? block.findAncestorOpInBlock(*op) : nullptr;
  auto it = moments.find(inBlock);
  return it == moments.end() ? -1 : it->second;
}

/// Calls `visit` for every use by something that runs, through views, with its moment.
void BlockBatching::visitUsers(Value value, function_ref<void(OpOperand &, int64_t)> visit) const {
  for (OpOperand &use : value.getUses()) {
    if (auto view = dyn_cast<exec::ViewOp>(use.getOwner())) {
      visitUsers(view, visit);
    } else if (!isa<exec::WriteOp>(use.getOwner())) {
      visit(use, momentOf(use.getOwner()));
    }
  }
}

int64_t BlockBatching::firstUse(exec::LaunchOp launch) const {
  int64_t first = kForever;
  for (Value result : launch->getResults()) {
    visitUsers(result, [&](OpOperand &, int64_t moment) { first = std::min(first, moment); });
  }
  return first;
}

/// When something overwrites what the operand holds, if that is behind `moment`: the variable's
/// update, or a call that works in the operand's buffer.
int64_t BlockBatching::overwriting(Value operand, int64_t moment) const {
  Value root = lookThroughViews(operand);
  int64_t first = kForever;
  auto consider = [&](int64_t other) { first = other > moment ? std::min(first, other) : first; };
  if (auto read = root.getDefiningOp<exec::ReadOp>()) {
    consider(momentOf(makers.lookup(read.getVariableAttr())));
  }
  visitUsers(root, [&](OpOperand &use, int64_t other) {
    if (isInPlace(use)) {
      consider(other);
    }
  });
  return first;
}

/// The first moment at which a large operand would have lived too long for the launch's sake:
/// while too much else has come that could have had its memory.
int64_t BlockBatching::endOfLife(Value operand, exec::LaunchOp launch) const {
  Value root = lookThroughViews(operand);
  Operation *producer = root.getDefiningOp();
  bool isTemporary = producer && isa<exec::LaunchOp, exec::CallOp, exec::RepeatOp>(producer) &&
                     producer->getBlock() == &block;
  if (!isTemporary || tensorType(root).getNumElements() <= kSmallElements) {
    return kForever;
  }
  int64_t last = momentOf(launch);
  visitUsers(root, [&](OpOperand &use, int64_t moment) {
    last = use.getOwner() == launch ? last : std::max(last, moment);
  });
  int64_t most = growth[static_cast<size_t>(last)] + shared.patience;
  const auto *end = llvm::find_if(growth, [&](int64_t made) { return made > most; });
  return end == growth.end() ? kForever : end - growth.begin();
}

/// The first moment at which the launch must have run.
int64_t BlockBatching::deadlineOf(exec::LaunchOp launch) const {
  int64_t deadline = firstUse(launch);
  for (Value operand : launch->getOperands()) {
    deadline =
        std::min({deadline, overwriting(operand, momentOf(launch)), endOfLife(operand, launch)});
  }
  return deadline;
}

/// Whether the value lies in an array of the trainer's or among the constants.
static bool isOutsideArena(Value root) {
  auto argument = dyn_cast<BlockArgument>(root);
  if (!argument) {
    return root.getDefiningOp<exec::ConstantOp>() != nullptr;
  }
  auto repeat = dyn_cast<exec::RepeatOp>(argument.getOwner()->getParentOp());
  return !repeat || argument.getArgNumber() < repeat.getBatch().size();
}

/// Equal for launches that can be of one batch: the signature, and what they must have in common
/// since only places in the arena may differ. Empty where the launch stays alone.
std::string BlockBatching::keyOf(exec::LaunchOp launch) {
  std::string key = shared.signatureOf(launch).str();
  if (key.empty()) {
    return key;
  }
  for (auto [index, operand] : llvm::enumerate(launch->getOperands())) {
    Value root = lookThroughViews(operand);
    if (isOutsideArena(root)) {
      size_t number = outside.try_emplace(root, outside.size()).first->second;
      key += " " + std::to_string(index) + ":" + std::to_string(number);
    }
  }
  return key;
}

/// Puts the launch into the open batch of its key, or opens a new one where that cannot
/// wait for it.
void BlockBatching::add(exec::LaunchOp launch, StringRef key) {
  Batch &batch = open[key];
  if (momentOf(launch) >= batch.deadline) {
    finished.push_back(std::move(batch));
    batch = Batch();
  }
  batch.members.push_back(launch);
  batch.deadline = std::min(batch.deadline, deadlineOf(launch));
}

/// Moves what only names the op's results behind `point`, which is then the last of them.
static void moveNames(Operation *op, Operation *&point) {
  for (Operation *user : SmallVector<Operation *>(op->getUsers())) {
    if (isa<exec::ViewOp, exec::WriteOp>(user) && user->getBlock() == op->getBlock() &&
        user->isBeforeInBlock(point)) {
      user->moveAfter(point);
      point = user;
      moveNames(user, point);
    }
  }
}

void BlockBatching::gather(Batch &batch) {
  if (batch.members.size() < 2) {
    return;
  }
  exec::LaunchOp last = batch.members.back();
  auto number = Builder(last.getContext()).getI64IntegerAttr(shared.numBatches++);
  for (exec::LaunchOp member : batch.members) {
    member.setBatchAttr(number);
    if (member != last) {
      member->moveBefore(last);
    }
  }
  Operation *point = last;
  for (exec::LaunchOp member : batch.members) {
    moveNames(member, point);
  }
  shared.numBatched += static_cast<unsigned>(batch.members.size());
}

bool BlockBatching::runRound() {
  unsigned before = shared.numBatches;
  number();
  for (auto launch : block.getOps<exec::LaunchOp>()) {
    if (std::string key = keyOf(launch); !key.empty() && !launch.getBatch()) {
      add(launch, key);
    }
  }
  for (auto &entry : open) {
    finished.push_back(std::move(entry.second));
  }
  // In program order, so that the numbers do not depend on hashes.
  llvm::sort(finished, [&](const Batch &a, const Batch &b) {
    auto momentOfLast = [&](const Batch &batch) {
      return batch.members.empty() ? -1 : momentOf(batch.members.back());
    };
    return momentOfLast(a) < momentOfLast(b);
  });
  llvm::for_each(finished, [&](Batch &batch) { gather(batch); });
  return shared.numBatches > before;
}

namespace {
struct BatchLaunchesPass : dsc::impl::BatchLaunchesPassBase<BatchLaunchesPass> {
  using BatchLaunchesPassBase::BatchLaunchesPassBase;
  BatchLaunchesPass(std::shared_ptr<const TargetModel> target) : target(std::move(target)) {}

  void getDependentDialects(DialectRegistry &registry) const override {
    BatchLaunchesPassBase::getDependentDialects(registry);
    if (target) {
      target->addDialects(registry);
    }
  }

  void runOnOperation() override {
    if (!batch || !target) {
      return;
    }
    SymbolTable symbols(getOperation());
    Batching batching{symbols, *target, patience};
    for (exec::ProgramOp program : getOperation().getOps<exec::ProgramOp>()) {
      gatherIn(*program.getBlock(), batching);
      program.walk([&](exec::RepeatOp repeat) { gatherIn(*repeat.getBlock(), batching); });
    }
    numBatches += batching.numBatches;
    numBatched += batching.numBatched;
  }

  static void gatherIn(Block &block, Batching &batching) {
    while (BlockBatching(block, batching).runRound()) {
    }
  }

  std::shared_ptr<const TargetModel> target;
};
} // namespace

std::unique_ptr<Pass> dsc::createBatchLaunchesPassFor(std::shared_ptr<const TargetModel> target) {
  return std::make_unique<BatchLaunchesPass>(std::move(target));
}
