#include "tools/ringside/commands/explain.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "report/model/format.h"
#include "report/render/table.h"
#include "shm/processes.h"
#include "shm/words.h"
#include "tools/ringside/commands/opened.h"
#include "tools/ringside/detail/place.h"
#include "tools/ringside/detail/record_page.h"
#include "tools/ringside/explain/explanation.h"
#include "tools/ringside/lines/record_lines.h"
#include "tools/ringside/lines/spans.h"
#include "tools/ringside/lines/tally.h"
#include "tools/ringside/lines/terminal.h"

namespace ringside::tool {

namespace {

constexpr const char* kExplainCommand = "ringside explain";

std::string thread_of(const RingFile& file, std::uint32_t lane) {
  if (lane == file.segment().overflow_lane()) return "(overflow)";
  const std::string name = escape_visible(lane_thread_name(file.segment().lane_header(lane)));
  return name.empty() ? "lane " + std::to_string(lane) : name;
}

class ExplainPage {
 public:
  ExplainPage(const RingFile& file, const Seen& seen, const Explanation& why, std::size_t width)
      : file_(file), seen_(seen), why_(why), width_(width) {}

  std::string text(std::uint64_t most) {
    title();
    verdict();
    stages();
    companions(most);
    events(most);
    still();
    gauges();
    return out_;
  }

 private:
  void title() {
    const Record& record = seen_.record;
    out_ += wrap(record_title(file_, record), "", width_);
    out_ += fmt::format("{}:{}, from {} to {} (UTC), thread {}\n\n", seen_.lane, seen_.position,
                        time_of_day(file_.wall_ns(record.start)),
                        time_of_day(file_.wall_ns(record.end())), thread_of(file_, seen_.lane));
  }

  void verdict() {
    const UsualSpan& usual = why_.usual;
    const std::string& name = file_.operation_name(seen_.record.operation);
    const std::int64_t own = file_.scale().span_ns(seen_.record.duration);
    if (usual.records == 0) {
      out_ += wrap("There is no other " + name + " to compare it with.", "", width_);
      return;
    }
    const double share = static_cast<double>(usual.shorter) / static_cast<double>(usual.records);
    std::string text = "It took longer than " +
                       (usual.shorter == usual.records ? "all" : format_percent(share)) +
                       " of the " + format_count(usual.records) + " other " + name +
                       " that are here: their median is " + span_text(usual.median_ns) +
                       ", their p95 " + span_text(usual.p95_ns) + ".";
    if (const StageDifference* culprit = why_.culprit(); culprit != nullptr) {
      const std::int64_t more = subtract_ns(own, usual.median_ns);
      text += " " +
              (culprit->name == "(none)" ? std::string("What is in no stage")
                                         : "Stage " + culprit->name) +
              " took " + span_text(culprit->this_ns) + ", usually " + span_text(culprit->median_ns);
      if (more > 0) {
        const double part =
            std::min(1.0, static_cast<double>(culprit->more_ns()) / static_cast<double>(more));
        text += ": " + format_percent(part) + " of the " + span_text(more) + " that it was longer";
      }
      text += ".";
    }
    out_ += wrap(text, "", width_);
  }

  void stages() {
    if (why_.stages.empty()) return;
    Table table({{"stage", Align::left},
                 {"this one", Align::span},
                 {"median", Align::span},
                 {"more", Align::span}});
    for (const StageDifference& stage : why_.stages)
      table.row({stage.name, span_cell(stage.this_ns), span_cell(stage.median_ns),
                 span_cell(stage.more_ns())});
    out_ += '\n' + table.render(0, width_);
  }

