//===- dsc-compile.cpp - From a model to a trainer ------------------------===//

#include "dsc/Driver/Compile.h"

int main(int argc, char **argv) {
  dsc::CompileOptions options;
  if (auto status = dsc::parseCommandLine(argc, argv, options)) {
    return *status;
  }
  return dsc::compile(options);
}
