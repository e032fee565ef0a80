// A ring's state: what is refused, and what is believed of it.
#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/metrics/ring_metrics.h"

using namespace ringside;

namespace {

constexpr std::int64_t kStateNow = 1'000'000'000'000;
const TickScale kStateClock(ClockKind::monotonic, 0, 0, 0);

std::string state_of(RingMetrics& metrics) {
  Encoder out;
  metrics.encode(out, 0);
  return out.take();
}
bool state_decodes(const std::string& bytes) {
  RingMetrics metrics(RingMetricsOptions{});
  Decoder in(bytes);
  metrics.decode(in, 200, 0);
  return in.at_end();
}
Snapshot shown_by(RingMetrics& metrics, std::int64_t now_ns = kStateNow) {
  Snapshot out;
  metrics.show("r", RingMetrics::LivingById(kIdCount), {now_ns, 0, 0, 0}, out);
  return out;
}

// The parts of a state that is empty: phase, minutes, late, life, observed, lost, series, ids,
// slowest, blocks, logins in vain by address and by account, errors, losses, error names.
struct StateParts {
  std::string before_series = std::string(9, '\0');
  std::string series = std::string(1, '\0');
  std::string ids = std::string(1, '\0');
  std::string slowest = std::string(2, '\0');
  std::string blocks_and_errors = std::string(5, '\0');
  std::string error_names = std::string(1, '\0');
  std::string together() const {
    return before_series + series + ids + slowest + blocks_and_errors + error_names;
  }
};
std::string some(std::uint64_t count, const std::string& one) {
  Encoder out;
  out.u64(count);
  std::string bytes = out.take();
  for (std::uint64_t i = 0; i < count; ++i) bytes += one;
  return bytes;
}
// An id without a name.
std::string id_bytes(std::uint64_t id) {
  Encoder out;
  out.u64(id);
  out.text("");
  return out.take();
}
// A series without a name, of that kind, in which nothing was counted.
std::string series_of_kind(std::uint64_t kind) {
  Encoder out;
  out.u64(kind);
  for (int i = 0; i < 8; ++i) out.text("");  // its name, category and stages
  out.u64(0);  // no threshold
  out.u64(0);  // does not wait
  Series({}, 1).encode(out, 200, kStateClock);
  out.u64(0);  // none of the last
  return out.take();
}
void replace_all(std::string& bytes, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = bytes.find(what, at)) != std::string::npos; at += by.size())
    bytes.replace(at, what.size(), by);
}
std::string_view bytes_of_rate(const double& rate) {
  return {reinterpret_cast<const char*>(&rate), sizeof rate};
}

}  // namespace

TEST_CASE("RingState: an empty state has these bytes, and none may be missing") {
  RingMetrics metrics(RingMetricsOptions{});
  const std::string bytes = state_of(metrics);
  CHECK(bytes == StateParts{}.together());
  CHECK(state_decodes(bytes));
  for (std::size_t length = 0; length < bytes.size(); ++length)
    CHECK_FALSE(state_decodes(bytes.substr(0, length)));
}

