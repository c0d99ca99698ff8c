//===- Order.cpp - Which sample is drawn when -----------------------------===//
#include "trainer/Order.h"

using namespace dsc;

uint64_t dsc::mixBits(uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

double dsc::uniform(uint64_t seed, uint64_t index) {
  return static_cast<double>(mixBits(mixBits(seed) ^ index) >> 11) * 0x1p-53;
}

Permutation::Permutation(uint64_t size, uint64_t key) : size(size), key(key) {
  while (halfBits < 32 && (uint64_t(1) << (2 * halfBits)) < size)
    ++halfBits;
}

uint64_t Permutation::encrypt(uint64_t value) const {
  uint64_t mask = (uint64_t(1) << halfBits) - 1;
  uint64_t left = value >> halfBits, right = value & mask;
  for (uint64_t round = 0; round < 6; ++round) {
    uint64_t next = left ^ (mixBits(key ^ mixBits(right << 3 | round)) & mask);
    left = right;
    right = next;
  }
  return left << halfBits | right;
}

uint64_t Permutation::at(uint64_t index) const {
  do
    index = encrypt(index);
  while (index >= size);
  return index;
}

int64_t SampleOrder::at(int64_t draw) const {
  if (!shuffle)
    return draw % period;
  uint64_t epoch = static_cast<uint64_t>(draw / samples);
  Permutation permutation(static_cast<uint64_t>(samples), mixBits(seed) ^ mixBits(~epoch));
  return static_cast<int64_t>(permutation.at(static_cast<uint64_t>(draw % samples)));
}
