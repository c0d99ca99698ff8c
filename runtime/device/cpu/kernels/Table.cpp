//===- Table.cpp - The functions of one level -----------------------------===//
#include "device/cpu/kernels/Level.h"

#define DSC_STRING_OF(x) #x
#define DSC_STRING(x) DSC_STRING_OF(x)

namespace dsc::DSC_LEVEL {

extern const KernelTable table;
const KernelTable table = {
    DSC_STRING(DSC_LEVEL), attentionScratch, attention,          attentionGrad,
    transposeWords,        maxPoolPlane,     avgPoolPlane,       avgPoolGradPlane,
    thinConvScratch,       thinConv,         thinConvWeightGrad,
};

} // namespace dsc::DSC_LEVEL
