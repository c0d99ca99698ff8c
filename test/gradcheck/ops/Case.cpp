//===- Case.cpp - One drawn instance of one op, with its inputs -----------===//

#include "Case.h"

#include <numeric>

using namespace mlir;
using namespace dsc;
using namespace dsc::gradcheck;

// splitmix64 (Steele, Lea and Flood, 2014).
uint64_t Draw::bits() {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

int64_t Draw::integer(int64_t low, int64_t high) {
  return low + static_cast<int64_t>(bits() % static_cast<uint64_t>(high - low + 1));
}

double Draw::real(double low, double high) {
  return low + (high - low) * static_cast<double>(bits() >> 11) * 0x1p-53;
}

Shape Draw::permutation(int64_t count) {
  Shape order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  for (int64_t i = count - 1; i > 0; --i) {
    std::swap(order[static_cast<size_t>(i)], order[static_cast<size_t>(integer(0, i))]);
  }
  return order;
}

Shape Draw::subset(int64_t count) {
  Shape chosen;
  for (int64_t i = 0; i < count; ++i) {
    if (flag()) {
      chosen.push_back(i);
    }
  }
  return chosen;
}

CaseBuilder::CaseBuilder(MLIRContext *context, uint64_t seed) : draw(seed), builder(context) {
  Location loc = builder.getUnknownLoc();
  result.module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(result.module->getBody());
  result.function = func::FuncOp::create(builder, loc, "op", builder.getFunctionType({}, {}));
  builder.setInsertionPointToEnd(result.function.addEntryBlock());
}

Shape CaseBuilder::shape(int64_t low, int64_t high) {
  Shape shape;
  for (int64_t rank = draw.integer(low, high); rank > 0; --rank) {
    shape.push_back(draw.integer(0, 5) == 0 ? 1 : draw.integer(2, 4));
  }
  if (countElements(shape) < 2) {
    shape.assign(std::max<size_t>(shape.size(), 1), 2);
  }
  return shape;
}

RankedTensorType CaseBuilder::f64(ArrayRef<int64_t> shape) {
  return type(shape, builder.getF64Type());
}

RankedTensorType CaseBuilder::type(ArrayRef<int64_t> shape, Type element) {
  return RankedTensorType::get(shape, element);
}

Value CaseBuilder::add(Tensor value) {
  Value argument = result.function.getBody().addArgument(value.type, builder.getUnknownLoc());
  result.isDifferentiable.push_back(value.isFloat());
  result.inputs.push_back(std::move(value));
  return argument;
}

Value CaseBuilder::real(ArrayRef<int64_t> shape, double low, double high) {
  Tensor value(f64(shape));
  for (double &x : value.floats) {
    x = draw.real(low, high);
  }
  return add(std::move(value));
}

Value CaseBuilder::awayFromZero(ArrayRef<int64_t> shape) {
  Tensor value(f64(shape));
  for (double &x : value.floats) {
    x = draw.real(0.3, 2.0) * (draw.flag() ? 1 : -1);
  }
  return add(std::move(value));
}

Value CaseBuilder::distinct(ArrayRef<int64_t> shape, double offset) {
  Tensor value(f64(shape));
  auto count = static_cast<int64_t>(value.size());
  for (auto [x, rank] : llvm::zip_equal(value.floats, draw.permutation(count))) {
    x = 0.1 * static_cast<double>(rank - count / 2) + offset;
  }
  return add(std::move(value));
}

Value CaseBuilder::index(ArrayRef<int64_t> shape, int64_t size) {
  Tensor value(type(shape, draw.flag() ? builder.getI64Type() : builder.getI32Type()));
  for (int64_t &i : value.ints) {
    i = draw.integer(0, size - 1);
  }
  return add(std::move(value));
}

Value CaseBuilder::given(std::vector<double> values, ArrayRef<int64_t> shape) {
  int64_t count = static_cast<int64_t>(values.size());
  RankedTensorType type = f64(shape.empty() ? ArrayRef(count) : shape);
  return add(Tensor(type, std::move(values)));
}

Value CaseBuilder::boolean(ArrayRef<int64_t> shape) {
  Tensor value(type(shape, builder.getI1Type()));
  for (int64_t &i : value.ints) {
    i = draw.integer(0, 1);
  }
  return add(std::move(value));
}

Value CaseBuilder::integer(ArrayRef<int64_t> shape, int64_t low, int64_t high) {
  Tensor value(type(shape, builder.getI64Type()));
  for (int64_t &i : value.ints) {
    i = draw.integer(low, high);
  }
  return add(std::move(value));
}

Value CaseBuilder::scalarF32(double value) {
  return add(Tensor::scalar(builder.getF32Type(), value));
}

Value CaseBuilder::scalarI64(int64_t value) {
  Tensor tensor(type({}, builder.getI64Type()));
  tensor.ints[0] = value;
  return add(std::move(tensor));
}

Case CaseBuilder::finish(Operation *op) {
  func::ReturnOp::create(builder, op->getLoc(), op->getResults());
  result.function.setFunctionType(
      builder.getFunctionType(result.function.getBody().getArgumentTypes(), op->getResultTypes()));
  result.op = op;
  size_t given = result.hasGradient.size();
  for (Type type : llvm::drop_begin(op->getResultTypes(), given)) {
    result.hasGradient.push_back(isa<FloatType>(getElementTypeOrSelf(type)));
  }
  return std::move(result);
}
