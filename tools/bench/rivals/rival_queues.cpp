// Queues that carry a record to a consumer. Boost.Interprocess works between processes,
// Boost.Lockfree and moodycamel inside one. A full queue refuses the newest record, where a ring
// overwrites the oldest.

#include <boost/interprocess/ipc/message_queue.hpp>
#include <boost/lockfree/queue.hpp>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstdio>

#include "tools/bench/rivals/rival.h"

#if RINGSIDE_HAVE_MOODYCAMEL
#include <concurrentqueue/concurrentqueue.h>
#endif

namespace ringside::bench {

namespace {

namespace interprocess = boost::interprocess;

template <typename Self>
class TimedQueue : public TimedRival<Self> {
 public:
  using TimedRival<Self>::TimedRival;
  bool taken(std::uint64_t* count, std::uint64_t* checksum) const override {
    return taker_.told(count, checksum);
  }
  bool dropped(std::uint64_t* count) const override {
    *count = dropped_;
    return true;
  }

 protected:
  Taker taker_;
  std::uint64_t dropped_ = 0;
};

class MessageQueue : public TimedQueue<MessageQueue> {
 public:
  // The name ends in the pid, like that of a ring. So the benchmark can remove the queue if this
  // process is killed.
  MessageQueue()
      : TimedQueue("Boost.Interprocess message_queue"),
        file_("bench-queue-" + std::to_string(getpid())),
        queue_(interprocess::create_only, file_.c_str(), kQueueCapacity, sizeof(Payload)) {}
  ~MessageQueue() override { interprocess::message_queue::remove(file_.c_str()); }

  void record(const Payload& payload) {
    if (!queue_.try_send(&payload, sizeof payload, 0)) ++dropped_;
  }
  void drain() override {
    Payload payload;
    std::size_t bytes = 0;
    unsigned priority = 0;
    while (queue_.try_receive(&payload, sizeof payload, bytes, priority)) taker_.take(payload);
  }

 private:
  std::string file_;
  interprocess::message_queue queue_;
};

class LockfreeSpsc : public TimedQueue<LockfreeSpsc> {
 public:
  LockfreeSpsc() : TimedQueue("Boost.Lockfree spsc_queue") {}
  void record(const Payload& payload) {
    if (!queue_.push(payload)) ++dropped_;
  }
  void drain() override {
    queue_.consume_all([this](const Payload& payload) { taker_.take(payload); });
  }

 private:
  boost::lockfree::spsc_queue<Payload, boost::lockfree::capacity<kQueueCapacity>> queue_;
};

class LockfreeQueue : public TimedQueue<LockfreeQueue> {
 public:
  LockfreeQueue() : TimedQueue("Boost.Lockfree queue") {}
  void record(const Payload& payload) {
    if (!queue_.bounded_push(payload)) ++dropped_;
  }
  void drain() override {
    queue_.consume_all([this](const Payload& payload) { taker_.take(payload); });
  }

 private:
  boost::lockfree::queue<Payload, boost::lockfree::capacity<kQueueCapacity>> queue_;
};

#if RINGSIDE_HAVE_MOODYCAMEL
class Moodycamel : public TimedQueue<Moodycamel> {
 public:
  Moodycamel()
      : TimedQueue("moodycamel with token"), queue_(kQueueCapacity, 1, 0), producer_(queue_),
        consumer_(queue_) {}
  void record(const Payload& payload) {
    if (!queue_.try_enqueue(producer_, payload)) ++dropped_;
  }
  void drain() override {
    Payload some[64];
    while (const std::size_t got = queue_.try_dequeue_bulk(consumer_, some, 64)) {
      for (std::size_t i = 0; i < got; ++i) taker_.take(some[i]);
    }
  }

 private:
  moodycamel::ConcurrentQueue<Payload> queue_;
  moodycamel::ProducerToken producer_;
  moodycamel::ConsumerToken consumer_;
};
#endif

}  // namespace

std::unique_ptr<Rival> make_message_queue(const RivalSettings&) {
  try {
    return std::make_unique<MessageQueue>();
  } catch (const interprocess::interprocess_exception& error) {
    std::fprintf(stderr, "ringside-bench: message_queue: %s\n", error.what());
    return nullptr;
  }
}
std::unique_ptr<Rival> make_lockfree_spsc(const RivalSettings&) {
  return std::make_unique<LockfreeSpsc>();
}
std::unique_ptr<Rival> make_lockfree_queue(const RivalSettings&) {
  return std::make_unique<LockfreeQueue>();
}
#if RINGSIDE_HAVE_MOODYCAMEL
std::unique_ptr<Rival> make_moodycamel(const RivalSettings&) {
  return std::make_unique<Moodycamel>();
}
#endif

}  // namespace ringside::bench
