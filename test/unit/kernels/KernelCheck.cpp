//===- KernelCheck.cpp - dsc-kernel-check: run kernels and compare --------===//
//
// Compiles every function (or every exec.kernel) of a .mlir file as the CPU target does, loads the
// object, runs it on random operands and compares with the Evaluator. Each
// kernel is run whole, in single parts, and in place for every pair of buffers
// that `canShareBuffer` allows; all runs must agree bit for bit.
//
// Attributes of a function steer the check:
//   check.tolerance = 1e-5   relative error allowed (default by element type)
//   check.ulp = 2.0          instead: error in units in the last place of f32
//   check.share = "0:0 1:0"  the exact pairs operand:result that may share
//   check.extent = 96        expected number of parts
// and of an argument:
//   check.range = [-1.0, 1.0]  values are drawn from here (integers: [a, b])
//   check.special              mix in infinities, NaN, zeros and subnormals
//   check.sweep                all magnitudes of the range, evenly by exponent
//
// Exits 1 when a kernel fails.
//
//===----------------------------------------------------------------------===//
#include "Evaluator.h"
#include "GuardedBuffer.h"

#include "dialects/Exec/ExecDialect.h"
#include "dsc/Target/CPU/ExecEmission.h"
#include "dsc/Target/CPU/Kernels.h"
#include "dsc/Target/CPU/ObjectEmission.h"
#include "dsc/Target/CPU/Passes.h"
#include "runtime/abi/Abi.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"

#include <chrono>
#include <cmath>
#include <dlfcn.h>
#include <random>

using namespace mlir;
using namespace dsc;
using namespace dsc::cpu;
using namespace dsc::test;

namespace {

//===----------------------------------------------------------------------===//
// Elements in memory
//===----------------------------------------------------------------------===//

size_t elementBytes(Type type) { return llvm::divideCeil(type.getIntOrFloatBitWidth(), 8); }
size_t tensorBytes(RankedTensorType type) {
  return type.getNumElements() * elementBytes(type.getElementType());
}

void writeElement(char *at, Type type, Number number) {
  if (auto floating = dyn_cast<FloatType>(type)) {
    llvm::APFloat value(number.f);
    bool lossy;
    value.convert(floating.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven, &lossy);
    uint64_t bits = value.bitcastToAPInt().getZExtValue();
    std::memcpy(at, &bits, elementBytes(type));
    return;
  }
  std::memcpy(at, &number.i, elementBytes(type));
}

Number readElement(const char *at, Type type) {
  uint64_t bits = 0;
  std::memcpy(&bits, at, elementBytes(type));
  if (auto floating = dyn_cast<FloatType>(type)) {
    llvm::APFloat value(floating.getFloatSemantics(), llvm::APInt(floating.getWidth(), bits));
    return {value.convertToDouble(), 0};
  }
  if (type.isInteger(1))
    return {0, static_cast<int64_t>(bits)}; // anything but 0 and 1 is an error
  return roundTo(type, {0, static_cast<int64_t>(bits)});
}

void writeTensor(char *at, const Tensor &tensor) {
  Type type = tensor.type.getElementType();
  for (auto [i, element] : llvm::enumerate(tensor.elements))
    writeElement(at + i * elementBytes(type), type, element);
}

//===----------------------------------------------------------------------===//
// Random operands
//===----------------------------------------------------------------------===//

struct Range {
  double low = -2, high = 2;
};

Range rangeOf(func::FuncOp func, unsigned arg, Type type) {
  Range range;
  if (isa<IntegerType>(type))
    range = type.isInteger(1) ? Range{0, 1} : Range{-100, 100};
  if (auto attr = func.getArgAttrOfType<ArrayAttr>(arg, "check.range")) {
    auto value = [](Attribute a) {
      auto f = dyn_cast<FloatAttr>(a);
      return f ? f.getValueAsDouble() : static_cast<double>(cast<IntegerAttr>(a).getInt());
    };
    range = {value(attr[0]), value(attr[1])};
  }
  return range;
}

Tensor randomTensor(func::FuncOp func, unsigned arg, std::mt19937_64 &random) {
  auto type = cast<RankedTensorType>(func.getArgument(arg).getType());
  Type element = type.getElementType();
  Range range = rangeOf(func, arg, element);
  bool special = !!func.getArgAttr(arg, "check.special");
  bool sweep = !!func.getArgAttr(arg, "check.sweep");
  std::uniform_real_distribution<double> floats(range.low, range.high);
  std::uniform_int_distribution<int64_t> integers(range.low, range.high);
  std::uniform_real_distribution<double> exponents(-149, std::log2(std::fabs(range.high)));
  const double specials[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 1e-40, -1e-40, 1.0, -1.0};
  Tensor tensor{type, {}};
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    Number number;
    number.i = integers(random);
    number.f = floats(random);
    if (sweep && i % 2 == 0)
      number.f = std::copysign(std::exp2(exponents(random)), range.low < 0 ? number.f : 1.0);
    if (special && i % 5 == 0)
      number.f = specials[random() % std::size(specials)];
    tensor.elements.push_back(roundTo(element, number));
  }
  return tensor;
}

