// How far the figures can be trusted: the books, what is missing from them, and each lane's books.
#include <fmt/format.h>

#include "report/render/sections/sections.h"

namespace ringside::detail {
namespace {

void write_books(const Section& section) {
  const Books& books = section.snapshot.books;
  const char* relation = books.balance() ? "=" : "≠";
  section.page.field(
      "books",
      fmt::format("written {} {} read {} + lost {}{}", format_count(books.written), relation,
                  format_count(books.read), format_count(books.lost),
                  books.balance() ? "" : "  THEY DO NOT BALANCE: believe no figure below"));
  section.page.field(
      "", fmt::format(
              "rejected {} (of the read) · torn {} (not of the written) · late {} (counted all the "
              "same)",
              format_count(books.rejected), format_count(books.torn),
              format_count(section.snapshot.late_records)));
  if (books.lost > 0) {
    section.page.field("", fmt::format("{} of the lost are not yet known by operation",
                                       format_count(section.snapshot.unattributed_lost)));
  }
}

void write_losses(const Section& section, const RingView& ring) {
  const auto& now = ring.losses.while_observed;
  const std::string name = label_of(section.snapshot, "lost", ring.name);
  if (now[0] > 0) {
    section.page.field(
        name,
        fmt::format("overwritten before they were read: {} in the last minute, {} in 5 min, {} in "
                    "the hour, {} since start",
                    format_count(now[1]), format_count(now[2]), format_count(now[3]),
                    format_count(now[0])));
  }
  if (ring.losses.before_attach > 0) {
    section.page.field(now[0] > 0 ? "" : name,
                       fmt::format("{} were overwritten while no daemon watched",
                                   format_count(ring.losses.before_attach)));
  }
}

void write_negative_spans(const Section& section) {
  std::uint64_t negative = 0;
  for (const auto* group : {&section.snapshot.operations, &section.snapshot.events}) {
    for (const SeriesView& series : *group) negative += series.window(Window::since_start).negative;
  }
  if (negative == 0) return;
  section.page.field(
      "",
      fmt::format("{}: the clock went back, or the end was read before the start; counted as 0 ns",
                  count_of(negative, "negative span", "negative spans")));
}

void write_untraced(const Section& section, const RingView& ring) {
  if (ring.untraced_threads == 0 && ring.untraced_records == 0 && ring.names_refused == 0) return;
  section.page.field("untraced", fmt::format("ring {}: {} without a lane, {} missing · {} refused",
                                             escape_visible(ring.name),
                                             count_of(ring.untraced_threads, "thread", "threads"),
                                             count_of(ring.untraced_records, "record", "records"),
                                             count_of(ring.names_refused, "name", "names")));
}

void write_lanes(const Section& section) {
  if (section.snapshot.lanes.empty()) {
    section.page.field("lanes", "none has been claimed");
    return;
  }
  Table table({{"ring", Align::left},
               {"lane", Align::left},
               {"state", Align::left},
               {"thread", Align::left},
               {"tid"},
               {"written"},
               {"read"},
               {"lost"},
               {"torn"},
               {"rejected"},
               {"pending"}});
  for (const LaneView& lane : section.snapshot.lanes) {
    const Books& books = lane.books;
    table.row({escape_visible(lane.ring), lane.overflow ? "over" : fmt::format("{}", lane.lane),
               name_of(lane.state), lane.overflow ? "(shared)" : escape_visible(lane.thread),
               lane.tid != 0 ? fmt::format("{}", lane.tid) : "–", format_count(books.written),
               format_count(books.read), format_count(books.lost), format_count(books.torn),
               format_count(books.rejected), lane.overflow ? format_count(lane.pending) : "–"});
  }
  section.page.table(table);
}

}  // namespace

void write_data_quality(const Section& section) {
  section.page.subheading("Data quality");
  write_books(section);
  write_negative_spans(section);
  for (const RingView& ring : section.snapshot.rings) write_losses(section, ring);
  for (const RingView& ring : section.snapshot.rings) write_untraced(section, ring);
  write_lanes(section);
}

}  // namespace ringside::detail
