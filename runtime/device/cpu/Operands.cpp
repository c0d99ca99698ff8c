//===- Operands.cpp - Reading the tables of a routine's call --------------===//
#include "device/cpu/Operands.h"

using namespace dsc;

static const char *nameOf(const DscCall *call) { return call->name ? call->name : "routine"; }

int64_t Operands::fail(const char *what, int64_t value) {
  if (!failed)
    dscSetError("%s: ints[%lld]: %s, got %lld", nameOf(call), static_cast<long long>(position) - 1,
                what, static_cast<long long>(value));
  failed = true;
  return 0;
}

int64_t Operands::next() {
  const int64_t *value = take(1);
  return value ? *value : 0;
}

const int64_t *Operands::take(int64_t count) {
  if (failed)
    return nullptr;
  if (count < 0 || position + count > call->numInts) {
    dscSetError("%s: expected at least %lld ints, got %d", nameOf(call),
                static_cast<long long>(position) + count, call->numInts);
    failed = true;
    return nullptr;
  }
  const int64_t *values = call->ints + position;
  position += count;
  return values;
}

int64_t Operands::rank(int64_t low, int64_t high) {
  int64_t value = next();
  if (!failed && (value < low || value > high))
    return fail("expected a supported number of dimensions", value);
  return value;
}

int64_t Operands::size() {
  int64_t value = next();
  return !failed && value < 0 ? fail("expected a size of at least 0", value) : value;
}

int64_t Operands::elementBytes() {
  int64_t value = next();
  bool known = value == 1 || value == 2 || value == 4 || value == 8;
  return failed || known ? value : fail("expected 1, 2, 4 or 8 bytes per element", value);
}

int64_t Operands::indexType() {
  int64_t value = next();
  bool known = value == DSC_I32 || value == DSC_I64;
  return failed || known ? value : fail("expected an index type, DSC_I32 or DSC_I64", value);
}

int64_t Operands::type(unsigned allowed) {
  int64_t value = next();
  bool known = value >= 0 && value < 32 && ((allowed >> value) & 1);
  return failed || known ? value : fail("expected an element type that the routine has", value);
}

bool Operands::ok() {
  if (!failed && position != call->numInts) {
    dscSetError("%s: expected %lld ints, got %d", nameOf(call), static_cast<long long>(position),
                call->numInts);
    failed = true;
  }
  return !failed;
}
