#include "tools/simulate/figures.h"

#include <string_view>

#include "report/model/names.h"

namespace ringside::simulate {
namespace {

struct Maker {
  std::vector<Figure> out;

  void add(AlertType alert, const std::string& name, const std::string& operation,
           std::optional<double> value, double warning, double critical) {
    Figure figure;
    figure.key = std::string(ringside::name_of(alert)) + '|' + name + '|' + operation;
    figure.alert = alert;
    figure.operation = operation;
    figure.value = value;
    figure.warning = warning;
    figure.critical = critical;
    // Both rivals' examples clear at six sevenths to nine tenths of what raises.
    figure.warning_clear = warning * 0.85;
    figure.critical_clear = critical * 0.85;
    out.push_back(std::move(figure));
  }
};

const SeriesView* event_of(const Snapshot& snapshot, std::string_view name) {
  for (const SeriesView& event : snapshot.events) {
    if (event.name == name) return &event;
  }
  return nullptr;
}

double per_minute(const Snapshot& snapshot, std::string_view name) {
  const SeriesView* event = event_of(snapshot, name);
  return event == nullptr ? 0 : static_cast<double>(event->window(Window::minute).count());
}

// The state that the latest event in the ring says: what a gauge would show.
double breaker_open(const Snapshot& snapshot) {
  const SeriesView* moves = event_of(snapshot, names::kBreaker);
  if (moves == nullptr || moves->last.empty()) return 0;
  return breaker_state_from(moves->last.front().value) == BreakerState::open ? 1 : 0;
}

void operations(const Snapshot& snapshot, const Thresholds& thresholds, Maker& maker) {
  double calls = 0;
  double errors = 0;
  for (const SeriesView& operation : snapshot.operations) {
    const WindowStats& minute = operation.window(Window::minute);
    calls += static_cast<double>(minute.count());
    errors += static_cast<double>(minute.errors);
    const std::int64_t response = thresholds.response_of(operation.name, operation.declared);
    if (response > 0) {
      // histogram_quantile() of no calls is not a number, and no comparison with it is true.
      std::optional<double> p95;
      if (minute.timed > 0) p95 = minute.quantile_ns(0.95);
      maker.add(AlertType::high_latency, "p95", operation.name, p95, static_cast<double>(response),
                2 * static_cast<double>(response));
    }
    std::optional<double> share;
    if (minute.count() > 0) share = minute.error_rate() * 100;
    const double percent = thresholds.error_percent_of(operation.name);
    maker.add(AlertType::high_error_rate, "errors", operation.name, share, percent, 3 * percent);
  }
  std::optional<double> share;
  if (calls > 0) share = errors / calls * 100;
  maker.add(AlertType::high_error_rate, "errors", "", share, thresholds.error_percent,
            3 * thresholds.error_percent);
}

void system(const Snapshot& snapshot, const Thresholds& thresholds, Maker& maker) {
  std::optional<double> resident, open;
  for (const ProcessView& process : snapshot.processes) {
    if (process.resident_bytes) resident = static_cast<double>(*process.resident_bytes);
  }
  const auto memory = static_cast<double>(thresholds.memory_bytes);
  maker.add(AlertType::high_memory, "resident", "", resident, memory, 1.5 * memory);
  for (const GaugeView& gauge : snapshot.gauges) {
    if (gauge.name == names::kConnections) open = static_cast<double>(gauge.value);
  }
  const auto connections = static_cast<double>(thresholds.connections);
  maker.add(AlertType::high_connections, "connections", "", open, connections, 1.5 * connections);
  const HostView& host = snapshot.host;
  maker.add(AlertType::system_overload, "cpu", "", host.cpu_percent, 85, 95);
  std::optional<double> load;
  if (host.load_1m && host.cpus) load = *host.load_1m / *host.cpus;
  maker.add(AlertType::system_overload, "load", "", load, 2, 4);
  std::optional<double> used;
  if (host.memory_available_bytes && host.memory_total_bytes) {
    used = 100 - 100 * static_cast<double>(*host.memory_available_bytes) /
                     static_cast<double>(*host.memory_total_bytes);
  }
  maker.add(AlertType::system_overload, "memory", "", used, 90, 98);
}

void events(const Snapshot& snapshot, Maker& maker) {
  maker.add(AlertType::database_issue, "breaker", "", breaker_open(snapshot), 0, 1);
  const SeriesView* transactions = event_of(snapshot, names::kDbTransaction);
  std::optional<double> rollbacks;
  if (transactions != nullptr && transactions->window(Window::minute).recorded > 0)
    rollbacks = transactions->window(Window::minute).error_rate() * 100;
  maker.add(AlertType::database_issue, "rollbacks", "", rollbacks, 20, 50);
  maker.add(AlertType::database_issue, "slow_queries", "", per_minute(snapshot, names::kSlowQuery),
            10, 100);
  maker.add(AlertType::security_threat, "failed_logins", "",
            per_minute(snapshot, names::kLoginFailed), 20, 200);
  maker.add(AlertType::security_threat, "rejected_tokens", "",
            per_minute(snapshot, names::kTokenRejected), 20, 200);
  maker.add(AlertType::security_threat, "ip_blocks", "", per_minute(snapshot, names::kIpBlock), 1,
            10);
}

}  // namespace

std::vector<Figure> Figures::of(const Snapshot& snapshot) {
  Maker maker;
  operations(snapshot, config_.thresholds, maker);
  system(snapshot, config_.thresholds, maker);
  events(snapshot, maker);
  double down = 0;
  for (const RingView& ring : snapshot.rings) {
    if (!ring.live()) down = 1;
  }
  maker.add(AlertType::server_down, "up", "", down, 0, 1);
  constexpr std::size_t kTicksOfMinute = 12;
  lost_.push_back(snapshot.books.lost);
  if (lost_.size() > kTicksOfMinute + 1) lost_.pop_front();
  const auto lost_now = static_cast<double>(lost_.back() - lost_.front());
  maker.add(AlertType::telemetry_loss, "lost", "", lost_now, 1, 10000);
  return std::move(maker.out);
}

}  // namespace ringside::simulate
