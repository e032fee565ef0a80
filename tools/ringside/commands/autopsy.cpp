#include "tools/ringside/commands/autopsy.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "report/model/format.h"
#include "report/render/table.h"
#include "shm/processes.h"
#include "shm/words.h"
#include "tools/ringside/autopsy/findings.h"
#include "tools/ringside/commands/opened.h"
#include "tools/ringside/detail/record_page.h"
#include "tools/ringside/lines/record_lines.h"
#include "tools/ringside/lines/spans.h"
#include "tools/ringside/lines/tally.h"

namespace ringside::tool {

namespace {

constexpr const char* kAutopsyCommand = "ringside autopsy";
constexpr std::size_t kWidth = 100;
constexpr std::size_t kMostParties = 20;
constexpr std::size_t kMostErrors = 12;

class AutopsyPage {
 public:
  AutopsyPage(const RingFile& file, const Findings& found) : file_(file), found_(found) {}

  std::string text() {
    head();
    verdict();
    threads();
    last_records();
    errors();
    connected();
    return out_;
  }

 private:
  void head() {
    const SegmentFacts& facts = file_.facts();
    const auto line = [&](const char* label, const std::string& value) {
      out_ += fmt::format("{:<10} {}\n", label, value);
    };
    line("autopsy", escape_visible(file_.segment().path()));
    line("server", escape_visible(facts.program) + ", pid " + std::to_string(facts.creator_pid) +
                       (facts.build_id.empty() ? "" : ", build " + escape_visible(facts.build_id)));
    line("state", file_.state_word());
    line("began", format_wall(file_.wall_ns(facts.anchor_ticks)));
    if (found_.any) {
      const std::int64_t wall_ns = file_.wall_ns(found_.last_sign_ticks);
      line("last sign", format_wall_exact(wall_ns) + ", " +
                            span_text(subtract_ns(file_.now().realtime_ns, wall_ns)) +
                            " ago, after " +
                            span_text(subtract_ns(wall_ns, file_.wall_ns(facts.anchor_ticks))));
    }
    const ProcessesLook processes = look_at_processes(file_.segment(), facts.death_marked);
    if (processes.ever > 1) {
      line("processes", format_count(processes.ever) + " entered, " + format_count(processes.left) +
                            " left in order, " + format_count(processes.died) + " died");
    }
    std::string gauges;
    for (std::uint32_t i = 0; i < kMaxGauges; ++i) {
      std::string name;
      if (!read_gauge_name(file_.segment(), i, &name)) continue;
      gauges += (gauges.empty() ? "" : ", ") + name + " " +
                format_signed(gauge_value(file_.segment(), processes, i));
    }
    if (!gauges.empty()) line("gauges", gauges);
    const auto untraced = file_.segment().header().untraced_records.load(std::memory_order_relaxed);
    if (untraced > 0)
      line("untraced", format_count(untraced) + " records of threads without memory");
    out_ += '\n';
  }

  void verdict() {
    std::string text;
    if (!found_.any) {
      out_ += "Nothing was ever traced in it.\n";
      return;
    }
    if (const LaneFindings* longest = found_.longest_in_flight(); longest != nullptr) {
      const std::uint64_t threads = found_.in_flight();
      text = threads == 1 ? "One thread was in an operation: "
                          : format_count(threads) + " threads were in an operation. The longest: ";
      text += file_.operation_name(longest->in_flight.operation) + " on lane " +
              std::to_string(longest->lane) + " (" + longest->thread + "), for " +
              (alive() ? "" : "at least ") + span_text(longest->in_flight_ns) + ".";
    } else {
      text = "No thread was in an operation.";
    }
    text += " In the last " + span_text(found_.span_ns) +
            (found_.span_ns < kMostSpanNs ? ", as far as all lanes go back, " : " ") +
            format_count(found_.records) + " records ended, " + format_count(found_.failed) +
            " of them as errors.";
    if (found_.torn() > 0) {
      text += " " + format_count(found_.torn()) +
              (found_.torn() == 1 ? " record was" : " records were") +
              " half-written: the server was killed while it wrote.";
    }
    out_ += wrap(text, "", kWidth);
  }

  void threads() {
    Table table({{"lane"},
                 {"thread", Align::left},
                 {"tid"},
                 {"owner", Align::left},
                 {"in operation", Align::left},
                 {"for", Align::span},
                 {"last record", Align::span},
                 {"written"},
                 {"torn", Align::left}});
    for (const LaneFindings& lane : found_.lanes) {
      if (lane.overflow && lane.written == 0) continue;
      std::string torn = lane.torn ? fmt::format("{}:{}", lane.lane, lane.written) : "";
      if (lane.torn_before > 0)
        torn += (torn.empty() ? "" : ", ") + format_count(lane.torn_before) + " before";
      table.row({lane.overflow ? "overflow" : std::to_string(lane.lane), lane.thread,
                 lane.overflow ? "" : std::to_string(lane.tid),
                 lane.overflow ? "shared" : lane_life_word(lane.life),
                 lane.in_flight.any ? file_.operation_name(lane.in_flight.operation) : "-",
                 lane.in_flight.any ? span_cell(lane.in_flight_ns) : "",
                 lane.last.empty() ? "" : span_cell(lane.last_ns), format_count(lane.written),
                 torn});
    }
    if (table.empty()) return;
    out_ += "\nThreads. `last record` is how long before the last sign of life.\n" +
            table.render(0, kWidth);
  }

