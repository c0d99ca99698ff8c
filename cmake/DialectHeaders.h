//===- DialectHeaders.h - The project's own dialects, on top of MLIR ------===//
//
// Compiled once, after MlirHeaders.h and the generated parts of the dialects: a file
// of the compiler takes about 2 s with it and 7 s with MlirHeaders.h alone.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_DIALECTHEADERS_H
#define DSC_DIALECTHEADERS_H

#include "dialects/Exec/ExecDialect.h"
#include "dialects/Train/TrainDialect.h"

#endif // DSC_DIALECTHEADERS_H
