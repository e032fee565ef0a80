#include "daemon/alerts/normals.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "daemon/config/units.h"

namespace ringside {
namespace {

// Latency. The p95 of one lesson moves the usual one up by at most a tenth in five minutes, so a
// trouble that nothing else sees does not become normal at once. Downwards it halves in six hours:
// the nights are faster than the days, and the days are to be remembered.
constexpr std::uint64_t kCallsOfLesson = 100;
constexpr std::uint64_t kFirstLessons = 3;
constexpr std::int64_t kShortLesson = 5 * kMinute;
constexpr double kRisePerShortLesson = 1.1;
constexpr double kLatencyHalves = 6.0 * kHour;
constexpr std::int64_t kLatencyTrouble = kDay;

// Traffic. One tick counts as at most twice the usual and at least half of it.
constexpr double kRateForgets = 10.0 * kMinute;
constexpr std::int64_t kRateKnown = 10 * kMinute;
constexpr double kHighestHalves = 7.0 * kDay;
constexpr std::int64_t kRateTrouble = 2 * kHour;
// The wall clock may go so far ahead of the observed time. Beyond that the machine slept, the
// daemon was away or the clock was set, and traffic may be another one.
constexpr std::int64_t kGap = 30 * kSecond;

constexpr std::int64_t kSettles = 5 * kMinute;
// Its caches are cold for so long, so nothing is learnt of how slow it is.
constexpr std::int64_t kColdStart = 30 * kSecond;
constexpr std::int64_t kForgotten = 7 * kDay;  // of a ring that is not watched any more

void learn_rate(UsualRate& usual, double now, std::int64_t step_ns) {
  const auto step = static_cast<double>(step_ns);
  if (usual.learnt_ns >= kRateKnown / 2) now = std::clamp(now, usual.recent / 2, usual.recent * 2);
  usual.learnt_ns = std::min(usual.learnt_ns + step_ns, kForgotten);
  const double weight =
      std::max(1 - std::exp(-step / kRateForgets), step / static_cast<double>(usual.learnt_ns));
  usual.recent += (now - usual.recent) * std::min(weight, 1.0);
  usual.highest *= std::exp2(-step / kHighestHalves);
  if (usual.known()) usual.highest = std::max(usual.highest, usual.recent);
}

void forget_recent(UsualRate& usual) {
  usual.recent = 0;
  usual.learnt_ns = 0;
}

// The window that a lesson is taken from, and how long it is. Null: there are too few calls.
const WindowStats* lesson_of(const SeriesView& series, std::int64_t& length_ns) {
  length_ns = kShortLesson;
  if (series.window(Window::five_minutes).timed >= kCallsOfLesson)
    return &series.window(Window::five_minutes);
  length_ns = kHour;
  return series.window(Window::hour).timed >= kCallsOfLesson ? &series.window(Window::hour)
                                                             : nullptr;
}

void learn_latency(OperationNormal& normal, const SeriesView& series, std::int64_t observed_ns,
                   const std::function<bool(std::int64_t length_ns)>& calm) {
  std::int64_t length_ns = 0;
  const WindowStats* window = lesson_of(series, length_ns);
  if (window == nullptr || observed_ns - normal.taught_ns < length_ns || !calm(length_ns)) return;
  const double p95_ns = window->quantile_ns(0.95);
  normal.taught_ns = observed_ns;
  if (normal.lessons < kFirstLessons) {
    normal.p95_ns = std::max(normal.p95_ns, p95_ns);
  } else {
    const auto length = static_cast<double>(length_ns);
    const double up = std::pow(kRisePerShortLesson, length / kShortLesson);
    const double down = std::exp2(-length / kLatencyHalves);
    normal.p95_ns = std::clamp(p95_ns, normal.p95_ns * down, normal.p95_ns * up);
  }
  ++normal.lessons;
}

// What has become of the ring since the last tick: gaps, another server, trouble.
void follow_ring(RingNormal& normal, const RingView& ring, Trouble trouble,
                 std::int64_t observed_ns, std::int64_t wall_ns) {
  const std::int64_t step_ns = observed_ns - normal.seen_ns;
  const std::int64_t ahead_ns = wall_ns - normal.seen_wall_ns - step_ns;
  if (ahead_ns > kGap || ahead_ns < -kGap || step_ns > kMinute) {
    forget_recent(normal.calls);
    for (auto& [name, operation] : normal.operations) forget_recent(operation.calls);
  }
  if (ring.instance != normal.instance || !ring.live()) normal.instance_since_ns = observed_ns;
  normal.instance = ring.instance;
  normal.seen_ns = observed_ns;
  normal.seen_wall_ns = wall_ns;
  if (trouble == Trouble::none) {
    if (normal.trouble_since_ns) normal.calm_since_ns = observed_ns;
    normal.trouble_since_ns.reset();
  } else if (!normal.trouble_since_ns) {
    normal.trouble_since_ns = observed_ns;
  }
}

void add_calls(WindowStats& sum, const WindowStats& own) {
  sum.seconds = std::max(sum.seconds, own.seconds);
  sum.recorded += own.recorded;
  sum.skipped += own.skipped;
  sum.history += own.history;
}

// Operations that the server does not have any more.
void drop_absent(RingNormal& normal, const std::vector<const SeriesView*>& operations) {
  std::set<std::string_view> there;
  for (const SeriesView* series : operations) there.insert(series->name);
  std::erase_if(normal.operations, [&](const auto& entry) { return !there.contains(entry.first); });
}

// A burst that nobody suffered from is known from then on, and is told once.
void know_burst(UsualRate& usual, const WindowStats& five_minutes) {
  if (usual.known()) usual.highest = std::max(usual.highest, five_minutes.rate());
}

}  // namespace

bool UsualRate::known() const { return learnt_ns >= kRateKnown; }

bool OperationNormal::knows_latency() const { return lessons >= kFirstLessons; }

bool Normals::settled(const RingNormal& ring) {
  return ring.seen_ns - ring.instance_since_ns >= kSettles;
}

void Normals::learn(const Snapshot& snapshot, std::int64_t observed_ns,
                    const std::function<Trouble(const std::string& ring)>& trouble_of) {
  std::map<std::string, std::vector<const SeriesView*>> operations;
  for (const SeriesView& series : snapshot.operations) operations[series.ring].push_back(&series);
  for (const RingView& ring : snapshot.rings) {
    auto found = rings_.find(ring.name);
    if (found == rings_.end()) {
      if (rings_.size() >= kMostRingNormals) continue;
      RingNormal begun;
      begun.instance_since_ns = begun.calm_since_ns = begun.seen_ns = observed_ns;
      begun.seen_wall_ns = snapshot.wall_ns;
      found = rings_.emplace(ring.name, begun).first;
    }
    RingNormal& normal = found->second;
    const std::int64_t step_ns = std::min(observed_ns - normal.seen_ns, kMinute);
    const Trouble trouble = trouble_of(ring.name);
    follow_ring(normal, ring, trouble, observed_ns, snapshot.wall_ns);
    if (ring.live() && ring.enabled) learn_ring(normal, operations[ring.name], trouble, step_ns);
  }
  std::erase_if(
      rings_, [&](const auto& entry) { return observed_ns - entry.second.seen_ns >= kForgotten; });
}

void Normals::learn_ring(RingNormal& normal, const std::vector<const SeriesView*>& operations,
                         Trouble trouble, std::int64_t step_ns) {
  const bool calm = trouble == Trouble::none;
  const bool rates = settled(normal) && (calm || normal.troubled_for(kRateTrouble));
  const bool burst = settled(normal) && trouble == Trouble::more_traffic;
  const auto calm_for = [&](std::int64_t length_ns) {
    const std::int64_t since_ns =
        std::max(normal.calm_since_ns, normal.instance_since_ns + kColdStart);
    return (calm && normal.seen_ns - since_ns >= length_ns) || normal.troubled_for(kLatencyTrouble);
  };
  WindowStats minute, five_minutes;
  for (const SeriesView* series : operations) {
    auto found = normal.operations.find(series->name);
    if (found == normal.operations.end()) {
      if (normal.operations.size() >= kMostOperationNormals) continue;
      found = normal.operations.emplace(series->name, OperationNormal{}).first;
    }
    learn_latency(found->second, *series, normal.seen_ns, calm_for);
    if (rates) learn_rate(found->second.calls, series->window(Window::minute).rate(), step_ns);
    if (burst) know_burst(found->second.calls, series->window(Window::five_minutes));
    add_calls(minute, series->window(Window::minute));
    add_calls(five_minutes, series->window(Window::five_minutes));
  }
  if (rates) learn_rate(normal.calls, minute.rate(), step_ns);
  if (burst) know_burst(normal.calls, five_minutes);
  if (settled(normal)) drop_absent(normal, operations);
}

const RingNormal* Normals::ring(const std::string& name) const {
  const auto found = rings_.find(name);
  return found == rings_.end() ? nullptr : &found->second;
}

const OperationNormal* Normals::operation(const std::string& ring_name,
                                          const std::string& name) const {
  const RingNormal* normal = ring(ring_name);
  if (normal == nullptr) return nullptr;
  const auto found = normal->operations.find(name);
  return found == normal->operations.end() ? nullptr : &found->second;
}

namespace {

void put_rate(Encoder& out, const UsualRate& rate) {
  out.real(rate.recent);
  out.real(rate.highest);
  out.u64(static_cast<std::uint64_t>(rate.learnt_ns));
}

// Times and rates that no engine has are refused, so that nothing overflows later.
std::int64_t take_time(Decoder& in) {
  return static_cast<std::int64_t>(in.below((std::uint64_t{1} << 62) + 1));
}
double take_positive(Decoder& in) {
  constexpr double kMost = 1e18;
  const double value = in.real();
  if (value < 0 || value > kMost) in.fail();
  return value;
}
UsualRate take_rate(Decoder& in) {
  UsualRate rate;
  rate.recent = take_positive(in);
  rate.highest = take_positive(in);
  rate.learnt_ns = take_time(in);
  return rate;
}

// The fewest bytes that one can have.
constexpr std::size_t kRateBytes = 17;
constexpr std::size_t kOperationBytes = 11 + kRateBytes;
constexpr std::size_t kRingNormalBytes = 8 + kRateBytes;

}  // namespace

void Normals::encode(Encoder& out) const {
  out.u64(rings_.size());
  for (const auto& [name, ring] : rings_) {
    out.text(name);
    out.text(ring.instance);
    out.u64(static_cast<std::uint64_t>(ring.instance_since_ns));
    out.flag(ring.trouble_since_ns.has_value());
    if (ring.trouble_since_ns) out.u64(static_cast<std::uint64_t>(*ring.trouble_since_ns));
    out.u64(static_cast<std::uint64_t>(ring.calm_since_ns));
    out.u64(static_cast<std::uint64_t>(ring.seen_ns));
    out.u64(static_cast<std::uint64_t>(std::max<std::int64_t>(ring.seen_wall_ns, 0)));
    put_rate(out, ring.calls);
    out.u64(ring.operations.size());
    for (const auto& [operation, normal] : ring.operations) {
      out.text(operation);
      out.real(normal.p95_ns);
      out.u64(normal.lessons);
      out.u64(static_cast<std::uint64_t>(normal.taught_ns));
      put_rate(out, normal.calls);
    }
  }
}

void Normals::decode(Decoder& in) {
  for (std::uint64_t n = in.count(kRingNormalBytes, kMostRingNormals); n > 0 && in.good(); --n) {
    RingNormal& ring = rings_[in.text()];
    ring.instance = in.text();
    ring.instance_since_ns = take_time(in);
    if (in.flag()) ring.trouble_since_ns = take_time(in);
    ring.calm_since_ns = take_time(in);
    ring.seen_ns = take_time(in);
    ring.seen_wall_ns = take_time(in);
    ring.calls = take_rate(in);
    for (std::uint64_t m = in.count(kOperationBytes, kMostOperationNormals); m > 0 && in.good();
         --m) {
      OperationNormal& normal = ring.operations[in.text()];
      normal.p95_ns = take_positive(in);
      normal.lessons = in.u64();
      normal.taught_ns = take_time(in);
      normal.calls = take_rate(in);
    }
  }
}

}  // namespace ringside
