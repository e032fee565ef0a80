// The load's own count: every line that a client sent and what became of the line.
//
//   handed to a connection ──> sent ──> answered (ok, rejected, denied, limited, error, timeout)
//                        └──> unsent   └──> unanswered (connection broken, or deadline passed)
//
//   B1  sent = answered + unanswered + in flight. After the end nothing is in flight.
//   B2  A line counts as sent when its last byte is in the socket: the server takes no line without
//       its newline.
//   B3  `answered` of an operation equals the server's count as long as no connection broke. If one
//       broke, the server's count lies between answered and answered + unanswered.
//   B4  Every line is counted, whoever caused it. `Source` says who.
//
// Each thread keeps its own books. They are added up when the threads have ended.
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

// Who caused a line: 0 the set-up, 1 the mix, 2 a login after a lost connection, 3 and above the
// incidents.
using Source = std::uint8_t;
inline constexpr Source kSetup = 0;
inline constexpr Source kMix = 1;
inline constexpr Source kRelogin = 2;
inline constexpr Source kFirstIncident = 3;

// A distribution of spans in nanoseconds. Count, sum, minimum and maximum are exact. Quantiles are
// within 1.09 %, for spans up to 35 h (report/model/buckets.h).
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
  // The q-quantile by nearest rank in nanoseconds, for 0 <= q <= 1. 0 when empty.
  double quantile_ns(double q) const;

 private:
  std::uint64_t count_ = 0;
  std::uint64_t sum_ns_ = 0;
  std::uint64_t min_ns_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t max_ns_ = 0;
  // Index: bucket_of() - kMinBucket. Empty until something is recorded.
  std::vector<std::uint64_t> buckets_;
};

// What became of the lines of one kind from one source.
struct Tally {
  std::uint64_t sent = 0;
  std::uint64_t unsent = 0;  // no connection to send it on, or it broke before the line was out
  std::array<std::uint64_t, kOutcomeCount> outcomes{};
  std::uint64_t lost = 0;        // unanswered because the connection broke
  std::uint64_t late = 0;        // unanswered because the deadline after the end passed
  std::map<int, std::uint64_t> codes;
  Latencies from_intended;       // from the time at which the schedule wanted the line sent
  Latencies from_send;           // from the time at which its last byte went to the socket

  std::uint64_t answered() const;
  std::uint64_t unanswered() const { return lost + late; }
  void merge(const Tally& other);
};

struct Connections {
  std::uint64_t opened = 0;
  std::uint64_t failed = 0;   // attempts that failed
  std::uint64_t lost = 0;     // broken, closed by the server, or cut when it broke the protocol
  std::uint64_t refused = 0;  // answered with TOO_MANY_CONNECTIONS
  void merge(const Connections& other);
};

// Lines that are no operation have the tally of Op::none. Their answers have the codes 1001, 1002
// and 1003 and count as rejected, like every 1xxx code.
class Books {
 public:
  explicit Books(std::size_t sources) : by_source_(sources), connections_(sources) {}

  // One function for each thing that can happen to a line. Rejected: callers that add to a Tally
  // themselves, because then no single place decides what changes which figure.
  void count_sent(Source source, Op op) { ++tally(source, op).sent; }
  void count_unsent(Source source, Op op) { ++tally(source, op).unsent; }
  void count_lost(Source source, Op op) { ++tally(source, op).lost; }
  void count_late(Source source, Op op) { ++tally(source, op).late; }
  // `expected` is what was sent. The answer's own op is what the server took the line for. If the
  // two differ, the line moves to the tally of the server's op, and misread() grows.
  void count_answer(Source source, Op expected, const Answer& answer, std::int64_t from_intended_ns,
                    std::int64_t from_send_ns);
  // An answer that belongs to no line: TOO_MANY_CONNECTIONS.
  void count_notice(Source source, const Answer& answer);
  void count_push() { ++pushes_; }
  void count_protocol_error(std::string reason);

  std::size_t sources() const { return by_source_.size(); }
  Tally& tally(Source source, Op op) { return by_source_[source][index_of(op)]; }
  const Tally& tally(Source source, Op op) const { return by_source_[source][index_of(op)]; }
  Connections& connections(Source source) { return connections_[source]; }
  const Connections& connections(Source source) const { return connections_[source]; }
  // The sum over all sources, with the latencies of the mix alone. The set-up runs before the clock
  // starts, and incidents are meant to be slow.
  Tally total(Op op) const;
  std::uint64_t pushes() const { return pushes_; }
  std::uint64_t misread() const { return misread_; }
  std::uint64_t protocol_errors() const { return protocol_errors_; }
  const std::vector<std::string>& protocol_error_examples() const { return examples_; }
  const std::map<int, std::uint64_t>& notices() const { return notices_; }
  // The server's name for a code, as it came in an answer. Empty for a code that no answer had.
  std::string code_name(int code) const;

  void merge(const Books& other);

 private:
  std::vector<std::array<Tally, kLineKinds>> by_source_;
  std::vector<Connections> connections_;
  std::map<int, std::uint64_t> notices_;
  std::map<int, std::string> code_names_;
  std::uint64_t pushes_ = 0;
  std::uint64_t misread_ = 0;  // lines that the server took for another operation
  std::uint64_t protocol_errors_ = 0;
  std::vector<std::string> examples_;  // of protocol errors, 5 at most
};

}  // namespace ringside::load
