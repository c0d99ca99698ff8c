//===- Description.cpp - What a trainer is told about itself --------------===//

#include "lib/Driver/Description.h"

#include "dialects/Exec/ExecDialect.h"
#include "dialects/Train/BatchAnalysis.h"
#include "dialects/Train/TrainDialect.h"
#include "dsc/Planner/CostModel.h"
#include "dsc/Transforms/Passes.h"
#include "lib/Driver/Weights.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace dsc;
namespace json = llvm::json;

static json::Array shapeOf(Type type) {
  return json::Array(cast<RankedTensorType>(type).getShape());
}

static std::string elementOf(Type type) { return dtypeName(getElementTypeOrSelf(type)); }

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

/// The size of the table that `value` indexes, directly or converted; 0 if none.
static int64_t indexBound(Value value) {
  int64_t bound = 0;
  auto narrow = [&](int64_t size) { bound = bound == 0 ? size : std::min(bound, size); };
  for (Operation *user : value.getUsers()) {
    if (auto take = dyn_cast<train::TakeOp>(user)) {
      if (take.getIndices() == value) {
        narrow(cast<RankedTensorType>(take.getX().getType())
                   .getDimSize(static_cast<unsigned>(take.getAxis())));
      }
    } else if (isa<train::ReshapeOp, train::ConvertOp>(user)) {
      if (int64_t size = indexBound(user->getResult(0))) {
        narrow(size);
      }
    }
  }
  return bound;
}

/// Classes and ignored label, where the value labels a cross-entropy.
static void describeLabels(Value value, json::Object &input) {
  for (Operation *user : value.getUsers()) {
    auto loss = dyn_cast<train::CrossEntropyOp>(user);
    if (loss && loss.getLabels() == value) {
      auto logits = cast<RankedTensorType>(loss.getLogits().getType());
      input["classes"] = logits.getDimSize(static_cast<unsigned>(loss.getDim()));
      int64_t ignored = loss.getIgnoreIndexAttr().getInt();
      if (ignored != kIgnoreNothing) {
        input["ignore_index"] = ignored;
      }
    } else if (isa<train::ReshapeOp, train::ConvertOp>(user)) {
      describeLabels(user->getResult(0), input);
    }
  }
}

json::Array dsc::describeInputs(ModuleOp train) {
  json::Array inputs;
  auto step = train.lookupSymbol<FunctionOpInterface>("train");
  auto evaluate = train.lookupSymbol<FunctionOpInterface>("evaluate");
  for (unsigned i = 0; i < step.getNumArguments(); ++i) {
    auto name = step.getArgAttrOfType<StringAttr>(i, train::kNameAttr);
    Type type = step.getArgumentTypes()[i];
    json::Object input{
        {"name", name.getValue()}, {"dtype", elementOf(type)}, {"shape", shapeOf(type)}};
    BlockArgument argument = evaluate.getArgument(i);
    if (name.getValue() == "labels") {
      input["labels"] = true;
    }
    describeLabels(argument, input);
    if (int64_t bound = indexBound(argument)) {
      input["index_bound"] = bound;
    }
    inputs.push_back(std::move(input));
  }
  return inputs;
}

std::string dsc::describeWholeBatches(ModuleOp train) {
  auto reason = train.lookupSymbol("evaluate")->getAttrOfType<StringAttr>(train::kWholeBatchesAttr);
  return reason ? reason.str() : "";
}

//===----------------------------------------------------------------------===//
// Placement
//===----------------------------------------------------------------------===//

static json::Object describeVariable(exec::VariableOp variable) {
  return json::Object{{"name", variable.getName()},
                      {"dtype", elementOf(variable.getType())},
                      {"shape", shapeOf(variable.getType())},
                      {"offset", static_cast<int64_t>(*variable.getOffset())}};
}

static json::Array describeVariables(ModuleOp exec, ArrayRef<StringRef> roles) {
  json::Array variables;
  for (auto variable : exec.getOps<exec::VariableOp>()) {
    if (!llvm::is_contained(roles, variable.getRole())) {
      continue;
    }
    json::Object object = describeVariable(variable);
    json::Array slots;
    for (auto slot : exec.getOps<exec::VariableOp>()) {
      if (slot.getOwner() == variable.getName()) {
        slots.push_back(json::Object{{"name", *slot.getSlot()},
                                     {"offset", static_cast<int64_t>(*slot.getOffset())}});
      }
    }
    if (variable.getRole() == "parameter") {
      object["optimizer_state"] = std::move(slots);
    }
    variables.push_back(std::move(object));
  }
  return variables;
}

static json::Array describeScalars(ModuleOp exec) {
  json::Array scalars;
  llvm::DenseSet<int64_t> seen;
  exec.walk([&](exec::ScalarOp scalar) {
    int64_t offset = static_cast<int64_t>(*scalar.getOffset());
    if (!seen.insert(offset).second) {
      return;
    }
    json::Object object{
        {"name", scalar.getName()}, {"dtype", elementOf(scalar.getType())}, {"offset", offset}};
    if (scalar.getParameter()) {
      object["parameter"] = *scalar.getParameter();
    }
    scalars.push_back(std::move(object));
  });
  return scalars;
}

/// Where in the arena a program's result lies.
static int64_t offsetOfResult(Value value) {
  while (auto view = value.getDefiningOp<exec::ViewOp>()) {
    value = view.getX();
  }
  auto result = cast<OpResult>(value);
  return exec::getOffset(result);
}

static json::Object describeProgram(exec::ProgramOp program) {
  json::Array inputs, results;
  for (unsigned i = 0; i < program.getNumArguments(); ++i) {
    inputs.push_back(program.getArgAttrOfType<StringAttr>(i, exec::kNameAttr).getValue());
  }
  Operation *end = program.getBlock()->getTerminator();
  for (unsigned i = 0; i < end->getNumOperands(); ++i) {
    Value value = end->getOperand(i);
    results.push_back(json::Object{
        {"name", program.getResultAttrOfType<StringAttr>(i, exec::kNameAttr).getValue()},
        {"dtype", elementOf(value.getType())},
        {"shape", shapeOf(value.getType())},
        {"offset", offsetOfResult(value)}});
  }
  json::Object object{{"inputs", std::move(inputs)}, {"results", std::move(results)}};
  if (program.getNumArguments() > 0) {
    object["rows"] = cast<RankedTensorType>(program.getArgumentTypes()[0]).getDimSize(0);
  }
  return object;
}

void dsc::describePlacement(ModuleOp exec, json::Object &description) {
  description["arena_bytes"] = countArenaBytes(exec);
  description["parameters"] = describeVariables(exec, {"parameter"});
  description["state"] = describeVariables(exec, {"state", "frozen"});
  description["scalars"] = describeScalars(exec);
  json::Object programs;
  for (auto program : exec.getOps<exec::ProgramOp>()) {
    programs[program.getName().str()] = describeProgram(program);
  }
  description["programs"] = std::move(programs);
}