//===----------------------------------------------------------------------===//
// One kernel
//===----------------------------------------------------------------------===//

struct Kernel {
  func::FuncOp func; // on tensors, kept from before lowering
  KernelInfo info;
  std::vector<std::pair<unsigned, unsigned>> share; // operand, result
  DscKernel code = nullptr;
};

llvm::cl::opt<double> defaultTolerance("tolerance",
                                       llvm::cl::desc("relative error allowed by default"));

class Checker {
public:
  explicit Checker(Kernel &kernel) : kernel(kernel), func(kernel.func) {}

  bool run() {
    // NOLINTNEXTLINE(bugprone-random-generator-seed): failures must repeat
    std::mt19937_64 random(17);
    for (unsigned i = 0; i < func.getNumArguments(); ++i)
      operands.push_back(randomTensor(func, i, random));
    FailureOr<std::vector<Tensor>> reference = evaluate(func, operands);
    if (failed(reference) || !checkExpectations())
      return false;
    std::vector<std::string> whole = execute(Guard::Behind, wholeRange(), {});
    if (!compare(whole, *reference))
      return false;
    if (execute(Guard::Before, singleParts(), {}) != whole)
      return fail("single parts do not give the bits of the whole");
    for (auto pair : kernel.share) {
      if (execute(Guard::Behind, wholeRange(), {pair}) != whole)
        return fail("in place, operand " + Twine(pair.first) + " as result " + Twine(pair.second) +
                    ", differs");
    }
    if (execute(Guard::Before, singleParts(), disjointPairs()) != whole)
      return fail("in place, all pairs at once, differs");
    llvm::outs() << func.getName() << ": ok, extent " << kernel.info.extent << ", error "
                 << llvm::format("%.2g", worst) << "\n";
    return true;
  }

private:
  using Ranges = std::vector<std::pair<int64_t, int64_t>>;
  using Pairs = std::vector<std::pair<unsigned, unsigned>>;

  bool fail(const Twine &message) {
    llvm::errs() << func.getName() << ": " << message << "\n";
    return false;
  }

  bool checkExpectations() {
    if (auto extent = func->getAttrOfType<IntegerAttr>("check.extent"))
      if (extent.getInt() != kernel.info.extent)
        return fail("extent is " + Twine(kernel.info.extent));
    if (auto expected = func->getAttrOfType<StringAttr>("check.share")) {
      std::string actual;
      for (auto [operand, result] : kernel.share)
        actual +=
            (actual.empty() ? "" : " ") + std::to_string(operand) + ":" + std::to_string(result);
      if (actual != expected.getValue())
        return fail("buffers that may be shared: '" + actual + "'");
    }
    return kernel.info.grain >= 1 && kernel.info.grain <= std::max<int64_t>(kernel.info.extent, 1);
  }

  Ranges wholeRange() { return {{0, kernel.info.extent}}; }

  /// Every part alone, last first, with an empty one between; long extents in
  /// about 100 uneven pieces.
  Ranges singleParts() {
    Ranges ranges;
    int64_t step = std::max<int64_t>(1, kernel.info.extent / 100);
    for (int64_t end = kernel.info.extent; end > 0; end -= step) {
      ranges.emplace_back(std::max<int64_t>(0, end - step), end);
      ranges.emplace_back(end, end);
    }
    return ranges;
  }

  Pairs disjointPairs() {
    Pairs pairs;
    for (auto pair : kernel.share) {
      if (llvm::none_of(pairs,
                        [&](auto p) { return p.first == pair.first || p.second == pair.second; }))
        pairs.push_back(pair);
    }
    return pairs;
  }

  /// The bytes of each result.
  std::vector<std::string> execute(Guard guard, const Ranges &ranges, const Pairs &shared) {
    std::vector<GuardedBuffer> buffers;
    std::vector<void *> pointers;
    for (const Tensor &operand : operands) {
      buffers.emplace_back(tensorBytes(operand.type), guard);
      writeTensor(buffers.back().data, operand);
      pointers.push_back(buffers.back().data);
    }
    for (Type type : func.getResultTypes()) {
      buffers.emplace_back(tensorBytes(cast<RankedTensorType>(type)), guard);
      pointers.push_back(buffers.back().data);
    }
    for (auto [operand, result] : shared)
      pointers[operands.size() + result] = pointers[operand];
    for (auto [begin, end] : ranges)
      kernel.code(begin, end, pointers.data());
    std::vector<std::string> results;
    for (auto [i, type] : llvm::enumerate(func.getResultTypes()))
      results.emplace_back(static_cast<char *>(pointers[operands.size() + i]),
                           tensorBytes(cast<RankedTensorType>(type)));
    checkOperandsKept(buffers, shared);
    return results;
  }

