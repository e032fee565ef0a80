// What the span that is reported is like beside another one.
#include "report/analysis/comparison.h"

#include <fmt/format.h>

#include <cmath>

#include "report/render/sections/sections.h"

namespace ringside::detail {
namespace {

constexpr std::size_t kUnchanged = 5;  // operations that are listed all the same
constexpr double kSecondNs = 1e9;

using Figure = ComparedFigure;

const Figure* figure_of(const ComparedOperation& operation, Figure::Kind kind) {
  for (const Figure& figure : operation.figures) {
    if (figure.kind == kind && figure.judged()) return &figure;
  }
  return nullptr;
}

std::string signed_percent(double effect) {
  return fmt::format("{}{:.0f} %", effect < 0 ? "−" : "+", 100 * std::abs(effect));
}

void add_span_cells(std::vector<std::string>& cells, const Figure* figure) {
  cells.push_back(figure != nullptr ? format_span(figure->then) : "–");
  cells.push_back(figure != nullptr ? format_span(figure->now) : "–");
  cells.push_back(figure != nullptr ? signed_percent(figure->effect) : "–");
}

std::string kind_cell(const ComparedOperation& operation) {
  switch (operation.kind) {
    case ComparedOperation::Kind::unknown: return "too few calls";
    case ComparedOperation::Kind::same: return "the same";
    case ComparedOperation::Kind::slower: return "slower";
    case ComparedOperation::Kind::faster: return "faster";
    case ComparedOperation::Kind::mix_shift: return "another mix";
  }
  return "–";
}

std::string certainty_cell(const Figure& figure) { return format_percent(figure.certainty); }

std::string how_text(const Comparison& comparison) {
  const std::string past = past_label(comparison.begin_wall_s, comparison.end_wall_s);
  std::string text = fmt::format(
      "{}{}: {} of it are in the history. Quantiles and stages are medians of up to {} steps, each "
      "held against {}.",
      comparison.asked.empty() ? "" : escape_visible(comparison.asked) + ", ", past,
      format_span(comparison.then_seconds * kSecondNs), comparison.steps,
      comparison.by_time_of_day ? "the same time of each day" : "the same step of that span");
  text[0] = text[0] >= 'a' && text[0] <= 'z' ? static_cast<char>(text[0] - 'a' + 'A') : text[0];
  if (comparison.left_out > 0) {
    text += fmt::format(" Of the past, {} with an incident {} left out.",
                        count_of(comparison.left_out, "slot", "slots"),
                        comparison.left_out == 1 ? "is" : "are");
  }
  return text;
}

void write_operations_table(const Section& section, bool all) {
  RingTable table(section.snapshot, {{"operation", Align::left},
                                     {"calls/s"},
                                     {"now"},
                                     {"p50", Align::span},
                                     {"now", Align::span},
                                     {"by"},
                                     {"p95", Align::span},
                                     {"now", Align::span},
                                     {"by"},
                                     {"it is", Align::left}});
  std::size_t unchanged = 0;
  for (const ComparedOperation& operation : section.comparison->operations) {
    if (!operation.changed() && ++unchanged > kUnchanged && !all) continue;
    std::vector<std::string> cells = {escape_visible(operation.operation),
                                      format_number(operation.then.rate),
                                      format_number(operation.now.rate)};
    add_span_cells(cells, figure_of(operation, Figure::Kind::p50));
    add_span_cells(cells, figure_of(operation, Figure::Kind::p95));
    cells.push_back(kind_cell(operation));
    table.row(operation.ring, std::move(cells));
  }
  if (table.empty()) return;
  section.page.table(table.table());
  if (!all && unchanged > kUnchanged) {
    section.page.sentence(fmt::format("Not listed: {} that did not change.",
                                      count_of(unchanged - kUnchanged, "operation", "operations")));
  }
}

// The shares that failed, and what changed in a stage.
void write_figures_table(const Section& section, bool all) {
  RingTable table(section.snapshot, {{"operation", Align::left},
                                     {"of it", Align::left},
                                     {"then"},
                                     {"now"},
                                     {"by"},
                                     {"certain"},
                                     {"", Align::left}});
  for (const ComparedOperation& operation : section.comparison->operations) {
    for (const Figure& figure : operation.figures) {
      if (!figure.judged() || (!all && !figure.changed)) continue;
      const bool share = figure.kind == Figure::Kind::failed;
      const auto cell = [&](double value) {
        return share ? format_percent(value) : format_span(value);
      };
      const std::string points = fmt::format("{}{}", figure.effect < 0 ? "−" : "+",
                                             format_percent(std::abs(figure.effect)));
      table.row(
          operation.ring,
          {escape_visible(operation.operation),
           figure.kind == Figure::Kind::stage ? "stage " + escape_visible(figure.stage)
                                              : name_of(figure.kind),
           cell(figure.then), cell(figure.now), share ? points : signed_percent(figure.effect),
           certainty_cell(figure), figure.changed ? "changed" : ""});
    }
  }
  if (table.empty()) return;
  section.page.subheading(all ? "Every figure" : "What changed");
  section.page.table(table.table());
  section.page.sentence(fmt::format(
      "certain: corrected for the {} that are judged. A change is {} certain and at least 10 % at "
      "p50, 20 % at p95, 15 % of a stage, or half a point of the calls that fail.",
      count_of(section.comparison->figures, "figure", "figures"), "99 %"));
}

void write_names(const Section& section, const char* what, const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  section.page.sentence(fmt::format("{}: {}.", what, text));
}

}  // namespace

void write_comparison(const Section& section) {
  if (section.comparison == nullptr) return;
  const Comparison& comparison = *section.comparison;
  section.page.heading("COMPARED WITH ANOTHER TIME");
  section.page.sentence(how_text(comparison));
  for (const ComparedOperation& operation : comparison.operations) {
    if (operation.changed()) section.page.bullet(operation.text);
  }
  for (const std::string& mix : comparison.mixes) section.page.bullet(mix);
  write_operations_table(section, section.limits.whole);
  write_figures_table(section, section.limits.whole);
  write_names(section, "Seen only then", comparison.only_then);
  write_names(section, "Seen only now", comparison.only_now);
}

}  // namespace ringside::detail
