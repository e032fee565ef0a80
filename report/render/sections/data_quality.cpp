// How far the figures can be trusted: the books, what is missing from them, and each lane's books.
#include <fmt/format.h>

#include "report/render/sections/sections.h"

namespace ringside::detail {
namespace {

void write_books(const Section& section) {
  const Books& books = section.snapshot.books;
  const char* relation = books.balance() ? "=" : "≠";
  section.page.field(
      "books", fmt::format("written {} {} read {} + lost {}{}", format_count(books.written),
                           relation, format_count(books.read), format_count(books.lost),
                           books.balance() ? "" : "  THEY DO NOT BALANCE: believe no figure here"));
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

// What a server's code got wrong, in the order of kMisuseNames, and then what is not a call.
struct Mistake {
  const char* found;
  const char* expected;
  const char* next;
};
constexpr Mistake kMistakes[kMisuses] = {
    {"calls with the id of an event for an operation, or of an operation for an event",
     "an id of the call's own kind",
     "in the server, give operations what register_operation() returned, and events what "
     "register_event() returned"},
    {"outcomes that are none, which count as errors", "an Outcome from ok to cancelled",
     "in the server, look for a number that is cast to an Outcome"},
    {"marks of a stage above 5, whose time is in no stage", "a stage from 0 to 5",
     "in the server, join stages, or make an operation of its own of some"},
    {"stamps of another clock, whose records have no span",
     "stamps that ringside::now() gave, of the same ring",
     "in the server, take stamps with now(), and none that were kept from before start()"},
};
constexpr Mistake kMergedNames = {
    "registrations of a name that is cut to the name of another: the two are one in every figure",
    "names that differ within the length of their field (39 bytes for an operation)",
    "in the server, shorten the names, or put the difference first"};
constexpr Mistake kRefusedProcesses = {
    "of its processes found no place in the table: their gauges and their deaths are unseen",
    "a place for each of up to 4,096",
    "free memory where the ring is (df /dev/shm), or give some processes a ring of their own"};

void write_findings(const Section& section, const RingView& ring) {
  const auto write = [&](const char* name, const std::string& what) {
    section.page.field(name, fmt::format("ring {}: {}", escape_visible(ring.name), what));
  };
  const auto mistake = [&](const char* name, std::uint64_t count, const Mistake& of) {
    if (count == 0) return;
    write(name, fmt::format("{} {}; expected {}", format_count(count), of.found, of.expected));
    section.page.field("", fmt::format("next: {}", of.next));
  };
  if (ring.live() && !ring.problem.empty()) write("problem", problem_text(ring.problem));
  for (std::size_t i = 0; i < kMisuses; ++i) mistake("mistake", ring.misused[i], kMistakes[i]);
  mistake("mistake", ring.names_merged, kMergedNames);
  mistake("unseen", ring.processes.refused, kRefusedProcesses);
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
  for (const RingView& ring : section.snapshot.rings) write_findings(section, ring);
  write_lanes(section);
}

}  // namespace ringside::detail
