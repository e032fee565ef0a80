// Libraries that Debian ships for parts of Ringside's job, under the same conditions. All have the
// same 64 bytes, the same two clock reads, the same processor, and a consumer on another processor.
// They take turns within each round.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "tools/bench/own_ring.h"
#include "tools/bench/call_times.h"
#include "tools/bench/timing.h"

namespace ringside::bench {

// What each of them gets of an operation.
struct Payload {
  std::uint64_t start;
  std::uint64_t end;
  std::uint32_t id;
  std::uint32_t outcome;
  std::uint64_t actor;
  std::uint64_t subject;
  std::uint64_t rest[3];
};
static_assert(sizeof(Payload) == 64 && std::is_trivially_copyable_v<Payload>);

inline Payload payload_of(std::uint64_t start, std::uint64_t end, std::uint64_t call) {
  return {start, end, static_cast<std::uint32_t>(call % 19), 0, call, 7, {0, 0, 0}};
}

// About four batches: a queue of this size takes a whole batch even while its consumer sleeps.
inline constexpr std::size_t kQueueCapacity = 8192;
inline constexpr int kRivalBatch = 2000;

class Rival {
 public:
  explicit Rival(std::string name) : name_(std::move(name)) {}
  virtual ~Rival() = default;
  Rival(const Rival&) = delete;
  Rival& operator=(const Rival&) = delete;

  const std::string& name() const { return name_; }
  // Nanoseconds for one call, over a batch.
  virtual double batch(double ticks_per_ns) = 0;
  // One call between two fenced clock reads.
  virtual void single(Spans& spans) = 0;
  // Takes out what is there. The consumer's thread calls it each millisecond.
  virtual void drain() {}
  // Takes out the rest. Called after the last round, when the consumer's thread is gone.
  virtual void finish() { drain(); }
  std::uint64_t offered() const { return calls_; }
  // How many records the consumer took out. Returns false when nothing counts them.
  virtual bool taken(std::uint64_t* count, std::uint64_t* checksum) const {
    (void)count;
    (void)checksum;
    return false;
  }
  // How many records were refused or overwritten because the rival was full. Returns false when the
  // rival doesn't tell.
  virtual bool dropped(std::uint64_t* count) const {
    (void)count;
    return false;
  }

 protected:
  std::uint64_t calls_ = 0;

 private:
  std::string name_;
};

// A rival whose record(payload) is called after two clock reads. The call is inlined into the loops
// here.
template <typename Self>
class TimedRival : public Rival {
 public:
  using Rival::Rival;
  double batch(double ticks_per_ns) override {
    return ns_a_call(ticks_per_ns, kRivalBatch, [this](int) { call(); });
  }
  void single(Spans& spans) override {
    time_one(spans, [this] { call(); });
  }

 private:
  void call() {
    const std::uint64_t start = detail::now_ticks();
    operation_body();
    const std::uint64_t end = detail::now_ticks();
    static_cast<Self*>(this)->record(payload_of(start, end, calls_++));
  }
};

// Counts the records that a queue's consumer gets. Used on the consumer's thread.
class Taker {
 public:
  void take(const Payload& payload) {
    ++count_;
    checksum_ += checksum_of(payload.id, payload.outcome, payload.actor, payload.subject);
  }
  bool told(std::uint64_t* count, std::uint64_t* checksum) const {
    *count = count_;
    *checksum = checksum_;
    return true;
  }

 private:
  std::uint64_t count_ = 0;
  std::uint64_t checksum_ = 0;
};

struct RivalSettings {
  Settings settings;
  std::string scratch;     // a folder
  double ticks_per_ns = 1;
};

// Each returns null when its rival can't be had. make_message_queue() then says why on stderr.
// Those of prometheus-cpp, moodycamel and LTTng-UST are defined only if the package is installed.
std::unique_ptr<Rival> make_spdlog(const RivalSettings& settings);
std::unique_ptr<Rival> make_prometheus(const RivalSettings& settings);
std::unique_ptr<Rival> make_message_queue(const RivalSettings& settings);
std::unique_ptr<Rival> make_moodycamel(const RivalSettings& settings);
std::unique_ptr<Rival> make_lockfree_spsc(const RivalSettings& settings);
std::unique_ptr<Rival> make_lockfree_queue(const RivalSettings& settings);
std::unique_ptr<Rival> make_lttng(const RivalSettings& settings);

}  // namespace ringside::bench
