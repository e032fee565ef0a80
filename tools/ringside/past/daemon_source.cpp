// A running daemon as a source of minutes: now from its metrics, the past from its reports, which
// it makes of its history. Its socket is all that is needed.
#include <algorithm>
#include <deque>
#include <map>
#include <variant>

#include "daemon/history/spans.h"
#include "daemon/http/past_span.h"
#include "report/model/format.h"
#include "tools/ringside/daemon_client.h"
#include "tools/ringside/past/daemon_json.h"
#include "tools/ringside/past/json_parts.h"
#include "tools/ringside/past/source.h"

namespace ringside::tool::past {

namespace {

const std::string kApi = "/api/v1/admin/performance";
// A screen waits for it.
constexpr std::chrono::seconds kPatience{10};
constexpr std::size_t kTrendSeconds = 60;

class DaemonSource : public MinuteSource {
 public:
  explicit DaemonSource(const Named& named)
      : ring_(named.ring),
        labels_(named.labels),
        socket_(daemon_socket(named.socket)),
        client_(socket_, kPatience),
        name_(ring_.empty() ? "all rings" : escape_visible(ring_)) {}

  const std::string& name() const override { return name_; }
  bool lives() const override { return true; }

  std::optional<Failure> held(Held& out) override {
    out = {};
    json all;
    if (auto failure = ask("/history", {{"figure", "rate_per_s"}, {"since", "2000-01-01"}}, all))
      return failure;
    const std::int64_t end_s = wall_ns_of(part(all, "data"), "end_at") / kNsPerSecond;
    const std::int64_t begin_s = wall_ns_of(part(all, "data"), "begin_at") / kNsPerSecond;
    if (begin_s >= end_s) return std::nullopt;
    // A mark may lie beyond the last minute. There is nothing to see there.
    json last;
    if (auto failure = ask("/history",
                           {{"figure", "rate_per_s"},
                            {"since", minute_text(std::max(begin_s, end_s - 600))},
                            {"until", minute_text(end_s)},
                            {"step", "1min"}},
                           last))
      return failure;
    out = {begin_s, end_s};
    for (const json& series : part(part(last, "data"), "series")) {
      const json& values = part(series, "values");
      if (!values.is_array()) continue;
      std::size_t known = values.size();
      while (known > 0 && values[known - 1].is_null()) --known;
      if (known > 0) out.end_wall_s -= static_cast<std::int64_t>(values.size() - known) * 60;
    }
    return std::nullopt;
  }

  std::optional<Failure> read(const MinuteSpan& span, Figures& out) override {
    const std::int64_t begin_s = span.begin_wall_s;
    const std::int64_t end_s = span.end_wall_s;
    out = {};
    json report;
    if (auto failure = ask(
            "/report",
            {{"format", "json"}, {"since", minute_text(begin_s)}, {"until", minute_text(end_s)}},
            report))
      return failure;
    const json& data = part(report, "data");
    take_figures(data, "since_start", out);
    const json& history = part(data, "history");
    out.begin_wall_s = wall_ns_of(history, "begin_at") / kNsPerSecond;
    out.end_wall_s = wall_ns_of(history, "end_at") / kNsPerSecond;
    out.hours = count(history, "step_seconds") == 3600 && end_s - begin_s < 3600;
    return add_trend(end_s, out);
  }

  std::optional<Failure> now(const NowWish& wish, Figures& out) override {
    out = {};
    out.labels = labels_;
    json metrics;
    if (auto failure = ask(
            "/metrics", {{"window", kWindowNames[wish.window]}, {"histograms", "true"}}, metrics))
      return failure;
    const json& meta = part(metrics, "meta");
    out.taken_wall_ns = wall_ns_of(meta, "taken_at");
    if (out.taken_wall_ns == 0) out.taken_wall_ns = wall_ns_of(meta, "generated_at");
    const json& daemon = part(meta, "daemon");
    out.program = "ringsided " + text(daemon, "version");
    out.pid = static_cast<std::uint32_t>(count(daemon, "pid"));
    out.started_wall_ns = wall_ns_of(daemon, "started_at");
    take_figures(part(metrics, "data"), kWindowNames[wish.window], out);
    if (ring_.empty() && out.rings.size() == 1) name_ = escape_visible(out.rings[0]);
    take_present(part(metrics, "data"), wish.actors_by_failures, out);
    follow(out);
    if (!wish.detail) return std::nullopt;
    json operation;
    const DaemonClient::Query query = {{"ring", wish.detail->ring}};
    if (auto failure = ask("/operations/" + percent_encoded(wish.detail->name), query, operation))
      return failure;
    for (const json& ring : part(part(operation, "data"), "rings")) take_calls(ring, out);
    return std::nullopt;
  }