TEST_CASE("RingState: series of another kind and ids that no ring has are refused") {
  for (const std::uint64_t kind : {0, 1, 2, 3}) {
    StateParts parts;
    parts.series = some(1, series_of_kind(kind));
    CHECK(state_decodes(parts.together()) == (kind == 1 || kind == 2));
  }
  for (const std::uint64_t id : {0, 255, 256, 319, 320}) {
    StateParts parts;
    parts.ids = some(1, id_bytes(id));
    CHECK(state_decodes(parts.together()) == (id < 320));
  }
  // Each id takes two bytes at least, and each error name too.
  StateParts parts;
  parts.ids = some(100, id_bytes(7));
  CHECK(state_decodes(parts.together()));
  parts.ids = some(kIdCount, id_bytes(7));
  CHECK(state_decodes(parts.together()));
  parts.ids = some(kIdCount + 1, id_bytes(7));
  CHECK_FALSE(state_decodes(parts.together()));
  for (const std::uint64_t count : {1, 65'536, 65'537}) {
    StateParts names;
    names.error_names = some(count, std::string("\5\0", 2));
    CHECK(state_decodes(names.together()) == (count < 65'537));
  }
}

TEST_CASE("RingState: as many series are restored as there can be, and no more") {
  for (const std::uint64_t count : {1026, 1027}) {
    StateParts parts;
    parts.series = some(count, series_of_kind(1));
    CHECK(state_decodes(parts.together()) == (count == 1026));
  }
}

TEST_CASE("RingState: the first event is an event after a restart too") {
  StateParts parts;
  parts.ids = some(1, id_bytes(kFirstEvent));
  const std::string bytes = parts.together();
  RingMetrics metrics(RingMetricsOptions{});
  Decoder in(bytes);
  metrics.decode(in, 200, 0);
  REQUIRE(in.at_end());
  CHECK(shown_by(metrics).events.size() == 1);
  CHECK(shown_by(metrics).operations.empty());
}

TEST_CASE("RingState: a rate that no clock has is not believed, and spans then count as they are") {
  const double rate = 123'456'789;
  RingMetrics metrics(RingMetricsOptions{});
  RingMetrics::Counts read_of{};
  metrics.set_time(TickScale(ClockKind::tsc, 123'456'789, 0, kStateNow), kStateNow, 1);
  Record record{};
  record.kind = static_cast<std::uint8_t>(Kind::operation);
  record.sequence = 2;
  record.start = std::uint64_t{0} - 600;
  record.duration = 600;
  metrics.add_alone(record, 0, read_of);
  const std::string saved = state_of(metrics);
  const struct {
    double rate;
    std::int64_t span_ns;
  } cases[] = {{rate, 4860},
               {1e9, 600},
               {2e9, 300},
               {0.5, 1'200'000'000'000},
               {0, 600},
               {-5, 600},
               {1e13, 600},
               {9e12, 0},
               {std::numeric_limits<double>::infinity(), 600},
               {std::numeric_limits<double>::quiet_NaN(), 600}};
  for (const auto& one : cases) {
    CAPTURE(one.rate);
    std::string bytes = saved;
    replace_all(bytes, bytes_of_rate(rate), bytes_of_rate(one.rate));
    RingMetrics other(RingMetricsOptions{});
    Decoder in(bytes);
    other.decode(in, 200, 0);
    REQUIRE(in.at_end());
    other.set_time(kStateClock, kStateNow, 2);
    const Snapshot shown = shown_by(other);
    CHECK(shown.operations.at(0).last.at(0).duration_ns == one.span_ns);
    CHECK(shown.slowest.at(0).duration_ns == one.span_ns);
    CHECK(shown.slowest_since_start.at(0).duration_ns == one.span_ns);
  }
}

TEST_CASE("RingState: a slowest operation of a series that is not there is refused") {
  RingMetrics metrics(RingMetricsOptions{});
  RingMetrics::Counts read_of{};
  metrics.set_time(kStateClock, kStateNow, 1);
  metrics.set_name(0, {"SLOW", "", {}});
  Record record{};
  record.kind = static_cast<std::uint8_t>(Kind::operation);
  record.sequence = 2;
  record.start = kStateNow - 600;
  record.duration = 600;
  metrics.add_alone(record, 0, read_of);
  std::string bytes = state_of(metrics);
  CHECK(state_decodes(bytes));
  bytes.replace(bytes.rfind("SLOW"), 4, "FAST");
  CHECK_FALSE(state_decodes(bytes));
}

TEST_CASE("RingState: after a reboot everything keeps its place by the new clock") {
  const std::int64_t shift = -12 * 10;  // slices
  RingMetrics metrics({5, 5});
  RingMetrics::Counts read_of{};
  metrics.observe_from(kStateNow - 4'000'000'000);
  metrics.set_time(kStateClock, kStateNow, 1);
  metrics.set_name(kFirstEvent, {"IP_BLOCK", "", {}});
  metrics.add_lost(7);
  Record record{};
  record.sequence = 2;
  record.start = kStateNow - 1000;
  record.duration = 600;
  record.kind = static_cast<std::uint8_t>(Kind::operation);
  record.outcome = 1;
  metrics.add_alone(record, 3, read_of);
  Record block = record;
  block.kind = static_cast<std::uint8_t>(Kind::event);
  block.operation = kFirstEvent;
  block.outcome = 0;
  block.flags = static_cast<std::uint16_t>(ActorKind::address);
  block.actor = 4;
  block.event = {9, 1, {}};
  metrics.add_alone(block, 3, read_of);
  const std::string bytes = state_of(metrics);
  RingMetrics other({5, 5});
  Decoder in(bytes);
  other.decode(in, 200 + shift, shift);
  REQUIRE(in.at_end());
  const std::int64_t now_ns = kStateNow + shift * kSliceNs;
  CHECK(other.observed().since_ns() == now_ns - 4'000'000'000);
  CHECK(other.observed().until_ns() == now_ns);
  CHECK(other.observed().seconds() == 4);
  other.set_time(kStateClock, now_ns, 2);
  CHECK(other.lost() == std::array<std::uint64_t, kWindows>{7, 7, 7, 7});
  Snapshot out;
  other.show("r", RingMetrics::LivingById(kIdCount), {now_ns, 100, 0, 0}, out);
  REQUIRE(out.operations.size() == 1);
  for (const WindowStats& stats : out.operations[0].windows) CHECK(stats.recorded == 1);
  CHECK(out.operations[0].last.at(0).end_monotonic_ns == now_ns - 400);
  CHECK(out.operations[0].last.at(0).lane == 3);
  CHECK(out.operations[0].last.at(0).instance == 1);
  CHECK(out.events.at(0).last.at(0).context == "operation-0");
  CHECK(out.errors.at(0).last_wall_ns == now_ns - 400 + 100);
  CHECK(out.slowest.at(0).end_monotonic_ns == now_ns - 400);
  CHECK(out.slowest.at(0).lane == 3);
  // It leaves the hour when its slice does.
  CHECK(out.slowest.size() == 1);
  other.set_time(kStateClock, now_ns + 718 * kSliceNs, 2);
  CHECK(shown_by(other, now_ns + 718 * kSliceNs).slowest.size() == 1);
  other.set_time(kStateClock, now_ns + 719 * kSliceNs, 2);
  CHECK(shown_by(other, now_ns + 719 * kSliceNs).slowest.empty());
  CHECK(out.blocks.at(0).blocked_wall_ns == now_ns - 400 + 100);
}
