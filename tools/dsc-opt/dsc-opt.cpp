//===- dsc-opt.cpp - mlir-opt with the project's dialects and passes ------===//

#include "dsc/Pipelines/Registration.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  dsc::registerDialects(registry);
  dsc::registerPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "dsc-opt\n", registry));
}
