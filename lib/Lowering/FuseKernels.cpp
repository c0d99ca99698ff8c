//===- FuseKernels.cpp - Gather loop nests into kernels -------------------===//

#include "dialects/Exec/ExecDialect.h"
#include "dialects/Train/DeadOps.h"
#include "dialects/Train/Interfaces.h"
#include "dsc/Analysis/Origins.h"
#include "dsc/Lowering/Passes.h"
#include "lib/Lowering/ExecLowering.h"
#include "lib/Lowering/FusionGroup.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

#include <map>
#include <unordered_map>
#include <vector>

namespace dsc {
#define GEN_PASS_DEF_FUSEKERNELSPASS
#include "dsc/Lowering/Passes.h.inc"
} // namespace dsc

using namespace mlir;
using namespace dsc;

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

/// The nest of loops that alone reads the one number which `nest` computes; null if there is none.
static linalg::GenericOp loneReader(linalg::GenericOp nest) {
  if (nest.getNumLoops() != 0 || nest->getNumResults() != 1 || !nest->hasOneUse()) {
    return {};
  }
  // A sum over dimensions of size 1 begins with its output, which the reader has no place for.
  if (nest.payloadUsesValueFromOperand(nest.getDpsInitOperand(0))) {
    return {};
  }
  auto reader = dyn_cast<linalg::GenericOp>(*nest->user_begin());
  bool good = reader && reader->getBlock() == nest->getBlock() && reader.getNumLoops() > 0 &&
              reader.getNumReductionLoops() == 0 &&
              reader.isDpsInput(&*nest->getResult(0).getUses().begin());
  return good ? reader : linalg::GenericOp();
}

static int64_t flopsOf(linalg::GenericOp nest) {
  auto flops = nest->getAttrOfType<IntegerAttr>("exec.flops");
  return flops ? flops.getInt() : 0;
}

/// Arithmetic that costs about as much as reading the number would.
static bool isCheap(linalg::GenericOp nest) {
  auto isSimple = [](Operation &op) {
    return isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::ConstantOp>(op);
  };
  return llvm::all_of(nest.getBody()->without_terminator(), isSimple);
}

