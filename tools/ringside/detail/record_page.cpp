#include "tools/ringside/detail/record_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/model/format.h"
#include "report/render/table.h"
#include "shm/words.h"
#include "tools/ringside/lines/record_lines.h"

namespace ringside::tool {

namespace {

constexpr std::size_t kStageBarColumns = 30;

std::string span_text(const RingFile& file, std::int64_t ticks) {
  return format_span(static_cast<double>(file.scale().span_ns(ticks)));
}

std::string flag_words(std::uint16_t flags) {
  std::string words;
  const auto add = [&](std::uint16_t flag, const char* word) {
    if ((flags & flag) != 0) words += (words.empty() ? "" : ", ") + std::string(word);
  };
  add(kFlagUntimed, "untimed: sampled out, and written because it failed");
  add(kFlagStages, "stages");
  add(kFlagOverflow, "written through the overflow lane");
  return fmt::format("0x{:04x}{}{}", flags, words.empty() ? "" : ": ", words);
}

}  // namespace

std::vector<StagePart> stage_parts(const RingFile& file, const Record& record) {
  std::vector<StagePart> parts;
  if (record.kind == static_cast<std::uint8_t>(Kind::event) || (record.flags & kFlagStages) == 0)
    return parts;
  const auto whole = static_cast<double>(file.scale().span_ns(record.duration));
  std::int64_t rest = file.scale().span_ns(record.duration);
  const auto add = [&](std::string name, std::int64_t ns) {
    parts.push_back({std::move(name), ns,
                     whole > 0 ? std::clamp(static_cast<double>(ns) / whole, 0.0, 1.0) : 0.0});
  };
  for (std::size_t i = 0; i < kStageCount; ++i) {
    if (record.stage(i) == 0) continue;
    const std::int64_t ns =
        file.scale().span_ns(static_cast<std::int64_t>(unpack_stage_ticks(record.stage(i))));
    add(file.stage_name(record.operation, i), ns);
    rest = subtract_ns(rest, ns);
  }
  // A stage is stored at most 2^-16 too short.
  if (static_cast<double>(rest) > whole / 8192) add("(none)", rest);
  return parts;
}

std::string record_title(const RingFile& file, const Record& record) {
  std::string text = file.operation_name(record.operation) + ", ";
  text += (record.flags & kFlagUntimed) != 0 ? "untimed" : span_text(file, record.duration);
  text += std::string(", ") + outcome_word(record.outcome);
  if (record.error != 0) text += ", " + error_text(file, record.error);
  for (const std::string& party :
       {actor_text(file, record, true), subject_text(file, record, true)}) {
    if (party != "-") text += ", " + party;
  }
  return text;
}

std::string record_page(const RingFile& file, const Seen& seen, std::uint64_t reference_ticks) {
  const Record& record = seen.record;
  const bool event = record.kind == static_cast<std::uint8_t>(Kind::event);
  std::string page;
  const auto line = [&](const char* label, const std::string& value) {
    page += fmt::format("{:<10} {}\n", label, value);
  };
  const NameEntry* entry = file.entry(record.operation);
  line(event ? "event" : "operation",
       file.operation_name(record.operation) +
           (entry != nullptr && !entry->category.empty() ? " (" + entry->category + ")" : ""));
  line("ring", escape_visible(file.segment().path()));
  line("place", fmt::format("{}:{}", seen.lane, seen.position));
  line("began", format_wall_exact(file.wall_ns(record.start)));
  line("ended", format_wall_exact(file.wall_ns(record.end())) + ", " +
                    span_text(file, age_ticks(record, reference_ticks)) + " before " +
                    (file.state() == RingState::live ? "now" : "the end of the records"));
  line("took",
       (record.flags & kFlagUntimed) != 0 ? "not measured" : span_text(file, record.duration));
  line("outcome", outcome_word(record.outcome) +
                      (record.error != 0 ? ", " + error_text(file, record.error) : ""));
  line("actor", actor_text(file, record, true));
  line("subject", subject_text(file, record, true));
  if (event) {
    line("value", std::to_string(record.event.value));
    if (record.event.context != 0) {
      line("during", file.operation_name(static_cast<std::uint16_t>(record.event.context - 1)));
    }
  }
  if (seen.lane == file.segment().overflow_lane()) {
    line("thread", "one without a lane: the overflow lane has no owner");
  } else {
    const LaneHeader& header = file.segment().lane_header(seen.lane);
    line("thread",
         fmt::format("{}, tid {}: the lane's {} owner", escape_visible(lane_thread_name(header)),
                     header.owner_tid.load(std::memory_order_relaxed),
                     header.life() == LaneLife::owned ? "present" : "last"));
  }
  const std::vector<StagePart> parts = stage_parts(file, record);
  if (!parts.empty()) {
    page += '\n';
    Table table({{"stage", Align::left}, {"took", Align::span}, {"share"}, {"", Align::left}});
    for (const StagePart& part : parts) {
      std::string bar;
      const auto columns = static_cast<std::size_t>(part.share * kStageBarColumns + 0.5);
      for (std::size_t i = 0; i < columns; ++i) bar += "█";
      table.row({part.name, format_span_cell(static_cast<double>(part.ns)),
                 format_percent(part.share), bar});
    }
    page += table.render(0, 100);
  }
  page += '\n';
  line("raw",
       fmt::format("sequence {}, start {} ticks, duration {} ticks at {:.0f} Hz", record.sequence,
                   record.start, record.duration, file.scale().ticks_per_second()));
  line("flags", flag_words(record.flags));
  return page;
}

}  // namespace ringside::tool
