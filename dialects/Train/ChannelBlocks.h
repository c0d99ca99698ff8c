//===- ChannelBlocks.h - Tensors whose channels lie in blocks -------------===//
//
// Convolutions are fastest where the channels of a pixel that fill a vector lie side by
// side: [N, C, S...] as [N, C/b, S..., b]. Nothing but ordinary ops says so:
//
//   blocks = transpose(reshape(plain))    [N, C, S...] -> [N, C/b, b, S...] -> [N, C/b, S..., b]
//   plain  = reshape(transpose(blocks))
//
// A value "is in blocks" where it is the second of these; who can read blocks takes its operand.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_DIALECTS_TRAIN_CHANNELBLOCKS_H
#define DSC_DIALECTS_TRAIN_CHANNELBLOCKS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace dsc::train {

/// [N, C, S...] in blocks of `block` channels; C is a multiple of it.
mlir::Value toBlocks(mlir::OpBuilder &builder, mlir::Value plain, int64_t block);

/// The tensor [N, C, S...] of these blocks.
mlir::Value fromBlocks(mlir::OpBuilder &builder, mlir::Value blocks);

/// The blocks that a value [N, C, S...] is made of; null where it is not in such blocks.
mlir::Value findBlocks(mlir::Value plain, int64_t block);

/// The blocks that are all that is read of a value [N, C, S...]; null where there are none.
mlir::Value findReadBlocks(mlir::Value plain, int64_t block);

/// The shape of [N, C, S...] in blocks.
llvm::SmallVector<int64_t> blockedShape(llvm::ArrayRef<int64_t> plain, int64_t block);

/// What replaces the results of an elementwise op of which some operands are in blocks: the
/// same in blocks.
llvm::SmallVector<mlir::Value> buildElementwiseOnBlocks(mlir::OpBuilder &builder,
                                                        mlir::Operation *op, int64_t block);

} // namespace dsc::train

#endif // DSC_DIALECTS_TRAIN_CHANNELBLOCKS_H