  void companions(std::uint64_t most) {
    if (why_.companions.empty()) {
      out_ += "\nMeanwhile no other thread ended or was in an operation that is here.\n";
      return;
    }
    std::string text = "Meanwhile " + format_count(why_.companions.size()) +
                       (why_.companions.size() == 1 ? " operation" : " operations") + " ran on " +
                       format_count(why_.threads) + " other " +
                       (why_.threads == 1 ? "thread" : "threads");
    if (why_.of_same_operation > 0)
      text += ", " + format_count(why_.of_same_operation) + " of them " +
              file_.operation_name(seen_.record.operation);
    if (why_.on_same_subject > 0)
      text += ", " + format_count(why_.on_same_subject) + " on " +
              subject_text(file_, seen_.record, true);
    out_ += '\n' + wrap(text + ":", "", width_);
    // Many servers don't name their threads. Then the place is enough: it begins with the lane.
    std::set<std::string> threads;
    for (const Companion& one : why_.companions) threads.insert(thread_of(file_, one.seen.lane));
    const bool named = threads.size() > 1 || why_.threads == 1;
    std::vector<Column> columns = {{"operation", Align::left}, {"began", Align::span},
                                   {"took", Align::span},      {"shared", Align::span},
                                   {"outcome", Align::left},   {"actor", Align::left},
                                   {"subject", Align::left},   {"place", Align::left}};
    if (named) columns.insert(columns.begin(), {"thread", Align::left});
    Table table(std::move(columns));
    for (std::size_t i = 0; i < why_.companions.size() && i < most; ++i) {
      const Companion& one = why_.companions[i];
      const Record& record = one.seen.record;
      Table::Row row = {file_.operation_name(record.operation),
                        span_cell(one.began_ns),
                        span_cell(file_.scale().span_ns(record.duration)),
                        span_cell(one.overlap_ns),
                        outcome_word(record.outcome),
                        actor_text(file_, record, true) + (one.same_actor ? " =" : ""),
                        subject_text(file_, record, true) + (one.same_subject ? " =" : ""),
                        RecordPlace{one.seen.lane, one.seen.position}.text()};
      if (named) row.insert(row.begin(), thread_of(file_, one.seen.lane));
      table.row(std::move(row));
    }
    out_ += table.render(0, width_);
    if (why_.companions.size() > most)
      out_ += "and " + format_count(why_.companions.size() - most) + " more (--companions)\n";
  }

  void events(std::uint64_t most) {
    if (why_.events.empty()) return;
    Table table({{"event", Align::left},
                 {"after", Align::span},
                 {"outcome", Align::left},
                 {"value"},
                 {"during", Align::left},
                 {"place", Align::left}});
    for (std::size_t i = 0; i < why_.events.size() && i < most; ++i) {
      const Record& record = why_.events[i].seen.record;
      table.row({file_.operation_name(record.operation), span_cell(why_.events[i].began_ns),
                 outcome_word(record.outcome), std::to_string(record.event.value),
                 record.event.context == 0
                     ? "-"
                     : file_.operation_name(static_cast<std::uint16_t>(record.event.context - 1)),
                 RecordPlace{why_.events[i].seen.lane, why_.events[i].seen.position}.text()});
    }
    out_ += '\n' + table.render(0, width_);
    if (why_.events.size() > most)
      out_ += "and " + format_count(why_.events.size() - most) + " more events (--companions)\n";
  }

  void still() {
    if (why_.still.empty()) return;
    Table table({{"under way then, and not ended", Align::left},
                 {"began", Align::span},
                 {"thread", Align::left},
                 {"lane"}});
    for (const StillUnderWay& one : why_.still)
      table.row({file_.operation_name(one.operation), span_cell(one.began_ns),
                 thread_of(file_, one.lane), std::to_string(one.lane)});
    out_ += '\n' + table.render(0, width_);
  }

  void gauges() {
    const ProcessesLook processes = look_at_processes(file_.segment(), file_.facts().death_marked);
    std::string text;
    for (std::uint32_t i = 0; i < kMaxGauges; ++i) {
      std::string name;
      if (!read_gauge_name(file_.segment(), i, &name)) continue;
      text += (text.empty() ? "" : ", ") + name + " " +
              format_signed(gauge_value(file_.segment(), processes, i));
    }
    if (text.empty()) return;
    out_ += '\n' +
            wrap((file_.state() == RingState::live ? "Gauges now: " : "Gauges at the end: ") + text,
                 "", width_);
  }

