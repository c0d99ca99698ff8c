// Losses and their gradients are PyTorch's.
// RUN: sed 's/SHAPE/6x7/g' %s | dsc-opt --dsc-train-pipeline="loss=cross-entropy" -o %t.mlir
// RUN: python3 %S/follow_golden.py losses %{goldens}/loss-nc.npz %t.mlir
// RUN: sed 's/SHAPE/6x7/g' %s | dsc-opt --dsc-train-pipeline="loss=cross-entropy ignore-index=-100" -o %t.mlir
// RUN: python3 %S/follow_golden.py losses %{goldens}/loss-nc-ignore.npz %t.mlir
// RUN: sed 's/SHAPE/6x7/g' %s | dsc-opt --dsc-train-pipeline="loss=cross-entropy ignore-index=2" -o %t.mlir
// RUN: python3 %S/follow_golden.py losses %{goldens}/loss-nc-ignore-class.npz %t.mlir
// RUN: sed 's/SHAPE/6x7/g' %s | dsc-opt --dsc-train-pipeline="loss=cross-entropy label-smoothing=0.1" -o %t.mlir
// RUN: python3 %S/follow_golden.py losses %{goldens}/loss-nc-smooth.npz %t.mlir
// RUN: sed 's/SHAPE/6x7/g' %s | dsc-opt --dsc-train-pipeline="loss=cross-entropy label-smoothing=0.2 ignore-index=-1" -o %t.mlir
// RUN: python3 %S/follow_golden.py losses %{goldens}/loss-nc-smooth-ignore.npz %t.mlir
// RUN: sed 's/SHAPE/6x7x3/g' %s | dsc-opt --dsc-train-pipeline="loss=cross-entropy class-axis=1" -o %t.mlir
// RUN: python3 %S/follow_golden.py losses %{goldens}/loss-ncd.npz %t.mlir
// RUN: sed 's/SHAPE/6x7x3/g' %s | dsc-opt --dsc-train-pipeline="loss=cross-entropy class-axis=1 label-smoothing=0.1 ignore-index=3" -o %t.mlir
// RUN: python3 %S/follow_golden.py losses %{goldens}/loss-ncd-smooth-ignore.npz %t.mlir
// RUN: sed 's/SHAPE/6x3x7/g' %s | dsc-opt --dsc-train-pipeline="loss=cross-entropy" -o %t.mlir
// RUN: python3 %S/follow_golden.py losses %{goldens}/loss-ntc.npz %t.mlir
// RUN: sed 's/SHAPE/6x3x7/g' %s | dsc-opt --dsc-train-pipeline="loss=cross-entropy label-smoothing=0.1 ignore-index=0" -o %t.mlir
// RUN: python3 %S/follow_golden.py losses %{goldens}/loss-ntc-smooth-ignore.npz %t.mlir
// RUN: sed 's/SHAPE/6x3x7/g' %s | dsc-opt --dsc-train-pipeline="loss=mse" -o %t.mlir
// RUN: python3 %S/follow_golden.py losses %{goldens}/loss-mse.npz %t.mlir
// RUN: sed 's/SHAPE/6x3x7/g' %s | dsc-opt --dsc-train-pipeline="loss=l1" -o %t.mlir
// RUN: python3 %S/follow_golden.py losses %{goldens}/loss-l1.npz %t.mlir
// RUN: sed 's/SHAPE/6x3x7/g' %s | dsc-opt --dsc-train-pipeline="loss=bce-with-logits" -o %t.mlir
// RUN: python3 %S/follow_golden.py losses %{goldens}/loss-bce.npz %t.mlir

// And the comparison can fail: another loss of the same shapes.
// RUN: sed 's/SHAPE/6x3x7/g' %s | dsc-opt --dsc-train-pipeline="loss=l1" -o %t.mlir
// RUN: not python3 %S/follow_golden.py losses %{goldens}/loss-mse.npz %t.mlir 2>&1 | FileCheck %s
// CHECK: error: loss: largest difference

train.variable parameter @p : tensor<SHAPExf32> = dense<0.0> : tensor<SHAPExf32>
func.func @forward(%x: tensor<SHAPExf32> {train.name = "x"}) -> (tensor<SHAPExf32> {train.name = "logits"}) {
  %p = train.read @p : tensor<SHAPExf32>
  %y = train.add %x, %p : tensor<SHAPExf32>
  return %y : tensor<SHAPExf32>
}
