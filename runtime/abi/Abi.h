//===- Abi.h - What generated code and the runtime know of each other -----===//
//
// The one header that the compiler and the runtime share. A compiled model is
// one object file that defines `dscModule`: tables of calls (kernels of its own
// and library routines of the runtime), and a JSON text that describes what
// lies where. The runtime owns the loop: it reads data, fills the scalars,
// walks the tables and reads the results.
//
// All memory of a step is one arena. A buffer is named by (space, offset):
//
//   space 0        the arena
//   space 1        the module's constants (read only)
//   space 2 + i    the i-th input of the program; the runtime points it at the
//                  rows of the current micro-batch
//
// Plain C layout, no pointers that need fixing up but those the linker fixes.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_ABI_ABI_H
#define DSC_RUNTIME_ABI_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Changes whenever a struct below or the meaning of the JSON changes.
#define DSC_ABI_VERSION 3

enum { DSC_SPACE_ARENA = 0, DSC_SPACE_CONSTANTS = 1, DSC_SPACE_INPUTS = 2 };

/// Element types, numbered for the `ints` of library routines.
enum DscType {
  DSC_F32 = 0,
  DSC_F64 = 1,
  DSC_F16 = 2,
  DSC_BF16 = 3,
  DSC_I1 = 4, // one byte, 0 or 1
  DSC_I8 = 5,
  DSC_I16 = 6,
  DSC_I32 = 7,
  DSC_I64 = 8,
  DSC_U8 = 9
};

typedef struct DscBuffer {
  int32_t space;
  int32_t reserved;
  int64_t offset; // bytes
} DscBuffer;

struct DscCall;

/// A generated kernel. Computes the part [begin, end) of its parallel extent;
/// parts are independent and may run at the same time. `buffers` are the
/// operands, then the results.
typedef void (*DscKernel)(int64_t begin, int64_t end, void *const *buffers);

/// A routine of the runtime's library; threads itself. Returns 0, or 1 after
/// `dscSetError` when the data (not the program) is wrong.
typedef int32_t (*DscRoutine)(const struct DscCall *call, void *const *buffers);

/// One entry of a program: exactly one of `kernel` and `routine` is set.
typedef struct DscCall {
  const char *name;   // kernel or routine, for profiles
  const char *origin; // ONNX nodes it came from, for profiles and errors
  DscKernel kernel;
  DscRoutine routine;
  int64_t extent; // kernels: size of the parallel extent
  int64_t grain;  // kernels: smallest part worth a thread
  int32_t numBuffers;
  int32_t numInts;
  int32_t numFloats;
  int32_t reserved;
  const DscBuffer *buffers;
  const int64_t *ints;  // routines: shapes, strides, attributes
  const double *floats; // routines: attributes
  int64_t flops;        // from the op's cost
  int64_t bytes;        // least traffic, from the op's cost
  void **state;         // routines: a cell to keep what was prepared at the first call
} DscCall;

/// A buffer that lies `bytes` further on with each iteration of a loop.
typedef struct DscAdvance {
  int64_t call;   // of the program
  int32_t buffer; // of the call
  int32_t reserved;
  int64_t bytes;
} DscAdvance;

/// Calls [begin, end) run `count` times in a row, at first on the buffers as the calls
/// name them. Afterwards the buffers are these again, for when the loop runs next.
typedef struct DscLoop {
  int64_t begin;
  int64_t end;
  int64_t count;
  int64_t numAdvances;
  const DscAdvance *advances;
} DscLoop;

/// calls [0, bodyBegin) run once, [bodyBegin, bodyEnd) once per micro-batch,
/// [bodyEnd, numCalls) once after them. No loop crosses these bounds; `loops` are in the
/// order of their beginnings, an outer one before those inside of it.
typedef struct DscProgram {
  const char *name; // "train", "gradients" or "evaluate"
  const DscCall *calls;
  int64_t numCalls;
  int64_t bodyBegin;
  int64_t bodyEnd;
  int64_t microbatches;
  int64_t numLoops;
  const DscLoop *loops;
} DscProgram;

typedef struct DscModule {
  int32_t abiVersion;
  int32_t numPrograms;
  const DscProgram *programs;
  const char *description; // JSON, see docs/TrainerFormat.md
  int64_t descriptionBytes;
  const void *constants;
  int64_t constantsBytes;
} DscModule;

/// Defined by the object file that dsc-compile emits.
extern const DscModule dscModule;

/// What a routine says before it returns 1 (printf format).
void dscSetError(const char *format, ...);

#ifdef __cplusplus
}
#endif

#endif // DSC_RUNTIME_ABI_ABI_H
