// The thresholds that figures are judged by. The values here are the shipped defaults, and no other
// place has them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace ringside {

// What may differ from one operation to the next.
struct OperationThresholds {
  std::int64_t response_ns = 0;   // 0: as for all
  double error_percent = -1;      // negative: as for all
  friend bool operator==(const OperationThresholds&, const OperationThresholds&) = default;
};

// What a server says of an operation of its own.
struct Declared {
  std::int64_t response_ns = 0;    // its threshold; 0: none
  // Most of its time is its client's (connect, long poll). So it is no bottleneck, gets no advice
  // and no default threshold.
  bool waits_for_client = false;
  friend bool operator==(const Declared&, const Declared&) = default;
};

struct Thresholds {
  std::int64_t response_ns = 1'000'000'000;
  double error_percent = 5;
  std::uint64_t memory_bytes = std::uint64_t{1} << 30;
  std::uint64_t connections = 1000;
  // A window with fewer calls proves nothing. Alerts need this many in the last minute, the verdict
  // in the window that it judges.
  std::uint64_t min_samples = 20;
  std::map<std::string, OperationThresholds> operations = {{"CREATE_ROOM", {500'000'000, -1}},
                                                           {"SEND_MESSAGE", {200'000'000, -1}}};

  // The configuration's for this operation, else the declared one, else the one for all. 0: none.
  std::int64_t response_of(const std::string& operation, const Declared& declared = {}) const {
    const auto found = operations.find(operation);
    if (found != operations.end() && found->second.response_ns > 0)
      return found->second.response_ns;
    if (declared.response_ns > 0) return declared.response_ns;
    return declared.waits_for_client ? 0 : response_ns;
  }
  // The empty name stands for all operations together.
  double error_percent_of(const std::string& operation) const {
    const auto found = operations.find(operation);
    return found != operations.end() && found->second.error_percent >= 0
               ? found->second.error_percent
               : error_percent;
  }
  friend bool operator==(const Thresholds&, const Thresholds&) = default;
};

}  // namespace ringside
