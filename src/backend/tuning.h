// What was measured of devices: for operations of given shapes, which parameters each way to run
// them is best built with and how long it then takes. Plans are made by a table that doesn't change
// under them, so the same table gives the same plan.
//
// The database is one text file in the host's cache directory, "tuning-1.txt", which all processes
// and devices share: a line "libcnn tuning 1", then a row a line, of five fields between tabs:
//   device      what the row is of; several, from the one device to its whole class, are looked up
//   operation   operation_key(), or "convolution *" for any of that kind
//   candidate   candidate_key(), or the algorithm alone in a row for any operation of a kind
//   parameters  Candidate::parameters, or "-" where nothing is better than the backend's choice
//   seconds     measured; 0 where only the parameters count
// Who adds rows holds a lock beside it, reads it again, and replaces it at once. Lines that can't
// be read are left out; a file that can't be means measuring again, never an error.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"

namespace cnn {

struct TuningRow {
    std::string device, operation, candidate, parameters;
    double seconds = 0;
};

class TuningTable {
  public:
    // In place of the row of the same device, operation and candidate.
    void put(TuningRow row);
    // The row of the first of the devices that has one, of the operation itself before any of its
    // kind; null where there is none.
    const TuningRow *find(const std::vector<std::string> &devices, const FusedOp &group,
                          const Candidate &candidate) const;
    // Whether there is one of the same device, operation and candidate.
    bool has(const TuningRow &row) const;
    size_t size() const { return rows_.size(); }

    std::string to_text() const;
    // Adds the rows of a file; how many of its lines are none.
    size_t add_text(std::string_view file);

  private:
    std::map<std::string, TuningRow, std::less<>> rows_;  // by the first three fields
};

// Of one device. Any thread.
class TuningDatabase {
  public:
    // `devices`: the keys to look up, this one's first. `shipped`: what holds without a
    // measurement. No directory: rows are kept in memory alone.
    TuningDatabase(std::vector<std::string> devices, std::string_view shipped,
                   std::string directory, Log log);

    const std::vector<std::string> &devices() const { return devices_; }
    // All that is known now.
    std::shared_ptr<const TuningTable> table() const;
    // Adds rows, for other processes too.
    void add(const std::vector<TuningRow> &rows);

  private:
    std::string path() const;
    void read_into(TuningTable &table) const;

    std::vector<std::string> devices_;
    std::string directory_;
    Log log_;
    mutable std::mutex mutex_;
    std::shared_ptr<const TuningTable> table_;
};

// Whether measuring chooses among the ways to run a group: convolutions and dense layers, in all
// directions, with what is fused to them.
bool is_tunable(const FusedOp &group);
// What a group does, its shapes included: "convolution+bias x=...".
std::string operation_key(const FusedOp &group);
// The algorithm and the layouts of its operands.
std::string candidate_key(const FusedOp &group, const Candidate &candidate);

// Gives candidates of the group what the table knows of them.
void apply_tuning(const Device &device, const TuningTable &table, const FusedOp &group,
                  std::vector<Candidate> &candidates);

// A field for a key: as given, without tabs and line ends.
std::string tuning_field(std::string_view text);

}  // namespace cnn