  void last_records() {
    out_ += "\nThe last records of each thread:\n";
    RecordLines lines(file_, LineFormat::text, {});
    for (const LaneFindings& lane : found_.lanes) {
      for (auto seen = lane.last.rbegin(); seen != lane.last.rend(); ++seen)
        lines.append(*seen, out_);
      if (lane.in_flight.any) {
        out_ += fmt::format("{}  {:>12}  {} had begun and did not end\n",
                            time_of_day(file_.wall_ns(lane.in_flight.start)),
                            fmt::format("{}:", lane.lane),
                            file_.operation_name(lane.in_flight.operation));
      }
      if (lane.torn) {
        out_ += fmt::format("{:15}  {:>12}  half-written record\n", "",
                            fmt::format("{}:{}", lane.lane, lane.written));
      }
    }
  }

  void errors() {
    if (found_.errors.empty()) return;
    Table table(
        {{"count"}, {"operation", Align::left}, {"outcome", Align::left}, {"error", Align::left}});
    for (std::size_t i = 0; i < found_.errors.size() && i < kMostErrors; ++i) {
      const ErrorFindings& one = found_.errors[i];
      table.row({format_count(one.count), one.operation, one.outcome, one.error});
    }
    out_ += "\nWhat did not end with ok in that time:\n" + table.render(0, kWidth);
    more(found_.errors.size(), kMostErrors);
  }

  void connected() {
    if (found_.parties.empty()) return;
    Table table({{"who", Align::left}, {"operations"}, {"errors"}, {"last", Align::span}});
    for (std::size_t i = 0; i < found_.parties.size() && i < kMostParties; ++i) {
      const PartyFindings& one = found_.parties[i];
      table.row({one.text, format_count(one.operations), format_count(one.failed),
                 span_cell(file_.scale().span_ns(
                     static_cast<std::int64_t>(found_.last_sign_ticks - one.last_ticks)))});
    }
    out_ += "\nWho was there in that time, " + format_count(found_.parties.size()) +
            " in all. `last` is how long before the last sign of life.\n" + table.render(0, kWidth);
    more(found_.parties.size(), kMostParties);
  }

  void more(std::size_t all, std::size_t shown) {
    if (all > shown) out_ += "and " + format_count(all - shown) + " more\n";
  }

  bool alive() const { return file_.state() == RingState::live; }

  const RingFile& file_;
  const Findings& found_;
  std::string out_;
};

std::string json_text(const RingFile& file, const Findings& found) {
  RecordLines lines(file, LineFormat::json, {});
  nlohmann::json out;
  out["path"] = file.segment().path();
  out["program"] = escape_visible(file.facts().program);
  out["pid"] = file.facts().creator_pid;
  out["state"] = file.state_word();
  out["began_wall_ns"] = file.wall_ns(file.facts().anchor_ticks);
  if (found.any) out["last_sign_wall_ns"] = file.wall_ns(found.last_sign_ticks);
  out["last_span"] = {
      {"span_ns", found.span_ns}, {"records", found.records}, {"errors", found.failed}};
  out["threads"] = nlohmann::json::array();
  for (const LaneFindings& lane : found.lanes) {
    nlohmann::json item = {
        {"lane", lane.lane}, {"overflow", lane.overflow},          {"thread", lane.thread},
        {"tid", lane.tid},   {"owner", lane_life_word(lane.life)}, {"written", lane.written},
        {"torn", lane.torn}, {"torn_before", lane.torn_before}};
    if (lane.in_flight.any) {
      item["in_flight"] = {{"operation", file.operation_name(lane.in_flight.operation)},
                           {"start_wall_ns", file.wall_ns(lane.in_flight.start)},
                           {"for_ns", lane.in_flight_ns}};
    }
    item["last"] = nlohmann::json::array();
    for (auto seen = lane.last.rbegin(); seen != lane.last.rend(); ++seen) {
      std::string text;
      lines.append(*seen, text);
      item["last"].push_back(nlohmann::json::parse(text));
    }
    out["threads"].push_back(std::move(item));
  }
  out["not_ok"] = nlohmann::json::array();
  for (const ErrorFindings& one : found.errors)
    out["not_ok"].push_back({{"operation", one.operation},
                             {"outcome", one.outcome},
                             {"error", one.error},
                             {"count", one.count}});
  out["who"] = nlohmann::json::array();
  for (const PartyFindings& one : found.parties)
    out["who"].push_back({{"who", one.text},
                          {"operations", one.operations},
                          {"errors", one.failed},
                          {"last_wall_ns", file.wall_ns(one.last_ticks)}});
  return out.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

int autopsy(const AutopsyOptions& options) {
  Interrupts interrupts;
  const Opened opened =
      open_filtered(kAutopsyCommand, options.source, {},
                    {.all = true, .raw = false, .stream = false, .interrupts = &interrupts});
  if (opened.code != 0) return opened.code;
  const RingFile& file = *opened.source.file;
  const Findings found = find(file, opened.first, static_cast<std::size_t>(options.records));
  const std::string text = options.json ? json_text(file, found) : AutopsyPage(file, found).text();
  std::fputs(text.c_str(), stdout);
  Tally tally;
  tally.matched = opened.first.size();
  say_tally(kAutopsyCommand, tally, opened.source.records->counts());
  return 0;
}

}  // namespace ringside::tool