  void checkOperandsKept(const std::vector<GuardedBuffer> &buffers, const Pairs &shared) {
    for (auto [i, operand] : llvm::enumerate(operands)) {
      bool overwritten = llvm::any_of(shared, [&](auto pair) { return pair.first == i; });
      std::string expected(buffers[i].bytes, 0);
      writeTensor(expected.data(), operand);
      if (!overwritten && std::memcmp(expected.data(), buffers[i].data, buffers[i].bytes) != 0)
        llvm::report_fatal_error("an operand was written to");
    }
  }

  double tolerance(Type type) {
    if (auto attr = func->getAttrOfType<FloatAttr>("check.tolerance"))
      return attr.getValueAsDouble();
    if (defaultTolerance > 0)
      return defaultTolerance;
    return type.isF64() ? 1e-12 : type.isF32() ? 1e-5 : type.isF16() ? 2e-3 : 1.6e-2;
  }

  /// Error of one element in units of what is allowed.
  double errorOf(Type type, Number actual, Number expected) {
    if (isa<IntegerType>(type))
      return actual.i == expected.i ? 0 : INFINITY;
    double a = actual.f, e = roundTo(type, expected).f;
    if (std::isnan(e) || std::isinf(e) || std::isnan(a) || std::isinf(a))
      return (std::isnan(e) && std::isnan(a)) || a == e ? 0 : INFINITY;
    if (e == 0 && a == 0)
      return 0;
    auto ulp = func->getAttrOfType<FloatAttr>("check.ulp");
    double error = std::fabs(a - expected.f);
    if (ulp) {
      double unit = std::exp2(std::max(std::floor(std::log2(std::fabs(expected.f))), -126.0) - 23);
      worst = std::max(worst, error / unit);
      return error / unit / ulp.getValueAsDouble();
    }
    double scale = std::max(std::fabs(e), 1.0);
    worst = std::max(worst, error / scale);
    return error / scale / tolerance(type);
  }

  bool compare(const std::vector<std::string> &actual, const std::vector<Tensor> &expected) {
    for (auto [i, tensor] : llvm::enumerate(expected)) {
      Type type = tensor.type.getElementType();
      for (auto [j, element] : llvm::enumerate(tensor.elements)) {
        Number number = readElement(actual[i].data() + j * elementBytes(type), type);
        if (errorOf(type, number, element) > 1) {
          return fail("result " + Twine(i) + ", element " + Twine(j) + " is " +
                      std::to_string(number.f) + " / " + Twine(number.i) + ", expected " +
                      std::to_string(element.f) + " / " + Twine(element.i) + inputsAt(j));
        }
      }
    }
    return true;
  }

  /// Operand values at the same place, for elementwise kernels.
  std::string inputsAt(size_t j) {
    std::string text;
    llvm::raw_string_ostream os(text);
    for (const Tensor &operand : operands)
      if (j < operand.elements.size())
        os << llvm::format(", at %.9g", operand.elements[j].f);
    return text;
  }

  Kernel &kernel;
  func::FuncOp func;
  std::vector<Tensor> operands;
  double worst = 0;
};

//===----------------------------------------------------------------------===//
// Timing (no test)
//===----------------------------------------------------------------------===//

void benchmark(Kernel &kernel) {
  // NOLINTNEXTLINE(bugprone-random-generator-seed): failures must repeat
  std::mt19937_64 random(1);
  std::vector<GuardedBuffer> buffers;
  std::vector<void *> pointers;
  double bytes = 0;
  auto addBuffer = [&](Type type) {
    buffers.emplace_back(tensorBytes(cast<RankedTensorType>(type)), Guard::Before);
    pointers.push_back(buffers.back().data);
    bytes += buffers.back().bytes;
  };
  for (unsigned i = 0; i < kernel.func.getNumArguments(); ++i) {
    addBuffer(kernel.func.getArgument(i).getType());
    writeTensor(buffers.back().data, randomTensor(kernel.func, i, random));
  }
  for (Type type : kernel.func.getResultTypes())
    addBuffer(type);
  double best = 1e9;
  for (int i = 0; i < 30; ++i) {
    auto begin = std::chrono::steady_clock::now();
    kernel.code(0, kernel.info.extent, pointers.data());
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    best = std::min(best, seconds.count());
  }
  llvm::outs() << llvm::format("%-24s %8.1f us %7.1f GB/s  extent %lld grain %lld\n",
                               kernel.func.getName().str().c_str(), best * 1e6, bytes / best / 1e9,
                               static_cast<long long>(kernel.info.extent),
                               static_cast<long long>(kernel.info.grain));
}

