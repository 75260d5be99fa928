// The tuning database: rows as text, their look-up, and their merging with other processes'.
#include "backend/tuning.h"

#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace cnn {
namespace {

constexpr std::string_view kHeader = "libcnn tuning 1";
constexpr std::string_view kNoParameters = "-";
constexpr size_t kLargestFile = size_t{64} << 20;
constexpr size_t kFields = 5;

std::string row_key(std::string_view device, std::string_view operation,
                    std::string_view candidate) {
    return text(device, '\t', operation, '\t', candidate);
}

// The part of `rest` before `end`, which is taken off with it.
std::string_view take_until(std::string_view &rest, char end) {
    const size_t at = rest.find(end);
    const std::string_view part = rest.substr(0, at);
    rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
    return part;
}

std::optional<TuningRow> row_of(std::string_view line) {
    std::array<std::string_view, kFields> field;
    for (auto &part : field) part = take_until(line, '\t');
    const auto seconds = parse_double(field[4]);
    if (!line.empty() || !seconds || !std::isfinite(*seconds) || *seconds < 0) return {};
    for (const auto &part : field)
        if (part.empty() || !valid_utf8(part)) return {};
    return TuningRow{std::string(field[0]), std::string(field[1]), std::string(field[2]),
                     field[3] == kNoParameters ? std::string() : std::string(field[3]), *seconds};
}

std::string any_of_kind(const FusedOp &group) {
    return text(name_of(group.head().kind), " *");
}

std::string sizes(const std::array<int64_t, 3> &values, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += text(i ? "," : "", values[static_cast<size_t>(i)]);
    return out;
}

std::string attributes_key(const Op &op) {
    if (const auto *a = std::get_if<ConvolutionAttributes>(&op.attributes)) {
        const Window &w = a->window;
        return text(" groups=", a->groups, " stride=", sizes(w.stride, w.spatial),
                    " dilation=", sizes(w.dilation, w.spatial),
                    " padding=", sizes(w.pad_begin, w.spatial), ';', sizes(w.pad_end, w.spatial));
    }
    if (const auto *a = std::get_if<PointwiseAttributes>(&op.attributes)) {
        if (a->form == PointwiseForm::activation) return text(" ", name_of(a->activation));
        return text(" form=", static_cast<int>(a->form));
    }
    return {};
}

}  // namespace

std::string tuning_field(std::string_view text) {
    std::string out(text.empty() ? "-" : text);
    for (char &c : out)
        if (static_cast<unsigned char>(c) < ' ') c = ' ';
    return out;
}

void TuningTable::put(TuningRow row) {
    std::string key = row_key(row.device, row.operation, row.candidate);
    rows_.insert_or_assign(std::move(key), std::move(row));
}

bool TuningTable::has(const TuningRow &row) const {
    return rows_.contains(row_key(row.device, row.operation, row.candidate));
}

const TuningRow *TuningTable::find(const std::vector<std::string> &devices, const FusedOp &group,
                                   const Candidate &candidate) const {
    if (rows_.empty()) return nullptr;
    const std::string operation = operation_key(group), key = candidate_key(group, candidate);
    const std::string any = any_of_kind(group);
    for (const std::string &device : devices) {
        auto row = rows_.find(row_key(device, operation, key));
        if (row == rows_.end()) row = rows_.find(row_key(device, any, candidate.algorithm));
        if (row != rows_.end()) return &row->second;
    }
    return nullptr;
}

std::string TuningTable::to_text() const {
    std::string out = text(kHeader, '\n');
    for (const auto &[key, row] : rows_)
        out += text(key, '\t', row.parameters.empty() ? kNoParameters : row.parameters, '\t',
                    row.seconds, '\n');
    return out;
}