  const RingFile& file_;
  const Seen& seen_;
  const Explanation& why_;
  const std::size_t width_;
  std::string out_;
};

nlohmann::json record_json(RecordLines& lines, const Seen& seen) {
  std::string text;
  lines.append(seen, text);
  return nlohmann::json::parse(text);
}

std::string json_text(const RingFile& file, const Seen& seen, const Explanation& why) {
  RecordLines lines(file, LineFormat::json, {});
  nlohmann::json out;
  out["record"] = record_json(lines, seen);
  out["usual"] = {{"records", why.usual.records},
                  {"shorter", why.usual.shorter},
                  {"median_ns", why.usual.median_ns},
                  {"p95_ns", why.usual.p95_ns}};
  out["stages"] = nlohmann::json::array();
  for (const StageDifference& stage : why.stages)
    out["stages"].push_back({{"name", stage.name},
                             {"this_ns", stage.this_ns},
                             {"median_ns", stage.median_ns},
                             {"more_ns", stage.more_ns()}});
  const auto list = [&](const char* name, const std::vector<Companion>& companions) {
    out[name] = nlohmann::json::array();
    for (const Companion& one : companions) {
      nlohmann::json item = record_json(lines, one.seen);
      item["began_after_ns"] = one.began_ns;
      item["overlap_ns"] = one.overlap_ns;
      item["same_subject"] = one.same_subject;
      item["same_actor"] = one.same_actor;
      out[name].push_back(std::move(item));
    }
  };
  list("meanwhile", why.companions);
  list("events", why.events);
  out["not_ended"] = nlohmann::json::array();
  for (const StillUnderWay& one : why.still)
    out["not_ended"].push_back({{"lane", one.lane},
                                {"operation", file.operation_name(one.operation)},
                                {"began_after_ns", one.began_ns}});
  return out.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

int explain(const ExplainOptions& options) {
  std::optional<RecordPlace> place;
  if (!options.place.empty()) {
    place = parse_place(options.place);
    if (!place) {
      std::fprintf(stderr,
                   "%s: found `%s`, expected LANE:POSITION, e.g. 3:1023\n  next: copy it from a "
                   "line of `ringside tail`, or leave it out for the slowest\n",
                   kExplainCommand, escape_visible(options.place).c_str());
      return 2;
    }
  }
  if (place && !options.filter.none()) {
    std::fprintf(stderr,
                 "%s: found a place and a filter, expected one of the two\n  next: leave the "
                 "place out for the slowest that the filter lets through\n",
                 kExplainCommand);
    return 2;
  }
  Interrupts interrupts;
  const Opened opened =
      open_filtered(kExplainCommand, options.source, options.filter,
                    {.all = true, .raw = false, .stream = false, .interrupts = &interrupts});
  if (opened.code != 0) return opened.code;
  Tally tally;
  const Seen* seen = nullptr;
  if (place) {
    std::string why;
    seen = find_record(opened.source, opened.first, *place, &why);
    if (seen == nullptr) {
      std::fprintf(stderr, "%s: %s\n", kExplainCommand, why.c_str());
      return 1;
    }
    if (seen->record.kind != static_cast<std::uint8_t>(Kind::operation) ||
        (seen->record.flags & kFlagUntimed) != 0) {
      std::fprintf(stderr,
                   "%s: %s is an event or was not timed, expected an operation with a duration\n"
                   "  next: `ringside show` shows it\n",
                   kExplainCommand, place->text().c_str());
      return 1;
    }
    tally.matched = opened.first.size();
  } else {
    std::vector<const Seen*> candidates;
    for (const Seen& one : opened.first) {
      if ((*opened.matcher)(one)) {
        candidates.push_back(&one);
        ++tally.matched;
      } else {
        ++tally.filtered;
      }
    }
    seen = slowest_of(candidates);
    if (seen == nullptr) {
      say_tally(kExplainCommand, tally, opened.source.records->counts());
      std::fprintf(stderr, "%s: no timed operation among them\n  next: ask for fewer conditions\n",
                   kExplainCommand);
      return 1;
    }
  }
  const RingFile& file = *opened.source.file;
  const Explanation why = explain_record(file, *seen, opened.first);
  const std::string text =
      options.json
          ? json_text(file, *seen, why)
          : ExplainPage(file, *seen, why, standard_output().columns).text(options.companions);
  std::fputs(text.c_str(), stdout);
  say_tally(kExplainCommand, tally, opened.source.records->counts());
  return 0;
}

}  // namespace ringside::tool
