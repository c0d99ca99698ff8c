//===- Dataset.h - Samples for the model's inputs -------------------------===//
//
// A data set gives the rows of every input of the model, converted to the
// input's type and checked. Two kinds: named arrays, and a token file.
//
//===----------------------------------------------------------------------===//
#ifndef DSC_RUNTIME_TRAINER_DATASET_H
#define DSC_RUNTIME_TRAINER_DATASET_H

#include "trainer/Convert.h"
#include "trainer/Module.h"

namespace dsc {

class Dataset {
public:
  virtual ~Dataset() = default;

  virtual int64_t samples() const = 0;
  /// After how many draws an unshuffled run starts over.
  virtual int64_t sequentialPeriod(int64_t batch) const = 0;
  /// Writes the row of input `input` for `sample`. Values are not checked yet.
  virtual void readRow(int input, int64_t sample, void *row) const = 0;
  /// The rows [sample, sample + count) where they lie as the model wants them, or null.
  virtual const void *rowsInPlace(int input, int64_t sample, int64_t count) const = 0;
  /// "array 'labels' of train.npz"
  virtual std::string describe(int input) const = 0;
  virtual const std::string &path() const = 0;

  /// Fails naming array, sample and value where a label or index is out of range.
  void checkRow(int input, int64_t sample, const void *row) const;

protected:
  explicit Dataset(const std::vector<InputInfo> &inputs) : inputs(inputs) {}
  const std::vector<InputInfo> &inputs;
};

/// Opens what `--data` or `--eval-data` (`flag`) names. `module` must outlive the data set.
std::unique_ptr<Dataset> openDataset(const std::string &path, const std::string &flag,
                                     const ModuleInfo &module, const Scaling &scaling);

/// The two kinds.
std::unique_ptr<Dataset> openArrayDataset(const std::string &path, const ModuleInfo &module,
                                          const Scaling &scaling);
std::unique_ptr<Dataset> openTokenDataset(const std::string &path, const ModuleInfo &module);

} // namespace dsc

#endif // DSC_RUNTIME_TRAINER_DATASET_H
