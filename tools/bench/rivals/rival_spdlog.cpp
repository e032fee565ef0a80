// spdlog, asynchronous: its own thread writes a formatted line for each record into a file. When
// its queue is full, it overwrites the oldest record.

#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>

#include "tools/bench/rivals/rival.h"

namespace ringside::bench {

namespace {

class Spdlog : public TimedRival<Spdlog> {
 public:
  Spdlog(const std::string& file, int cpu)
      : TimedRival("spdlog asynchronous"),
        pool_(std::make_shared<spdlog::details::thread_pool>(kQueueCapacity, 1,
                                                             [cpu] { pin_to(cpu); })),
        logger_(std::make_shared<spdlog::async_logger>(
            "bench", std::make_shared<spdlog::sinks::basic_file_sink_mt>(file), pool_,
            spdlog::async_overflow_policy::overrun_oldest)) {}

  void record(const Payload& p) {
    logger_->info("{} {} {} {} {} {}", p.start, p.end - p.start, p.id, p.outcome, p.actor,
                  p.subject);
  }
  void finish() override {
    logger_.reset();
    dropped_ = pool_->overrun_counter();
    pool_.reset();   // writes what is left
  }
  bool dropped(std::uint64_t* count) const override {
    *count = dropped_;
    return true;
  }

 private:
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
  std::uint64_t dropped_ = 0;
};

}  // namespace

std::unique_ptr<Rival> make_spdlog(const RivalSettings& settings) {
  return std::make_unique<Spdlog>(settings.scratch + "/spdlog.log", settings.settings.daemon_cpu);
}

}  // namespace ringside::bench