size_t TuningTable::add_text(std::string_view file) {
    if (take_until(file, '\n') != kHeader) return file.empty() ? 1 : 2;
    size_t wrong = 0;
    while (!file.empty()) {
        // A line without an end was cut short.
        const bool whole = file.find('\n') != std::string_view::npos;
        auto row = row_of(take_until(file, '\n'));
        if (row && whole)
            put(std::move(*row));
        else
            ++wrong;
    }
    return wrong;
}

TuningDatabase::TuningDatabase(std::vector<std::string> devices, std::string_view shipped,
                               std::string directory, Log log)
    : devices_(std::move(devices)), directory_(std::move(directory)), log_(log) {
    auto table = std::make_shared<TuningTable>();
    if (!shipped.empty()) table->add_text(shipped);
    read_into(*table);
    table_ = std::move(table);
}

std::string TuningDatabase::path() const {
    return text(directory_, "/tuning-1.txt");
}

void TuningDatabase::read_into(TuningTable &table) const {
    if (directory_.empty()) return;
    std::string why;
    try {
        const std::vector<uint8_t> file = read_file(path(), kLargestFile);
        const size_t wrong =
            table.add_text({reinterpret_cast<const char *>(file.data()), file.size()});
        if (wrong == 0) return;
        why = text(wrong, " lines are left out");
    } catch (const Error &error) {
        why = error.message;
    }
    if (log_.enabled(kLogInfo))
        log_.write(kLogInfo, text("tuning database \"", path(), "\": ", why));
}

std::shared_ptr<const TuningTable> TuningDatabase::table() const {
    const std::lock_guard lock(mutex_);
    return table_;
}

void TuningDatabase::add(const std::vector<TuningRow> &rows) {
    if (rows.empty()) return;
    const std::lock_guard lock(mutex_);
    auto table = std::make_shared<TuningTable>(*table_);
    TuningTable stored;
    if (directory_.empty()) {
        for (const TuningRow &row : rows) table->put(row);
        table_ = std::move(table);
        return;
    }
    const FileLock others(text(directory_, "/tuning.lock"));
    read_into(*table);
    read_into(stored);
    for (const TuningRow &row : rows) {
        table->put(row);
        stored.put(row);
    }
    table_ = std::move(table);
    try {
        const std::string file = stored.to_text();
        write_file_atomic(path(), {reinterpret_cast<const uint8_t *>(file.data()), file.size()});
    } catch (const Error &error) {
        if (log_.enabled(kLogWarning))
            log_.write(kLogWarning, text("tuning isn't kept: ", error.message));
    }
}

bool is_tunable(const FusedOp &group) {
    return std::holds_alternative<ConvolutionAttributes>(group.head().attributes);
}

std::string operation_key(const FusedOp &group) {
    std::string out;
    for (const Op &op : group.ops)
        out += text(out.empty() ? "" : " + ", name_of(op.kind), attributes_key(op));
    out += " of";
    for (int32_t i = 0; i < group.operands(); ++i)
        out += text(' ', to_text(group.tensors[static_cast<size_t>(i)].shape));
    if (group.accept != 0) out += text(" accept=", group.accept);
    return out;
}

std::string candidate_key(const FusedOp &group, const Candidate &candidate) {
    std::string out = candidate.algorithm;
    for (size_t i = 0; i < candidate.layouts.size(); ++i)
        out += text(' ', to_text(candidate.layouts[i], group.tensors[i].shape));
    return out;
}

void apply_tuning(const Device &device, const TuningTable &table, const FusedOp &group,
                  std::vector<Candidate> &candidates) {
    const TuningDatabase *database = device.tuning();
    if (!database || !is_tunable(group)) return;
    for (Candidate &candidate : candidates) {
        const TuningRow *row = table.find(database->devices(), group, candidate);
        if (!row) continue;
        // Seconds hold for what was measured alone.
        const bool there =
            row->parameters.empty() || device.configure(group, candidate, row->parameters);
        if (there && row->seconds > 0) candidate.seconds = row->seconds;
    }
}

}  // namespace cnn
