// How many, how long, the latest, the slowest; then events.
#include <fmt/format.h>

#include <algorithm>

#include "report/render/sections/sections.h"

namespace ringside::detail {
namespace {

bool is_seen(const SeriesView& series) {
  return series.window(Window::since_start).count() > 0 || series.server_count > 0;
}

// Calls `add(name, series)` for each operation that was seen. After a rule it does so for each
// category, and then for all.
template <class Add>
void for_each_row(const Section& section, RingTable& table, Add add) {
  for (const SeriesView& series : section.snapshot.operations) {
    if (is_seen(series)) add(series);
  }
  table.rule();
  if (section.snapshot.categories.size() > 1) {
    for (const SeriesView& series : section.snapshot.categories) {
      if (series.window(section.analysis.window).count() > 0) add(series);
    }
  }
  add(section.snapshot.all);
}

std::string name_cell(const Section& section, const SeriesView& series) {
  return &series == &section.snapshot.all ? "all" : escape_visible(series.name);
}

void write_counts(const Section& section) {
  RingTable table(section.snapshot, {{"operation", Align::left},
                                     {"count"},
                                     {"rate"},
                                     {"errors"},
                                     {"error %"},
                                     {"refused"},
                                     {"refused %"}});
  for_each_row(section, table, [&](const SeriesView& series) {
    const WindowStats& stats = series.window(section.analysis.window);
    table.row(series.ring,
              {name_cell(section, series), format_count(stats.count()), format_rate(stats.rate()),
               format_count(stats.errors), percent_cell(stats.errors, stats.count()),
               format_count(stats.refused), percent_cell(stats.refused, stats.count())});
  });
  section.page.table(table.table());
}

void write_latencies(const Section& section) {
  RingTable table(section.snapshot, {{"operation", Align::left},
                                     {"min", Align::span},
                                     {"mean", Align::span},
                                     {"p50", Align::span},
                                     {"p90", Align::span},
                                     {"p95", Align::span},
                                     {"p99", Align::span},
                                     {"p99.9", Align::span},
                                     {"max", Align::span}});
  for_each_row(section, table, [&](const SeriesView& series) {
    const WindowStats& stats = series.window(section.analysis.window);
    const bool timed = stats.timed > 0;
    table.row(series.ring,
              {name_cell(section, series), timed ? span_cell(stats.min_ns) : "–",
               mean_cell(stats.sum_ns, stats.timed), quantile_cell(stats, 0.5),
               quantile_cell(stats, 0.9), quantile_cell(stats, 0.95), quantile_cell(stats, 0.99),
               quantile_cell(stats, 0.999), timed ? span_cell(stats.max_ns) : "–"});
  });
  section.page.table(table.table());
}

// Exact nearest rank over the kept records: the ceil(q n)-th of them, where q is so many tenths.
// p90 needs ten records.
std::string exact_cell(const std::vector<std::int64_t>& sorted_ns, std::size_t tenths) {
  if (sorted_ns.empty() || (tenths == 9 && sorted_ns.size() < 10)) return "–";
  const std::size_t rank = (tenths * sorted_ns.size() + 9) / 10;
  return format_span(static_cast<double>(sorted_ns[rank - 1]));
}

void write_latest(const Section& section) {
  RingTable table(section.snapshot, {{"operation", Align::left},
                                     {"last"},
                                     {"failed"},
                                     {"p50", Align::span},
                                     {"p90", Align::span},
                                     {"max", Align::span},
                                     {"server says"},
                                     {"errors"},
                                     {"read"},
                                     {"lost"}});
  std::size_t kept = 0;
  for (const SeriesView& series : section.snapshot.operations) {
    if (!is_seen(series)) continue;
    std::vector<std::int64_t> spans;
    std::uint64_t failed = 0;
    for (const RecordView& record : series.last) {
      if (!record.untimed) spans.push_back(record.duration_ns);
      failed += is_failure(record.outcome) ? 1 : 0;
    }
    std::sort(spans.begin(), spans.end());
    kept = std::max(kept, series.last.size());
    table.row(series.ring,
              {escape_visible(series.name), format_count(series.last.size()), format_count(failed),
               exact_cell(spans, 5), exact_cell(spans, 9), exact_cell(spans, 10),
               format_count(series.server_count), format_count(series.server_errors),
               format_count(series.books.read), format_count(series.books.lost)});
  }
  section.page.subheading(fmt::format(
      "The last {} of each, exact · the books since start: server says = read + lost + sampled out",
      kept));
  section.page.table(table.table());
}

void write_unseen(const Section& section) {
  std::string names;
  std::size_t count = 0;
  for (const SeriesView& series : section.snapshot.operations) {
    if (is_seen(series)) continue;
    if (count++ < section.limits.unseen) {
      names += (names.empty() ? "" : ", ") + label_of(section.snapshot, series.name, series.ring);
    }
  }
  if (count == 0) return;
  if (count > section.limits.unseen) names += " …";
  section.page.sentence(fmt::format("Registered, not seen so far: {} ({}).",
                                    count_of(count, "operation", "operations"), names));
}

void write_slowest(const Section& section, const std::string& title,
                   const std::vector<RecordView>& slowest) {
  if (slowest.empty()) return;
  RingTable table(section.snapshot, {{"operation", Align::left},
                                     {"took", Align::span},
                                     {"began"},
                                     {"outcome", Align::left},
                                     {"who", Align::left},
                                     {"on what", Align::left}});
  for (std::size_t i = 0; i < std::min(slowest.size(), section.limits.top); ++i) {
    const RecordView& record = slowest[i];
    const std::string outcome =
        record.error != 0 ? error_label(record.error, record.error_name) : name_of(record.outcome);
    table.row(record.ring, {escape_visible(record.operation),
                            format_span(static_cast<double>(record.duration_ns)),
                            format_wall(record.start_wall_ns), outcome, format_party(record.actor),
                            format_party(record.subject)});
  }
  section.page.subheading(title);
  section.page.table(table.table());
}

void write_event_counts(const Section& section) {
  RingTable table(section.snapshot, {{"event", Align::left},
                                     {"count"},
                                     {"rate"},
                                     {"p50", Align::span},
                                     {"max", Align::span},
                                     {section.snapshot.is_past() ? "in all" : "since start"},
                                     {"read"},
                                     {"lost"}});
  for (const SeriesView& series : section.snapshot.events) {
    if (!is_seen(series)) continue;
    const WindowStats& stats = series.window(section.analysis.window);
    const bool takes_time = stats.max_ns > 0;
    table.row(series.ring,
              {escape_visible(series.name), format_count(stats.count()), format_rate(stats.rate()),
               takes_time ? quantile_cell(stats, 0.5) : "–",
               takes_time ? span_cell(stats.max_ns) : "–", format_count(series.server_count),
               format_count(series.books.read), format_count(series.books.lost)});
  }
  if (table.empty()) return;
  section.page.subheading("Events, " + section.window());
  section.page.table(table.table());
}

}  // namespace

void write_operations(const Section& section) {
  section.page.heading("OPERATIONS");
  const auto& operations = section.snapshot.operations;
  if (std::none_of(operations.begin(), operations.end(), is_seen)) {
    section.page.sentence("No operation has been seen.");
    write_unseen(section);
  } else {
    section.page.sentence("How many, in " + section.window() + ".");
    write_counts(section);
    section.page.subheading("How long they took, in " + section.window());
    section.page.sentence(
        "A quantile is shown where at least five values lie beyond it. It is within 1.1 % up to a "
        "span of 35 h; longer ones are known to be at least so long.");
    write_latencies(section);
    section.page.chart(Chart::heat_map);
    if (!section.snapshot.is_past()) write_latest(section);
    section.page.chart(Chart::distributions);
    write_unseen(section);
    if (section.snapshot.is_past()) return write_event_counts(section);
    // In the first hour the two lists are the same.
    const SeriesView& all = section.snapshot.all;
    if (all.window(Window::since_start).seconds > all.window(Window::hour).seconds) {
      write_slowest(section, "Slowest single operations of the last hour",
                    section.snapshot.slowest);
    }
    write_slowest(section, "Slowest single operations since start",
                  section.snapshot.slowest_since_start);
  }
  write_event_counts(section);
}

}  // namespace ringside::detail
