//===- OpDraws.h - How each op of the train dialect is drawn --------------===//
//
// One function per op: it draws shapes and attributes, takes operands from the
// program and adds the op. The check compares the table with the dialect, so
// that an op nobody can draw is an error.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_TEST_CPUCHECK_OPDRAWS_H
#define DSC_TEST_CPUCHECK_OPDRAWS_H

#include "ProgramBuilder.h"

#include <functional>
#include <map>

namespace dsc::cpucheck {

/// Adds the op to the program, unless it is taken back.
using DrawOp = std::function<void(ProgramBuilder &)>;
/// By name ("train.add"), in a fixed order.
using DrawTable = std::map<std::string, DrawOp>;

void addElementwiseDraws(DrawTable &table);
void addShapeDraws(DrawTable &table);
void addReduceDraws(DrawTable &table);
void addIndexDraws(DrawTable &table);
void addRandomDraws(DrawTable &table);
void addOptimizerDraws(DrawTable &table);
void addLinearDraws(DrawTable &table);
void addPoolDraws(DrawTable &table);
void addNormDraws(DrawTable &table);
void addLossDraws(DrawTable &table);
void addAttentionDraws(DrawTable &table);
void addControlDraws(DrawTable &table);

DrawTable makeDrawTable();

template <typename OpTy, typename Function> void addDraw(DrawTable &table, Function draw) {
  table[OpTy::getOperationName().str()] = draw;
}

} // namespace dsc::cpucheck

#endif // DSC_TEST_CPUCHECK_OPDRAWS_H
