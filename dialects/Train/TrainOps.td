//===- TrainOps.td - Every op of the train dialect, a family a file -------===//
#ifndef DSC_TRAIN_OPS_TD
#define DSC_TRAIN_OPS_TD

include "Elementwise.td"
include "Shape.td"
include "Reduce.td"
include "Linear.td"
include "Pool.td"
include "Index.td"
include "Norm.td"
include "Attention.td"
include "Loss.td"
include "Random.td"
include "Optimizer.td"
include "Control.td"
include "Step.td"

#endif // DSC_TRAIN_OPS_TD
