// Pushes the metrics to an OpenTelemetry collector, by OTLP over HTTP, on a thread of its own.
//
//   drain thread ──show──> the latest snapshot ──each interval──> render_otlp ──POST──> collector
//
// Only the latest snapshot waits. All figures are cumulative, so the next push makes up for those
// that were not sent: a collector that is gone costs nothing but points in time.
//
// Retries are those of the OTLP specification: 429, 502, 503 and 504 and a request without an
// answer are tried again, after Retry-After where it is given, else after a pause that grows, with
// jitter. Any other refusal is final: what was sent is dropped, and the next interval has its own
// request. A partial success is never sent again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "daemon/outputs/receivers/backoff.h"
#include "daemon/outputs/receivers/receiver_options.h"
#include "report/model/snapshot.h"
#include "report/render/otlp/otlp.h"

namespace ringside {

struct OtlpOptions {
  ReceiverAddress address;
  OtlpResource resource;
  std::int64_t interval_ns = 60'000'000'000;
  BackoffLimits pauses;  // after failures
  friend bool operator==(const OtlpOptions& a, const OtlpOptions& b) {
    return a.address == b.address && a.interval_ns == b.interval_ns &&
           a.resource.host_name == b.resource.host_name &&
           a.resource.instance_id == b.resource.instance_id;
  }
};

class OtlpExporter {
 public:
  // How long finish() tries to send the last figures.
  static constexpr std::int64_t kPatienceNs = 3'000'000'000;

  // `seed` is that of the pauses after failures.
  explicit OtlpExporter(std::uint64_t seed, std::int64_t patience_ns = kPatienceNs);
  ~OtlpExporter();  // without finish() it sends nothing more

  // From one thread, or from several one after the other. Nothing: nothing is pushed any more.
  // Without a collector there is no thread.
  void reconfigure(std::optional<OtlpOptions> options);

  // From one thread. Does not wait. The first snapshot is pushed at once, then the latest of each
  // interval.
  void show(std::shared_ptr<const Snapshot> snapshot);

  // Sends the latest snapshot, if it was not sent yet, with one try. Calls `ended` once, on the
  // exporter's thread or, if there is none, at once. Nothing may be shown after it.
  void finish(std::function<void()> ended);
  // Waits for that end.
  void join();

 private:
  class Work;  // everything that the thread has
  const std::unique_ptr<Work> work_;
};

}  // namespace ringside
