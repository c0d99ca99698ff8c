//===- Compilation.h - One compilation, phase by phase --------------------===//
//
// What the phases of dsc-compile hand on to each other. Each phase is a method
// that returns an exit status; its file holds what it needs besides:
//
//   Compile.cpp      the order of the phases, and what becomes of failures
//   Import.cpp       the input, as train IR with its initial weights
//   Identity.cpp     which model it is, with which loss
//   Lower.cpp        passes over train and exec IR
//   PlanPhase.cpp    the plan: obeyed, predicted, printed
//   Emit.cpp         object files of kernels and tables
//   Finish.cpp       the files that stay
//
//===----------------------------------------------------------------------===//
#ifndef DSC_LIB_DRIVER_COMPILATION_H
#define DSC_LIB_DRIVER_COMPILATION_H

#include "dsc/Driver/Options.h"
#include "dsc/Frontend/ONNX/Importer.h"
#include "dsc/Planner/Plan.h"
#include "dsc/Target/CPU/ObjectEmission.h"
#include "lib/Driver/Debugging.h"
#include "lib/Driver/Scratch.h"
#include "lib/Driver/TrainerFile.h"
#include "lib/Driver/Weights.h"
#include "mlir/IR/MLIRContext.h"

namespace dsc {

struct CudaPackage;

/// What a phase returns when the user asked for nothing behind it.
inline constexpr int kStop = -1;

/// How the options want an ONNX model imported, at the batch of its file.
onnx::ImportOptions importOptions(const CompileOptions &options);

/// The leading dimension of the graph's first input; 0 where there is none.
int64_t leadingDim(mlir::ModuleOp module);

class Compilation {
public:
  explicit Compilation(const CompileOptions &options);
  int run();
  /// Says what to report of a fault of the compiler's own.
  int internalError();

private:
  // The phases. Each returns an exit status; kDone goes on.
  int readPlanFile();
  int refuseReplacedInputs();
  int prepareFolders();
  int import();
  int inspect();
  int lowerToTrain();
  int lowerToExec();
  int makePlan();
  int emit();

  // Parts of single phases.
  int comparePlans();
  int obeyPlan();
  int checkTarget();
  int checkContradictions();
  int chooseProcessor();
  int importOnnx();
  int importMlir();
  int collectWeights();
  int checkConstants();
  int checkWeights();
  llvm::Expected<int64_t> chooseBatch(const onnx::ImportOptions &import);
  mlir::OwningOpRef<mlir::ModuleOp> parseInput(std::unique_ptr<llvm::MemoryBuffer> file);
  int checkSingleRows();
  int chooseLoss();
  int identifyModel();
  std::string hashOnnx();
  std::string lossText() const;
  int checkModelOfPlan();
  int countBatch();
  int checkMemory() const;
  llvm::Expected<Hardware> hardware() const;
  int emitKernels(llvm::raw_pwrite_stream &object);
  int writeCudaSources(llvm::function_ref<llvm::Error(const CudaPackage &)> write);
  int emitCudaTrainer();
  int emitObjects(const ScratchFile &kernels, const ScratchFile &tables);
  std::string description();
  int emitCpuTrainer();
  llvm::Error openResults();
  llvm::Error finishResults();
  bool weightsLieBeside() const;
  std::string modelSkeleton() const;

  // What several phases need.
  int runPasses(mlir::PassManager &pm, mlir::ModuleOp module, int onFailure);
  int fail(llvm::Error error, int status = kBadInput);
  int failUsage(const llvm::Twine &message);
  int failPlan(const llvm::Twine &problem);
  int failContradiction(llvm::StringRef flag, const llvm::Twine &given, llvm::StringRef field,
                        const llvm::Twine &planned);
  bool isInspection() const { return options.inspect != CompileOptions::Inspect::No; }
  bool writesToStdout() const;
  int writeText(mlir::Operation *op);
  int writeOutput(const std::string &file, llvm::function_ref<void(llvm::raw_ostream &)> write);
  void writePlan(llvm::raw_ostream &os) const;
  std::string reproducerName() const;

  const CompileOptions &options;
  TrainOptions trainOptions;
  mlir::DialectRegistry registry;
  mlir::MLIRContext context;
  ErrorLines errors;
  PhaseTimes times;
  IrDumps dumps;

  std::string stem, output, phase;
  std::unique_ptr<onnx::Model> onnxModel;
  onnx::Restoration restoration;
  onnx::ImportResult imported;
  int64_t importedBatch = 0; // rows of a micro-batch; 0: as the file has it
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<InitialValue> weights;
  std::unique_ptr<llvm::MemoryBuffer> initFile;
  llvm::json::Array inputs;
  std::string wholeBatches; // why evaluation needs them
  std::string cpuName;      // as --cpu takes it
  std::optional<cpu::CpuTarget> cpuTarget;
  std::optional<Plan> obeyed;
  Plan plan;

  /// The files that stay, in the order in which they get their final names.
  struct Results {
    std::vector<std::string> names;
    std::vector<ScratchFile> files;
    std::optional<TrainerFile> trainer;
  } results;
};

} // namespace dsc

#endif // DSC_LIB_DRIVER_COMPILATION_H