/// What one nest of loops alone reads of a number computed on the side, such as a parameter's
/// decay from the rate, is computed within it: no kernel for a single number.
static void inlineScalars(Block &block) {
  IRRewriter rewriter(block.getParentOp()->getContext());
  SmallVector<linalg::GenericOp> nests(block.getOps<linalg::GenericOp>());
  for (linalg::GenericOp nest : llvm::reverse(nests)) { // readers first
    linalg::GenericOp reader = isCheap(nest) ? loneReader(nest) : linalg::GenericOp();
    if (!reader) {
      continue;
    }
    rewriter.setInsertionPoint(reader);
    auto fused = linalg::fuseElementwiseOps(rewriter, &*nest->getResult(0).getUses().begin());
    if (failed(fused)) {
      continue;
    }
    fused->fusedOp->setAttr("exec.flops",
                            rewriter.getI64IntegerAttr(flopsOf(nest) + flopsOf(reader)));
    for (auto [from, to] : fused->replacements) {
      from.replaceAllUsesWith(to);
    }
    reader.erase();
    nest.erase();
  }
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

/// A kernel of more nests would gain nothing, and the time to make it grows with their square.
static constexpr size_t kMostNests = 256;

namespace {
/// Groups the nests of one block.
class BlockFuser {
public:
  BlockFuser(Block &block, bool fuse) : block(block), fuse(fuse) {}

  /// Groups in program order of their last member.
  SmallVector<std::unique_ptr<FusionGroup>> run();
  unsigned numFused = 0;

private:
  FusionGroup *groupOf(Value value) const;
  bool canMoveTo(const FusionGroup &group, Operation *position,
                 const FusionGroup *also = nullptr) const;
  SmallVector<FusionGroup *> candidates(linalg::GenericOp nest) const;
  FusionGroup *findHome(linalg::GenericOp nest);
  void absorbOtherProducers(FusionGroup &home, linalg::GenericOp nest);
  void refresh(FusionGroup &group);

  Block &block;
  bool fuse;
  SmallVector<std::unique_ptr<FusionGroup>> groups;
  DenseMap<Operation *, FusionGroup *> owner;
};
} // namespace

FusionGroup *BlockFuser::groupOf(Value value) const {
  Operation *op = value.getDefiningOp();
  return op ? owner.lookup(op) : nullptr;
}

/// A group runs where its last member stands: nothing outside may read its
/// results before `position`.
bool BlockFuser::canMoveTo(const FusionGroup &group, Operation *position,
                           const FusionGroup *also) const {
  for (linalg::GenericOp nest : group.nests) {
    for (Operation *user : nest->getUsers()) {
      Operation *inBlock = block.findAncestorOpInBlock(*user);
      bool inside = group.contains(inBlock) || (also && also->contains(inBlock));
      if (!inside && inBlock != position && inBlock->isBeforeInBlock(position)) {
        return false;
      }
    }
  }
  return true;
}

/// Reordered members are new ops.
void BlockFuser::refresh(FusionGroup &group) {
  for (linalg::GenericOp nest : group.nests) {
    owner[nest] = &group;
  }
}

/// Whether a kernel that reads `input` once for two nests saves anything. One element for all of
/// their iterations does not: the gradients of all parameters have their scale in common, and would
/// become one kernel that grows with the model.
static bool paysToShare(Value input, linalg::GenericOp nest) {
  return cast<RankedTensorType>(input.getType()).getNumElements() > 1 || nest.getNumLoops() == 0;
}

/// Groups the nest may join, latest first: its producers', and those that read
/// one of the same tensors.
SmallVector<FusionGroup *> BlockFuser::candidates(linalg::GenericOp nest) const {
  llvm::SmallSetVector<FusionGroup *, 8> found;
  for (Value input : nest.getDpsInputs()) {
    if (FusionGroup *group = groupOf(input)) {
      found.insert(group);
    }
    if (!paysToShare(input, nest)) {
      continue;
    }
    for (Operation *user : input.getUsers()) {
      if (FusionGroup *group = owner.lookup(user)) {
        found.insert(group);
      }
    }
  }
  SmallVector<FusionGroup *> ordered(found.begin(), found.end());
  llvm::sort(ordered, [](FusionGroup *a, FusionGroup *b) {
    return b->nests.front()->isBeforeInBlock(a->nests.front());
  });
  return ordered;
}

FusionGroup *BlockFuser::findHome(linalg::GenericOp nest) {
  for (FusionGroup *group : candidates(nest)) {
    if (group->nests.size() >= kMostNests || !canMoveTo(*group, nest)) {
      continue;
    }
    bool added = group->tryAdd(nest);
    refresh(*group);
    if (added) {
      return group;
    }
  }
  return nullptr;
}

/// Other producers of the nest join, too, where domains are equal.
void BlockFuser::absorbOtherProducers(FusionGroup &home, linalg::GenericOp nest) {
  for (Value input : nest.getDpsInputs()) {
    FusionGroup *other = groupOf(input);
    if (!other || other == &home || home.nests.size() + other->nests.size() > kMostNests ||
        !canMoveTo(*other, nest, &home)) {
      continue;
    }
    if (home.tryMerge(*other)) {
      refresh(home);
      llvm::erase_if(groups, [&](const auto &group) { return group.get() == other; });
    }
  }
}

SmallVector<std::unique_ptr<FusionGroup>> BlockFuser::run() {
  SmallVector<linalg::GenericOp> nests(block.getOps<linalg::GenericOp>());
  for (linalg::GenericOp nest : nests) {
    FusionGroup *home = fuse ? findHome(nest) : nullptr;
    if (home) {
      ++numFused;
      absorbOtherProducers(*home, nest);
      continue;
    }
    groups.push_back(std::make_unique<FusionGroup>(nest));
    owner[nest] = groups.back().get();
  }
  return std::move(groups);
}

//===----------------------------------------------------------------------===//
// Outlining
//===----------------------------------------------------------------------===//

/// Names like "sub_exp_addf_3": the arithmetic in the group, and a number.
static std::string kernelName(const FusionGroup &group, unsigned number) {
  llvm::SetVector<StringRef> parts;
  for (linalg::GenericOp nest : group.nests) {
    for (Operation &op : nest.getBody()->without_terminator()) {
      StringRef name = op.getName().stripDialect();
      bool isPlumbing = isa<arith::ConstantOp>(op);
      if (!isPlumbing && parts.size() < 4) {
        parts.insert(name);
      }
    }
  }
  std::string name = "k" + std::to_string(number);
  for (StringRef part : parts) {
    name += "_" + part.str();
  }
  return name;
}

namespace {
class KernelOutliner {
public:
  KernelOutliner(ModuleOp module, SymbolTable &symbols) : module(module), symbols(symbols) {}
  void outline(FusionGroup &group);
  unsigned numKernels = 0, numLaunches = 0;

private:
  void cloneBody(const FusionGroup &group, exec::KernelOp kernel, ArrayRef<Value> inputs,
                 ArrayRef<Value> outputs);
  StringAttr uniqueKernel(exec::KernelOp kernel, const FusionGroup &group);

  ModuleOp module;
  SymbolTable &symbols;
  std::unordered_map<size_t, SmallVector<exec::KernelOp, 1>> known; // by hash
};
} // namespace

/// Copies the initial values of a nest (tensor.empty, linalg.fill) into a kernel.
static void cloneInit(OpBuilder &builder, IRMapping &mapping, Value init) {
  if (mapping.contains(init)) {
    return;
  }
  Operation *op = init.getDefiningOp();
  for (Value operand : op->getOperands()) {
    cloneInit(builder, mapping, operand);
  }
  builder.clone(*op, mapping);
}

void KernelOutliner::cloneBody(const FusionGroup &group, exec::KernelOp kernel,
                               ArrayRef<Value> inputs, ArrayRef<Value> outputs) {
  OpBuilder builder = OpBuilder::atBlockEnd(kernel.getBlock());
  IRMapping mapping;
  mapping.map(ValueRange(inputs), kernel.getBlock()->getArguments());
  for (linalg::GenericOp nest : group.nests) {
    // A fresh init per nest: results must not share what fusion knows nothing of.
    for (Value init : nest.getDpsInits()) {
      cloneInit(builder, mapping, init);
    }
    builder.clone(*nest, mapping)->removeAttr("exec.flops");
  }
  SmallVector<Value> results;
  for (Value output : outputs) {
    results.push_back(mapping.lookup(output));
  }
  exec::YieldOp::create(builder, kernel.getLoc(), results);
}

/// Of a kernel's signature and operations; equal kernels have equal ones.
static size_t hashOf(exec::KernelOp kernel) {
  llvm::hash_code hash = hash_value(kernel.getFunctionType());
  kernel.getBody().walk([&](Operation *op) {
    hash = llvm::hash_combine(
        hash, op->getName(),
        llvm::hash_combine_range(op->result_type_begin(), op->result_type_end()));
  });
  return hash;
}

static bool areEqual(exec::KernelOp a, exec::KernelOp b) {
  return a.getFunctionType() == b.getFunctionType() &&
         OperationEquivalence::isRegionEquivalentTo(&a.getBody(), &b.getBody(),
                                                    OperationEquivalence::IgnoreLocations);
}

/// The symbol of an equal kernel, or of this one.
StringAttr KernelOutliner::uniqueKernel(exec::KernelOp kernel, const FusionGroup &group) {
  SmallVector<exec::KernelOp, 1> &similar = known[hashOf(kernel)];
  for (exec::KernelOp other : similar) {
    if (areEqual(other, kernel)) {
      kernel->erase();
      return other.getSymNameAttr();
    }
  }
  kernel.setName(kernelName(group, numKernels++));
  similar.push_back(kernel);
  return symbols.insert(kernel);
}

/// How many elements of its operand a nest reaches through `map`, each counted once.
static int64_t countReached(linalg::GenericOp nest, AffineMap map) {
  int64_t count = 1;
  for (auto [dim, size] : llvm::enumerate(nest.getStaticLoopRanges())) {
    if (map.isFunctionOfDim(static_cast<unsigned>(dim))) {
      count *= size;
    }
  }
  return count;
}

/// The bytes of `input` that a group reads: through each of its maps, and no more than all.
static int64_t countReadBytes(const FusionGroup &group, Value input) {
  SmallVector<ArrayRef<AffineExpr>> maps;
  int64_t elements = 0;
  for (linalg::GenericOp nest : group.nests) {
    for (OpOperand *operand : nest.getDpsInputOperands()) {
      AffineMap map = nest.getMatchingIndexingMap(operand);
      if (operand->get() == input && !llvm::is_contained(maps, map.getResults())) {
        maps.push_back(map.getResults());
        elements += countReached(nest, map);
      }
    }
  }
  auto type = cast<RankedTensorType>(input.getType());
  int64_t bytes = train::getTensorBytes(type);
  return elements < type.getNumElements() ? bytes / type.getNumElements() * elements : bytes;
}

void KernelOutliner::outline(FusionGroup &group) {
  llvm::SetVector<Value> inputs, outputs;
  int64_t flops = 0;
  SmallVector<Location> locations;
  for (linalg::GenericOp nest : group.nests) {
    locations.push_back(nest.getLoc());
    flops += flopsOf(nest);
    for (Value input : nest.getDpsInputs()) {
      Operation *producer = input.getDefiningOp();
      if (!producer || !group.contains(producer)) {
        inputs.insert(input);
      }
    }
    for (Value result : nest.getResults()) {
      if (llvm::any_of(result.getUsers(), [&](Operation *user) { return !group.contains(user); })) {
        outputs.insert(result);
      }
    }
  }
  if (outputs.empty()) {
    return; // dead
  }
  OpBuilder builder(module.getContext());
  auto results = llvm::map_to_vector(outputs, [](Value output) { return output.getLoc(); });
  Location loc = kernelLoc(locations, results);
  auto type = builder.getFunctionType(ValueRange(inputs.getArrayRef()).getTypes(),
                                      ValueRange(outputs.getArrayRef()).getTypes());
  auto kernel = exec::KernelOp::create(builder, builder.getUnknownLoc(), "kernel", type);
  cloneBody(group, kernel, inputs.getArrayRef(), outputs.getArrayRef());
  StringAttr name = uniqueKernel(kernel, group);

  builder.setInsertionPoint(group.nests.back());
  auto launch = exec::LaunchOp::create(builder, loc, type.getResults(),
                                       FlatSymbolRefAttr::get(name), inputs.getArrayRef(), nullptr,
                                       builder.getI64IntegerAttr(flops), nullptr, nullptr, nullptr);
  int64_t unread = 0;
  for (Value input : inputs) {
    unread += train::getTensorBytes(input.getType()) - countReadBytes(group, input);
  }
  if (unread > 0) {
    launch.setBytes(train::countOperandAndResultBytes(launch) - unread);
  }
  ++numLaunches;
  for (auto [index, output] : llvm::enumerate(outputs)) {
    Value old = output;
    old.replaceAllUsesExcept(launch->getResult(static_cast<unsigned>(index)), launch);
  }
}

namespace {
struct FuseKernelsPass : dsc::impl::FuseKernelsPassBase<FuseKernelsPass> {
  using FuseKernelsPassBase::FuseKernelsPassBase;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    KernelOutliner outliner(getOperation(), symbols);
    SmallVector<exec::ProgramOp> programs(getOperation().getOps<exec::ProgramOp>());
    for (exec::ProgramOp program : programs) {
      fuseProgram(program, outliner);
    }
    numKernels += outliner.numKernels;
    numLaunches += outliner.numLaunches;
  }

  /// From the outside in: a repeat that nothing needs is gone by then. Initial values of
  /// nests in loops may stand outside of these, and are dead when the loops are done.
  void fuseProgram(exec::ProgramOp program, KernelOutliner &outliner) {
    SmallVector<Block *> blocks = {program.getBlock()};
    fuseBlock(*program.getBlock(), outliner);
    program.walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (exec::isRepeated(op)) {
        blocks.push_back(&op->getRegion(0).front());
        fuseBlock(*blocks.back(), outliner);
      }
    });
    for (Block *block : llvm::reverse(blocks)) {
      eraseDeadOps(*block);
    }
  }

  void fuseBlock(Block &block, KernelOutliner &outliner) {
    if (fuse) {
      inlineScalars(block);
    }
    BlockFuser fuser(block, fuse);
    auto groups = fuser.run();
    numFused += fuser.numFused;
    for (auto &group : groups) {
      outliner.outline(*group);
    }
    eraseDeadOps(block);
    if (fuse) {
      mergeEqualLaunches(block);
    }
  }

  /// One launch for several of the same kernel on the same operands: what all
  /// parameters' updates derive from the learning rate, for one. Calls stay, since
  /// some write into an operand's buffer; so does what they write into.
  static void mergeEqualLaunches(Block &block) {
    std::map<std::vector<const void *>, exec::LaunchOp> known;
    for (auto launch : llvm::make_early_inc_range(block.getOps<exec::LaunchOp>())) {
      if (isOverwritten(launch)) {
        continue;
      }
      std::vector<const void *> key = {launch.getKernelAttr().getAsOpaquePointer()};
      for (Value operand : launch->getOperands()) {
        key.push_back(operand.getAsOpaquePointer());
      }
      auto [it, isNew] = known.try_emplace(std::move(key), launch);
      if (!isNew) {
        launch->replaceAllUsesWith(it->second);
        launch->erase();
      }
    }
  }
};
} // namespace
