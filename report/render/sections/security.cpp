#include <fmt/format.h>

#include <algorithm>

#include "report/render/sections/sections.h"

namespace ringside::detail {
namespace {

void write_rate_limit(const Section& section) {
  const SecuritySummary& security = section.analysis.security;
  const std::uint64_t decisions = security.rate_allowed + security.rate_limited;
  if (decisions == 0) return;
  section.page.field("rate limit",
                     fmt::format("{} allowed, {} limited{}", format_count(security.rate_allowed),
                                 format_count(security.rate_limited),
                                 decisions >= kMinClaim
                                     ? " (" + percent_cell(security.rate_limited, decisions) + ")"
                                     : ""));
}

// What validation keeps from the rest of the server, and what that costs.
void write_validation(const Section& section) {
  const SecuritySummary& security = section.analysis.security;
  const std::uint64_t calls = section.snapshot.all.window(section.analysis.window).count();
  if (security.rejected == 0 && security.validation.count == 0) return;
  std::string text = count_of(security.rejected, "call refused", "calls refused");
  if (calls >= kMinClaim) text += " (" + percent_cell(security.rejected, calls) + ")";
  if (security.validation.count > 0) {
    text += fmt::format("; the stage takes {} of the time of all operations, {} a call (n = {})",
                        format_percent(security.validation.share),
                        mean_cell(security.validation.sum_ns, security.validation.count),
                        format_count(security.validation.count));
  }
  section.page.field("validation", text);
}

void write_blocks(const Section& section) {
  const auto& blocks = section.snapshot.blocks;
  for (std::size_t i = 0; i < std::min(blocks.size(), section.limits.top); ++i) {
    const BlockView& block = blocks[i];
    std::string text = fmt::format(
        "{}{} at {}: {} before, then {} turned away, {} got as far as a password or token",
        label_of(section.snapshot, format_party(block.address), block.ring),
        block.blocks > 1 ? fmt::format(", block {}", format_count(block.blocks)) : "",
        format_time_of_day(block.blocked_wall_ns),
        count_of(block.attempts_before, "attempt", "attempts"), format_count(block.turned_away),
        format_count(block.got_through));
    section.page.field(i == 0 ? "blocks" : "", text);
  }
  if (blocks.size() > section.limits.top) {
    section.page.field(
        "", fmt::format("and {} more", format_count(blocks.size() - section.limits.top)));
  }
}

void write_cost(const Section& section) {
  const SecuritySummary& security = section.analysis.security;
  if (security.stage.count > 0) {
    section.page.field(
        "its cost",
        fmt::format("the security stage takes {} of the time of all operations, {} a call (n = {})",
                    format_percent(security.stage.share),
                    mean_cell(security.stage.sum_ns, security.stage.count),
                    format_count(security.stage.count)));
  } else {
    section.page.field("its cost", "no operation marks a security stage");
  }
  if (security.audit_ns > 0) {
    section.page.field("audit log",
                       fmt::format("{} spent on writing it", span_cell(security.audit_ns)));
  }
}

}  // namespace

void write_security(const Section& section) {
  section.page.heading("SECURITY");
  if (section.analysis.security.events.empty()) {
    section.page.sentence("No security event was seen.");
  } else {
    section.page.sentence("In " + section.window() + ".");
    write_events(section, section.analysis.security.events);
  }
  section.page.chart(Chart::security);
  write_rate_limit(section);
  write_validation(section);
  write_blocks(section);
  write_cost(section);
}

}  // namespace ringside::detail
