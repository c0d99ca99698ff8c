// Switches that test/emulator/sites.py puts into CUDA sources: every mutant is the same binary, and
// MUTANT in the environment says which number drops what it stands for. 0 is the right program.
#ifndef DSC_TEST_EMULATOR_MUTANTS_H
#define DSC_TEST_EMULATOR_MUTANTS_H

namespace mutants {

extern const int chosen;

/// Notes that dropping this would matter here. With MUTANTS_SEEN=FILE, the file names all such
/// numbers in the end.
void note(int number);

/// Of a barrier or a wait: whether it is left out.
inline bool drops(int number) {
  note(number);
  return number == chosen;
}

/// Of a condition: what it says, or `neutral` where it is left out.
inline bool holds(int number, bool condition, bool neutral) {
  if (condition != neutral)
    note(number);
  return number == chosen ? neutral : condition;
}

} // namespace mutants

#endif // DSC_TEST_EMULATOR_MUTANTS_H
