// Keeps every record, and answers by looking at all of them. It is slow and simple, and shares no
// code with the daemon.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace ringside::test {

struct OracleRecord {
  std::uint16_t operation;
  std::uint8_t outcome;
  std::uint32_t lane;
  std::uint64_t position;
  std::int64_t start_ns;
  std::int64_t duration_ns;
  std::uint64_t actor;
  std::int64_t end_ns() const { return start_ns + duration_ns; }
};

class Oracle {
 public:
  std::vector<OracleRecord> all;

  // The records of an operation that ended in [from, to), in ns.
  std::vector<OracleRecord> of(int operation, std::int64_t from, std::int64_t to) const {
    std::vector<OracleRecord> out;
    for (const OracleRecord& record : all) {
      if (record.operation == operation && record.end_ns() >= from && record.end_ns() < to)
        out.push_back(record);
    }
    return out;
  }

  static std::int64_t quantile(std::vector<OracleRecord> records, double q) {
    std::sort(records.begin(), records.end(), [](const OracleRecord& a, const OracleRecord& b) {
      return a.duration_ns < b.duration_ns;
    });
    const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(records.size())));
    return records[rank == 0 ? 0 : rank - 1].duration_ns;
  }

  std::vector<OracleRecord> last(int operation, std::size_t n) const {
    std::vector<OracleRecord> out = of(operation, INT64_MIN, INT64_MAX);
    std::sort(out.begin(), out.end(), [](const OracleRecord& a, const OracleRecord& b) {
      if (a.end_ns() != b.end_ns()) return a.end_ns() > b.end_ns();
      if (a.lane != b.lane) return a.lane > b.lane;
      return a.position > b.position;
    });
    if (out.size() > n) out.resize(n);
    return out;
  }
};

}  // namespace ringside::test
