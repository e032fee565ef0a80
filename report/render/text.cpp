// The frame of the text report, and what it says first and last: verdict, overview, configuration.
#include "report/render/text.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/render/text_page.h"

namespace ringside {
namespace detail {

void Page::heading(std::string_view title) {
  if (!out.empty()) blank();
  std::string rule;
  for (std::size_t used = title.size() + 4; used < options.width; ++used) rule += "━";
  out += fmt::format("━━ {} {}\n", title, rule);
}

void Page::subheading(std::string_view title) {
  blank();
  out += wrap(title, "  ", options.width);
}

std::string quantile_cell(const WindowStats& stats, double q) {
  const auto ns = quantile_ns(stats, q);
  return ns ? format_span_cell(*ns) : "–   ";
}

std::string ring_names(const Snapshot& snapshot) {
  std::string names;
  for (const RingView& ring : snapshot.rings) names += (names.empty() ? "" : ", ") + escape_visible(ring.name);
  return names.empty() ? "no ring" : names;
}

namespace {

std::string span_since(const Snapshot& snapshot, std::int64_t wall_ns) {
  return format_span(static_cast<double>(snapshot.wall_ns) - static_cast<double>(wall_ns));   // garbage must not overflow
}

std::string plural(std::uint64_t count, std::string_view one, std::string_view many) {
  return format_count(count) + " " + std::string(count == 1 ? one : many);
}

void write_title(Page& page) {
  const Snapshot& snapshot = page.snapshot;
  const std::string left = "Ringside report · " + ring_names(snapshot);
  const std::string right = format_wall(snapshot.wall_ns);
  const std::size_t width = page.options.width;
  const std::string title = clip(left, width > right.size() + 2 ? width - right.size() - 2 : 1);
  page.out += title + pad(right, width - std::min(width, display_width(title)), Align::right) + '\n';
}

void write_rings(Page& page) {
  for (const RingView& ring : page.snapshot.rings) {
    const std::string program = ring.program.empty() ? "no server yet" : escape_visible(ring.program);
    std::string text = fmt::format("{} · {}", name_of(ring.state), program);
    if (ring.pid != 0) text += fmt::format(" (pid {})", ring.pid);
    if (ring.created_wall_ns != 0) {
      text += fmt::format(" · opened {}, {} ago", format_wall(ring.created_wall_ns), span_since(page.snapshot, ring.created_wall_ns));
    }
    if (ring.live() && !ring.enabled) text += " · tracing is switched off";
    page.field("ring " + escape_visible(ring.name), text);
    std::string detail = escape_visible(ring.path);
    if (ring.segment_bytes != 0) detail += " · " + format_bytes(ring.segment_bytes);
    if (!ring.clock.empty()) {
      detail += fmt::format(" · clock {} at {} MHz", escape_visible(ring.clock), format_number(ring.ticks_per_second / 1e6));
    }
    if (ring.instances_seen > 0) {
      detail += fmt::format(" · {} followed, {}", plural(ring.instances_seen, "server start", "server starts"),
                            plural(ring.crashes_seen, "crash", "crashes"));
    }
    page.field("", detail);
    if (!ring.problem.empty()) page.field("", "problem: " + escape_visible(ring.problem));
  }
}

// A figure that could not be had says so.
template <class T, class Format>
std::string known(const std::optional<T>& value, Format format) {
  return value ? format(*value) : "unknown";
}

void write_system(Page& page) {
  const Snapshot& snapshot = page.snapshot;
  for (const ProcessView& process : snapshot.processes) {
    page.field("server", fmt::format("{} · pid {} · up {} · {} of a core · {} resident · {} open files · {} threads",
                                     escape_visible(process.ring), process.pid,
                                     known(process.uptime_seconds, [](double s) { return format_span(s * 1e9); }),
                                     known(process.cpu_percent, [](double p) { return format_percent(p / 100); }),
                                     known(process.resident_bytes, format_bytes), known(process.open_files, format_count),
                                     known(process.threads, format_count)));
  }
  if (snapshot.processes.empty()) page.field("server", "no live server process to measure");
  if (!snapshot.gauges.empty()) {
    std::string text;
    for (const GaugeView& gauge : snapshot.gauges) {
      const std::string ring = snapshot.rings.size() > 1 ? " (" + escape_visible(gauge.ring) + ")" : "";
      text += fmt::format("{}{}{} {}, at most {}", text.empty() ? "" : " · ", escape_visible(gauge.name), ring,
                          format_signed(gauge.value), format_signed(gauge.max));
    }
    page.field("gauges", text);
  }
  const HostView& host = snapshot.host;
  const auto load = [](double value) { return fmt::format("{:.2f}", value); };
  page.field("host", fmt::format("load {} {} {} on {} · {} busy · {} of {} memory available", known(host.load_1m, load),
                                 known(host.load_5m, load), known(host.load_15m, load),
                                 known(host.cpus, [](unsigned n) { return plural(n, "core", "cores"); }),
                                 known(host.cpu_percent, [](double p) { return format_percent(p / 100); }),
                                 known(host.memory_available_bytes, format_bytes),
                                 known(host.memory_total_bytes, format_bytes)));
  const DaemonView& daemon = snapshot.daemon;
  if (daemon.started_wall_ns == 0) return;
  page.field("daemon", fmt::format("ringsided {} · pid {} · up {} · figures since {} ({})",
                                   escape_visible(daemon.version), daemon.pid, format_span(daemon.uptime_seconds * 1e9),
                                   format_wall(daemon.state_since_wall_ns), plural(daemon.restarts, "restart", "restarts")));
  page.field("its cost", fmt::format("{} of a core · {} resident, {} of it metrics · {} passes over the rings",
                                     known(daemon.cpu_percent, [](double p) { return format_percent(p / 100); }),
                                     known(daemon.resident_bytes, format_bytes),
                                     format_bytes(daemon.metrics_bytes), format_count(daemon.passes)));
}

void write_books(Page& page) {
  const Snapshot& snapshot = page.snapshot;
  const Books& books = snapshot.books;
  page.subheading("Data quality");
  page.field("books", fmt::format("written {} {} read {} + lost {}{}", format_count(books.written), books.balance() ? "=" : "≠",
                                  format_count(books.read), format_count(books.lost),
                                  books.balance() ? "" : "  THEY DO NOT BALANCE: believe no figure below"));
  page.field("", fmt::format("rejected {} (of the read) · torn {} (not of the written) · late {} (counted all the same)",
                             format_count(books.rejected), format_count(books.torn), format_count(snapshot.late_records)));
  std::uint64_t negative = 0;
  for (const auto* group : {&snapshot.operations, &snapshot.events}) {
    for (const SeriesView& series : *group) negative += series.window(Window::since_start).negative;
  }
  if (negative > 0) {
    page.field("", fmt::format("{}: the clock went back, or the end was read before the start; counted as 0 ns",
                               plural(negative, "negative span", "negative spans")));
  }
  if (books.lost > 0) {
    page.field("", fmt::format("{} of the lost are not yet known by operation", format_count(snapshot.unattributed_lost)));
  }
  for (const RingView& ring : snapshot.rings) {
    if (ring.untraced_threads == 0 && ring.untraced_records == 0 && ring.names_refused == 0) continue;
    page.field("untraced", fmt::format("ring {}: {} threads without a lane, {} records missing · {} names refused",
                                       escape_visible(ring.name), format_count(ring.untraced_threads),
                                       format_count(ring.untraced_records), format_count(ring.names_refused)));
  }
  if (snapshot.lanes.empty()) {
    page.field("lanes", "none has been claimed");
    return;
  }
  page.blank();
  Table table({{"ring", Align::left}, {"lane"}, {"state", Align::left}, {"thread", Align::left}, {"tid"}, {"written"},
               {"read"}, {"lost"}, {"torn"}, {"rejected"}, {"pending"}});
  for (const LaneView& lane : snapshot.lanes) {
    table.row({escape_visible(lane.ring), lane.overflow ? "over" : fmt::format("{}", lane.lane), name_of(lane.state),
               lane.overflow ? "(shared)" : escape_visible(lane.thread), lane.tid != 0 ? fmt::format("{}", lane.tid) : "–",
               format_count(lane.books.written), format_count(lane.books.read), format_count(lane.books.lost),
               format_count(lane.books.torn), format_count(lane.books.rejected), lane.overflow ? format_count(lane.pending) : "–"});
  }
  page.put(table);
}

}  // namespace

void write_verdict(Page& page) {
  std::string name = verdict_name(page.analysis.verdict);
  for (char& letter : name) letter = static_cast<char>(letter - 'a' + 'A');
  page.heading("VERDICT: " + name);
  for (const Reason& reason : page.analysis.reasons) page.bullet(reason.text);
  const WindowStats& now = page.snapshot.all.window(Window::minute);
  if (now.count() == 0) return;
  std::string text = fmt::format("In the last minute: {} operations, {}", format_count(now.count()), format_rate(now.rate()));
  if (now.count() >= kMinClaim) text += fmt::format(", {} failed", format_percent(now.error_rate()));
  for (const auto& [label, q] : {std::pair{"p50", 0.5}, std::pair{"p90", 0.9}, std::pair{"p99", 0.99}}) {
    if (const auto ns = quantile_ns(now, q)) text += fmt::format(", {} {}", label, format_span(*ns));
  }
  page.bullet(text + ".");
}

void write_overview(Page& page) {
  page.heading("OVERVIEW AND DATA QUALITY");
  write_rings(page);
  write_system(page);
  write_books(page);
}

void write_configuration(Page& page) {
  page.heading("CONFIGURATION IN FORCE");
  std::string_view text = page.snapshot.configuration;
  if (text.empty()) page.say("Not stated by the daemon.");
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    const std::string shown = "  " + escape_visible(line);
    if (line.empty()) {
      page.blank();
    } else if (display_width(shown) <= page.options.width) {
      page.out += shown + '\n';   // as it is aligned there
    } else {
      page.out += wrap(shown, "  ", page.options.width);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace detail

std::string render_text(const Snapshot& snapshot, const TextOptions& options) {
  const Analysis analysis = analyse(snapshot);
  detail::Page page{snapshot, analysis, options};
  detail::write_title(page);
  detail::write_verdict(page);
  detail::write_overview(page);
  detail::write_operations(page);
  detail::write_errors(page);
  detail::write_alerts(page);
  detail::write_regressions(page);
  detail::write_bottlenecks(page);
  detail::write_security(page);
  detail::write_suggestions(page);
  detail::write_trends(page);
  detail::write_configuration(page);
  return std::move(page.out);
}

}  // namespace ringside
