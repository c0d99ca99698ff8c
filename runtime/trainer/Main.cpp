//===- Main.cpp - Every trainer's main ------------------------------------===//
#include "trainer/Run.h"

int main(int argc, char **argv) { return dsc::runTrainer(dscModule, argc, argv); }
