// The simulated server's ring: what it writes, until the daemon reads it, and its own totals.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "report/model/books.h"
#include "shm/record.h"
#include "tools/simulate/random.h"
#include "tools/simulate/times.h"
#include "tools/simulate/words.h"

namespace ringside::simulate {

struct Actor {
  ActorKind kind = ActorKind::none;
  std::uint64_t id = 0;
};
struct Subject {
  SubjectKind kind = SubjectKind::none;
  std::uint64_t id = 0;
};

// One operation that has ended.
struct Ended {
  Op op{};
  Ns arrived = 0;
  Ns ended = 0;
  Outcome outcome = Outcome::ok;
  Code code = Code::none;
  Actor actor;
  Subject subject;
  std::array<Ns, kStagesOfOp> stages{};
};

// One event; it ends when it is recorded.
struct Happened {
  Event event{};
  Ns at = 0;
  Ns span = 0;
  Outcome outcome = Outcome::ok;
  std::int64_t value = 0;
  Op during = Op::none;
  Actor actor;
  Subject subject;
};

class Ring {
 public:
  explicit Ring(std::uint64_t seed) : random_(seed) {}

  // One in `sampling` operations is timed. The share `losing` of records is overwritten unread.
  void set(std::uint64_t sampling, double losing) {
    sampling_ = sampling;
    losing_ = losing;
  }
  void write(const Ended& operation, std::uint32_t lane);
  void write(const Happened& event, std::uint32_t lane);
  void count(Event event, std::uint64_t times) { of_id(id_of(event)).skipped += times; }

  // Since the present instance began.
  struct Totals {
    std::uint64_t count = 0;
    std::uint64_t errors = 0;
    std::uint64_t skipped = 0;   // of the count, not given to the daemon yet
    std::uint64_t new_lost = 0;  // not given to the daemon yet
    Books books;
  };
  Totals& of_id(std::uint16_t id) { return totals_[id]; }
  const Totals& of_id(std::uint16_t id) const { return totals_[id]; }
  std::vector<Record>& unread(std::uint32_t lane) { return unread_[lane]; }
  Books& lane_books(std::uint32_t lane) { return lane_books_[lane]; }
  // A new server: its totals and lanes begin with nothing.
  void begin_instance();

  static constexpr std::uint32_t kLanes = 11;  // as many as the server has threads

 private:
  void put(Record& record, std::uint32_t lane);

  Random random_;
  std::uint64_t sampling_ = 1;
  double losing_ = 0;
  std::array<Totals, kIdCount> totals_{};
  std::array<std::vector<Record>, kLanes> unread_;
  std::array<Books, kLanes> lane_books_{};
};

}  // namespace ringside::simulate