 private:
  std::optional<Failure> ask(const std::string& path, DaemonClient::Query query, json& out) {
    const auto refused = [&](const std::string& text) {
      return Failure{0, escape_visible(socket_) + ": " + text};
    };
    const bool of_ring = std::any_of(query.begin(), query.end(),
                                     [](const auto& one) { return one.first == "ring"; });
    if (!ring_.empty() && !of_ring) query.emplace_back("ring", ring_);
    const auto result = client_.get(kApi + path, query);
    if (const auto* failure = std::get_if<Failure>(&result)) return *failure;
    const auto& answer = std::get<DaemonAnswer>(result);
    if (answer.status == 404)
      return refused(problem_text(answer) +
                     "\n  next: give --ring one that it knows, or leave it out");
    if (answer.status != 200)
      return refused(problem_text(answer) + "\n  next: ask again; the daemon's log may say more");
    out = json::parse(answer.body, nullptr, false);
    if (!out.is_object() || !part(out, "data").is_object())
      return refused(
          "the answer is no JSON of a daemon\n  next: is this the socket of ringsided, of the same "
          "version?");
    return std::nullopt;
  }

  std::optional<Failure> add_trend(std::int64_t end_s, Figures& out) {
    const std::int64_t begin_s = end_s - static_cast<std::int64_t>(kTrendMinutes) * 60;
    json trend;
    if (auto failure = ask("/history",
                           {{"figure", "rate_per_s"},
                            {"operation", "*"},
                            {"since", minute_text(begin_s)},
                            {"until", minute_text(end_s)},
                            {"step", "1min"}},
                           trend))
      return failure;
    for (const json& one : part(part(trend, "data"), "series")) {
      for (FigureSeries& series : out.series) {
        if (series.key.name != text(one, "operation") || series.key.ring != text(one, "ring"))
          continue;
        series.trend.assign(kTrendMinutes, 0);
        const json& values = part(one, "values");
        const std::size_t many = std::min(values.size(), kTrendMinutes);
        for (std::size_t i = 0; i < many; ++i) {
          const json& value = values[values.size() - many + i];
          if (value.is_number()) series.trend[kTrendMinutes - many + i] = value.get<double>();
        }
      }
    }
    return std::nullopt;
  }

  // Rates of the last seconds: the daemon tells windows, we see them pass.
  void follow(Figures& out) {
    const double passed_s =
        followed_ns_ == 0 ? 0 : static_cast<double>(out.taken_wall_ns - followed_ns_) / 1e9;
    for (FigureSeries& series : out.series) {
      Followed& followed = followed_[series.key];
      if (passed_s > 0 && followed.seen && series.total >= followed.total) {
        followed.rates.push_back(static_cast<double>(series.total - followed.total) / passed_s);
        if (followed.rates.size() > kTrendSeconds) followed.rates.pop_front();
      }
      followed.total = passed_s > 0 || !followed.seen ? series.total : followed.total;
      followed.seen = true;
      series.trend.assign(followed.rates.begin(), followed.rates.end());
    }
    for (top::LaneRow& lane : out.lanes) {
      const auto before = lanes_.find(lane.tid);
      if (passed_s > 0 && before != lanes_.end() && lane.written >= before->second.first)
        before->second.second = static_cast<double>(lane.written - before->second.first) / passed_s;
      auto& kept = lanes_[lane.tid];
      if (passed_s > 0 || before == lanes_.end()) kept.first = lane.written;
      lane.rate = kept.second;
    }
    followed_ns_ = out.taken_wall_ns;
  }

  static std::string percent_encoded(const std::string& text) {
    std::string out;
    constexpr const char* kDigits = "0123456789ABCDEF";
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                         (byte >= 'a' && byte <= 'z') || byte == '_' || byte == '-';
      if (plain) {
        out += c;
      } else {
        out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
      }
    }
    return out;
  }

  struct Followed {
    bool seen = false;
    std::uint64_t total = 0;
    std::deque<double> rates;
  };
  const std::string ring_;
  const bool labels_;
  const std::string socket_;
  const DaemonClient client_;
  std::string name_;
  std::map<SeriesKey, Followed> followed_;
  std::map<std::uint32_t, std::pair<std::uint64_t, double>> lanes_;  // by tid: written, rate
  std::int64_t followed_ns_ = 0;
};

}  // namespace

std::unique_ptr<MinuteSource> open_daemon(const Named& named, Failure& failure) {
  auto source = std::make_unique<DaemonSource>(named);
  Figures figures;
  if (const auto wrong = source->now({}, figures)) {
    failure = *wrong;
    if (failure.message.find("cannot reach") != std::string::npos)
      failure.message +=
          "\n  or: --history FILE, of a history file alone; or a ring, as ringside list names it";
    return nullptr;
  }
  return source;
}

}  // namespace ringside::tool::past