//===----------------------------------------------------------------------===//
// Compilation
//===----------------------------------------------------------------------===//

LogicalResult writeObject(ModuleOp module, const CpuTarget &target, StringRef path) {
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (error)
    return module.emitError("cannot write ") << path;
  return emitObject(module, target, os);
}

/// Links the object with libm and what the compiler needs, and loads it.
void *load(StringRef object) {
  std::string library = (object + ".so").str();
  std::string message;
  std::vector<StringRef> command = {DSC_LINKER, "-shared", "-o", library, object, "-lm"};
  if (llvm::sys::ExecuteAndWait(DSC_LINKER, command, std::nullopt, {}, 60, 0, &message) != 0) {
    llvm::errs() << "linking failed: " << message << "\n";
    return nullptr;
  }
  void *handle = dlopen(library.c_str(), RTLD_NOW);
  if (!handle)
    llvm::errs() << dlerror() << "\n";
  llvm::consumeError(llvm::errorCodeToError(llvm::sys::fs::remove(library)));
  return handle;
}

LogicalResult compile(ModuleOp module, const CpuTarget &target, StringRef cpu,
                      std::vector<Kernel> &kernels) {
  OwningOpRef<ModuleOp> lowered(cast<ModuleOp>(module->clone()));
  PassManager pm(module.getContext());
  buildKernelPipeline(pm, cpu);
  if (failed(pm.run(*lowered)))
    return failure();
  SmallString<128> object;
  if (llvm::sys::fs::createTemporaryFile("kernels", "o", object))
    return module.emitError("cannot create a temporary file");
  LogicalResult written = writeObject(*lowered, target, object);
  void *handle = succeeded(written) ? load(object) : nullptr;
  llvm::consumeError(llvm::errorCodeToError(llvm::sys::fs::remove(object)));
  if (!handle)
    return failure();
  for (Kernel &kernel : kernels)
    kernel.code = reinterpret_cast<DscKernel>(dlsym(handle, kernel.func.getName().str().c_str()));
  return success();
}

FailureOr<std::vector<Kernel>> collect(ModuleOp module, const CpuTarget &target) {
  std::vector<Kernel> kernels;
  for (auto func : module.getOps<func::FuncOp>()) {
    FailureOr<KernelAnalysis> analysis = analyzeKernel(func.getBody());
    if (failed(analysis))
      return failure();
    Kernel kernel{func, getKernelInfo(*analysis, target), {}};
    for (unsigned o = 0; o < func.getNumArguments(); ++o) {
      for (unsigned r = 0; r < func.getNumResults(); ++r)
        if (canShareBuffer(*analysis, o, r))
          kernel.share.emplace_back(o, r);
    }
    kernels.push_back(std::move(kernel));
  }
  return kernels;
}

llvm::cl::opt<std::string> input(llvm::cl::Positional, llvm::cl::desc("FILE.mlir"),
                                 llvm::cl::init("-"));
llvm::cl::opt<std::string> cpuName("cpu", llvm::cl::desc("processor"), llvm::cl::init("native"));
llvm::cl::opt<bool> bench("bench", llvm::cl::desc("time the kernels instead"));

} // namespace

int main(int argc, char **argv) {
  llvm::cl::ParseCommandLineOptions(argc, argv, "run kernels and compare\n");
  MLIRContext context;
  context.allowUnregisteredDialects();
  context.loadDialect<affine::AffineDialect, arith::ArithDialect, func::FuncDialect,
                      linalg::LinalgDialect, LLVM::LLVMDialect, math::MathDialect,
                      tensor::TensorDialect, exec::ExecDialect>();
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(input, &context);
  llvm::Expected<CpuTarget> target = CpuTarget::get(cpuName);
  if (!target) {
    llvm::errs() << "error: " << llvm::toString(target.takeError()) << "\n";
    return 1;
  }
  if (!module)
    return 1;
  if (!module->getOps<exec::KernelOp>().empty())
    module = extractKernels(*module);
  FailureOr<std::vector<Kernel>> kernels = collect(*module, *target);
  if (failed(kernels))
    return 1;
  auto begin = std::chrono::steady_clock::now();
  if (failed(compile(*module, *target, cpuName, *kernels)))
    return 1;
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  if (bench)
    llvm::outs() << llvm::format("compiled in %.2f s\n", seconds.count());
  bool ok = true;
  for (Kernel &kernel : *kernels) {
    if (bench)
      benchmark(kernel);
    else
      ok &= Checker(kernel).run();
  }
  return ok ? 0 : 1;
}
