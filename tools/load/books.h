// The load's own count: every line that a client sent, and what became of it.
//
//   handed to a connection ──> sent ──> answered (ok, rejected, denied, limited, error, timeout)
//                        └──> unsent   └──> unanswered (connection broken, or deadline passed)
//
//   B1  sent = answered + unanswered + in flight; after the end nothing is in flight.
//   B2  A line counts as sent when its last byte is in the socket: the server takes no line without
//       its newline.
//   B3  `answered` of an operation is what the server has counted, as long as no connection broke.
//       Where one did, the server's count lies between answered and answered + unanswered.
//   B4  Everything is counted, whoever caused it; `Source` tells them apart.
//
// Each thread keeps books of its own; they are added up when the threads have ended.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "report/model/histogram.h"
#include "tools/load/answer.h"
#include "tools/load/operations.h"

namespace ringside::load {

// Who caused a line: 0 the set-up, 1 the mix, 2 logins after a lost connection, from 3 on the
// incidents.
using Source = std::uint8_t;
inline constexpr Source kSetup = 0;
inline constexpr Source kMix = 1;
inline constexpr Source kRelogin = 2;
inline constexpr Source kFirstIncident = 3;

// A distribution of spans in nanoseconds: exact count, sum, minimum and maximum; quantiles within
// 1.09 %, and up to 35 h (report/model/buckets.h).
class Latencies {
 public:
  void record(std::int64_t span_ns);
  void merge(const Latencies& other);
  std::uint64_t count() const { return count_; }
  std::uint64_t min_ns() const { return count_ == 0 ? 0 : min_ns_; }
  std::uint64_t max_ns() const { return max_ns_; }
  double mean_ns() const {
    return count_ == 0 ? 0 : static_cast<double>(sum_ns_) / static_cast<double>(count_);
  }
  // Nearest rank, 0 <= q <= 1, in nanoseconds; 0 when empty.
  double quantile_ns(double q) const;

 private:
  std::uint64_t count_ = 0;
  std::uint64_t sum_ns_ = 0;
  std::uint64_t min_ns_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t max_ns_ = 0;
  std::vector<std::uint64_t>
      buckets_;  // by bucket_of() - kMinBucket; empty until something is recorded
};

// What became of the lines of one kind from one source.
struct Tally {
  std::uint64_t sent = 0;
  std::uint64_t unsent =
      0;  // there was no connection to send it on, or it broke before the line was out
  std::array<std::uint64_t, kOutcomeCount> outcomes{};
  std::uint64_t lost = 0;        // unanswered: the connection broke
  std::uint64_t late = 0;        // unanswered: the deadline after the end passed
  std::map<int, std::uint64_t> codes;
  Latencies from_intended;       // from the time at which the schedule wanted it sent
  Latencies from_send;           // from the time at which it was handed to the socket

  std::uint64_t answered() const;
  std::uint64_t unanswered() const { return lost + late; }
  void merge(const Tally& other);
};

struct Connections {
  std::uint64_t opened = 0;
  std::uint64_t failed = 0;   // attempts
  std::uint64_t lost = 0;     // closed by the other side
  std::uint64_t refused = 0;  // told TOO_MANY_CONNECTIONS
  void merge(const Connections& other);
};

// The answers to lines that are no operation come as 1001, 1002, 1003; those of `none`'s tally have
// no outcome class of their own, so they are counted as rejected.
class Books {
 public:
  explicit Books(std::size_t sources) : by_source_(sources), connections_(sources) {}

  // Not `at(source)[op]` throughout the code: one place decides what an event does to the figures.
  void count_sent(Source source, Op op) { ++tally(source, op).sent; }
  void count_unsent(Source source, Op op) { ++tally(source, op).unsent; }
  void count_lost(Source source, Op op) { ++tally(source, op).lost; }
  void count_late(Source source, Op op) { ++tally(source, op).late; }
  // `expected` is what was sent, the answer's own op is what the server has taken it for; if they
  // differ, the line is counted as what the server took it for.
  void count_answer(Source source, Op expected, const Answer& answer, std::int64_t from_intended_ns,
                    std::int64_t from_send_ns);
  // An answer to no line: TOO_MANY_CONNECTIONS.
  void count_notice(Source source, const Answer& answer);
  void count_push() { ++pushes_; }
  void count_protocol_error(std::string reason);

  std::size_t sources() const { return by_source_.size(); }
  Tally& tally(Source source, Op op) { return by_source_[source][index_of(op)]; }
  const Tally& tally(Source source, Op op) const { return by_source_[source][index_of(op)]; }
  Connections& connections(Source source) { return connections_[source]; }
  const Connections& connections(Source source) const { return connections_[source]; }
  // All sources together, with the latencies of the mix alone: set-up runs before the clock, and
  // incidents are there to be slow.
  Tally total(Op op) const;
  std::uint64_t pushes() const { return pushes_; }
  std::uint64_t misread() const { return misread_; }
  std::uint64_t protocol_errors() const { return protocol_errors_; }
  const std::vector<std::string>& protocol_error_examples() const { return examples_; }
  const std::map<int, std::uint64_t>& notices() const { return notices_; }
  // The server's name for a code, as it came over the wire.
  std::string code_name(int code) const;

  void merge(const Books& other);

 private:
  std::vector<std::array<Tally, kLineKinds>> by_source_;
  std::vector<Connections> connections_;
  std::map<int, std::uint64_t> notices_;
  std::map<int, std::string> code_names_;
  std::uint64_t pushes_ = 0;
  std::uint64_t misread_ = 0;  // lines that the server took for another operation than we sent
  std::uint64_t protocol_errors_ = 0;
  std::vector<std::string> examples_;  // the first few
};

}  // namespace ringside::load
