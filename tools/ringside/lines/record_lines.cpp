#include "tools/ringside/lines/record_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "report/model/format.h"
#include "report/render/table.h"
#include "shm/labels.h"
#include "shm/words.h"

namespace ringside::tool {

namespace {

constexpr std::size_t kBarColumns = 24;
constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kYellow = "\x1b[33m";

bool is_event(const Record& record) {
  return record.kind == static_cast<std::uint8_t>(Kind::event);
}
bool has_duration(const Record& record) { return (record.flags & kFlagUntimed) == 0; }

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

std::string party_id(LabelKind kind, std::uint64_t id) {
  return kind == LabelKind::address ? format_address(id) : std::to_string(id);
}

std::string party_text(const RingFile& file, LabelKind kind, const char* word, std::uint64_t id,
                       bool labels) {
  const std::string number = party_id(kind, id);
  const std::string plain = std::string(word) + " " + number;
  const std::string label = labels ? read_label(file.segment(), kind, id) : std::string();
  // A server may call an address what it is.
  return label.empty() || label == number ? plain : escape_visible(label) + " (" + plain + ")";
}

std::int64_t stage_ns(const RingFile& file, const Record& record, std::size_t stage) {
  return file.scale().span_ns(static_cast<std::int64_t>(unpack_stage_ticks(record.stage(stage))));
}

}  // namespace

std::string json_text(const std::string& text) {
  const auto plain = [](char c) { return c >= 0x20 && c <= 0x7e && c != '"' && c != '\\'; };
  // Most texts are names. nlohmann's way takes half of the time of an export.
  if (std::all_of(text.begin(), text.end(), plain)) return '"' + text + '"';
  return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

std::string actor_text(const RingFile& file, const Record& record, bool labels) {
  const ActorKind kind = record.actor_kind();
  if (kind == ActorKind::none) return "-";
  return party_text(file, label_kind_of(kind), actor_kind_word(kind), record.actor, labels);
}

std::string subject_text(const RingFile& file, const Record& record, bool labels) {
  const SubjectKind kind = record.subject_kind();
  if (kind == SubjectKind::none) return "-";
  return party_text(file, label_kind_of(kind), subject_kind_word(kind), record.subject, labels);
}

std::string error_text(const RingFile& file, std::uint16_t code) {
  if (code == 0) return {};
  const std::string name = file.error_name(code);
  return "error " + std::to_string(code) + (name.empty() ? "" : " " + name);
}

std::string time_of_day(std::int64_t wall_ns) {
  const std::int64_t day = (wall_ns / 1000 % 86'400'000'000 + 86'400'000'000) % 86'400'000'000;
  return fmt::format("{:02}:{:02}:{:02}.{:06}", day / 3'600'000'000, day / 60'000'000 % 60,
                     day / 1'000'000 % 60, day % 1'000'000);
}

std::array<char, kStageCount> stage_letters(const RingFile& file, std::uint16_t operation) {
  std::array<char, kStageCount> letters{};
  for (std::size_t stage = 0; stage < kStageCount; ++stage) {
    const std::string name = file.stage_name(operation, stage);
    const std::string_view taken(letters.data(), stage);
    const auto free = [&](char c) { return taken.find(c) == std::string_view::npos; };
    const auto letter = std::find_if(name.begin(), name.end(), free);
    letters[stage] = letter != name.end() ? *letter : static_cast<char>('0' + stage);
  }
  return letters;
}

std::string_view stage_colour(std::size_t stage) {
  constexpr std::string_view kColours[kStageCount] = {"\x1b[97;100m", "\x1b[30;46m", "\x1b[30;45m",
                                                      "\x1b[97;44m",  "\x1b[30;42m", "\x1b[30;43m"};
  return kColours[std::min<std::size_t>(stage, kStageCount - 1)];
}

void RecordLines::begin(std::string& out) const {
  if (format_ != LineFormat::csv) return;
  out +=
      "end,lane,position,kind,name,category,duration_ns,outcome,error,error_name,actor_kind,actor,"
      "actor_label,subject_kind,subject,subject_label";
  for (std::size_t i = 0; i < kStageCount; ++i) out += fmt::format(",stage_{0},stage_{0}_ns", i);
  out += ",value,during\n";
}

void RecordLines::refresh() {
  for (std::string& name : json_names_) name.clear();
}

void RecordLines::append(const Seen& seen, std::string& out) {
  switch (format_) {
    case LineFormat::text: append_text(seen, out); break;
    case LineFormat::json: append_json(seen, out); break;
    case LineFormat::csv: append_csv(seen, out); break;
  }
}

void RecordLines::append_text(const Seen& seen, std::string& out) {
  const Record& record = seen.record;
  const auto coloured = [&](std::string_view colour, const std::string& text) {
    if (style_.colour) out += colour;
    out += text;
    if (style_.colour) out += kPlain;
  };
  const std::size_t begin = out.size();
  out += time_of_day(file_.wall_ns(record.end()));
  coloured(kDim, fmt::format("  {:>12}", fmt::format("{}:{}", seen.lane, seen.position)));
  out += "  " + pad(file_.operation_name(record.operation), 18);
  out += "  " + pad(has_duration(record)
                        ? format_span(static_cast<double>(file_.scale().span_ns(record.duration)))
                        : "untimed",
                    9, Align::right);
  out += "  ";
  const std::string outcome = pad(outcome_word(record.outcome), 9);
  if (record.outcome == 0) {
    out += outcome;
  } else {
    coloured(is_error(static_cast<Outcome>(record.outcome)) ? kRed : kYellow, outcome);
  }
  // A line of a terminal should end before the terminal does.
  const auto party = [&](const std::string& text, std::size_t columns) {
    return style_.terminal ? pad(clip(text, 22), 22) : pad(text, columns);
  };
  out += "  " + party(actor_text(file_, record, style_.labels), 14);
  out += "  " + party(subject_text(file_, record, style_.labels), 16);
  if (record.error != 0) out += "  " + error_text(file_, record.error);
  if (is_event(record)) {
    if (record.event.value != 0) out += "  value " + std::to_string(record.event.value);
    if (record.event.context != 0)
      out +=
          "  during " + file_.operation_name(static_cast<std::uint16_t>(record.event.context - 1));
  } else if ((record.flags & kFlagStages) != 0) {
    if (style_.terminal && has_duration(record) && record.duration > 0) {
      append_bar(record, out);
    } else {
      append_stages(record, out);
    }
  }
  while (out.size() > begin && out.back() == ' ') out.pop_back();
  out += '\n';
}

void RecordLines::append_stages(const Record& record, std::string& out) {
  for (std::size_t i = 0; i < kStageCount; ++i) {
    if (record.stage(i) == 0) continue;
    out += "  " + file_.stage_name(record.operation, i) + " " +
           format_span(static_cast<double>(stage_ns(file_, record, i)));
  }
}

// `[qqvddddddddd    ] database 12.1 ms`: each stage as long as its share, and the longest one said.
void RecordLines::append_bar(const Record& record, std::string& out) {
  const std::array<char, kStageCount> letters = stage_letters(file_, record.operation);
  const auto whole = static_cast<double>(file_.scale().span_ns(record.duration));
  std::size_t longest = 0;
  double passed = 0;
  std::size_t column = 0;
  out += "  [";
  for (std::size_t i = 0; i < kStageCount; ++i) {
    if (record.stage(i) > record.stage(longest)) longest = i;
    passed += static_cast<double>(stage_ns(file_, record, i));
    const auto end =
        static_cast<std::size_t>(std::clamp(passed / whole, 0.0, 1.0) * kBarColumns + 0.5);
    if (end <= column) continue;
    if (style_.colour) out += stage_colour(i);
    out.append(end - column, letters[i]);
    if (style_.colour) out += kPlain;
    column = end;
  }
  out.append(kBarColumns - column, ' ');
  out += "] " + file_.stage_name(record.operation, longest) + " " +
         format_span(static_cast<double>(stage_ns(file_, record, longest)));
}

void RecordLines::append_json_party(const char* key, LabelKind kind, const char* word,
                                    std::uint64_t id, std::string& out) const {
  if (kind == LabelKind::none) return;
  auto to = std::back_inserter(out);
  if (kind == LabelKind::address) {
    fmt::format_to(to, ",\"{}\":{{\"kind\":\"{}\",\"id\":\"{}\"", key, word, format_address(id));
  } else {
    // Beyond 2^53 many readers of JSON lose digits.
    const char* const quote = id < (std::uint64_t{1} << 53) ? "" : "\"";
    fmt::format_to(to, ",\"{}\":{{\"kind\":\"{}\",\"id\":{}{}{}", key, word, quote, id, quote);
  }
  const std::string label = style_.labels ? read_label(file_.segment(), kind, id) : std::string();
  if (!label.empty()) out += ",\"label\":" + json_text(label);
  out += '}';
}

void RecordLines::append_json(const Seen& seen, std::string& out) {
  const Record& record = seen.record;
  auto to = std::back_inserter(out);
  std::string& name = json_names_[record.operation & (kIdCount - 1)];
  if (name.empty()) {
    const NameEntry* entry = file_.entry(record.operation);
    name = "\"name\":" + json_text(file_.operation_name(record.operation));
    if (entry != nullptr && !entry->category.empty())
      name += ",\"category\":" + json_text(entry->category);
  }
  const std::int64_t wall_ns = file_.wall_ns(record.end());
  fmt::format_to(to, "{{\"end\":\"{}\",\"lane\":{},\"position\":{},\"kind\":\"{}\",{}",
                 format_wall_exact(wall_ns), seen.lane, seen.position,
                 is_event(record) ? "event" : "operation", name);
  if (has_duration(record))
    fmt::format_to(to, ",\"duration_ns\":{}", file_.scale().span_ns(record.duration));
  fmt::format_to(to, ",\"outcome\":\"{}\"", outcome_word(record.outcome));
  if (record.error != 0) {
    fmt::format_to(to, ",\"error\":{}", record.error);
    const std::string error = file_.error_name(record.error);
    if (!error.empty()) out += ",\"error_name\":" + json_text(error);
  }
  append_json_party("actor", label_kind_of(record.actor_kind()),
                    actor_kind_word(record.actor_kind()), record.actor, out);
  append_json_party("subject", label_kind_of(record.subject_kind()),
                    subject_kind_word(record.subject_kind()), record.subject, out);
  if (is_event(record)) {
    fmt::format_to(to, ",\"value\":{}", record.event.value);
    if (record.event.context != 0) {
      out += ",\"during\":" +
             json_text(file_.operation_name(static_cast<std::uint16_t>(record.event.context - 1)));
    }
  } else if ((record.flags & kFlagStages) != 0) {
    out += ",\"stages\":{";
    bool first = true;
    for (std::size_t i = 0; i < kStageCount; ++i) {
      if (record.stage(i) == 0) continue;
      if (!first) out += ',';
      first = false;
      out += json_text(file_.stage_name(record.operation, i));
      fmt::format_to(to, ":{}", stage_ns(file_, record, i));
    }
    out += '}';
  }
  out += "}\n";
}

void RecordLines::append_csv(const Seen& seen, std::string& out) {
  const Record& record = seen.record;
  auto to = std::back_inserter(out);
  const NameEntry* entry = file_.entry(record.operation);
  fmt::format_to(to, "{},{},{},{},{},{},", format_wall_exact(file_.wall_ns(record.end())),
                 seen.lane, seen.position, is_event(record) ? "event" : "operation",
                 csv_field(file_.operation_name(record.operation)),
                 entry != nullptr ? csv_field(entry->category) : std::string());
  if (has_duration(record)) fmt::format_to(to, "{}", file_.scale().span_ns(record.duration));
  fmt::format_to(to, ",{},{},{}", outcome_word(record.outcome), record.error,
                 csv_field(file_.error_name(record.error)));
  const auto party = [&](LabelKind kind, const char* word, std::uint64_t id) {
    if (kind == LabelKind::none) {
      out += ",,,";
      return;
    }
    const std::string label = style_.labels ? read_label(file_.segment(), kind, id) : std::string();
    fmt::format_to(to, ",{},{},{}", word, party_id(kind, id), csv_field(escape_visible(label)));
  };
  party(label_kind_of(record.actor_kind()), actor_kind_word(record.actor_kind()), record.actor);
  party(label_kind_of(record.subject_kind()), subject_kind_word(record.subject_kind()),
        record.subject);
  const bool staged = !is_event(record) && (record.flags & kFlagStages) != 0;
  for (std::size_t i = 0; i < kStageCount; ++i) {
    if (!staged || record.stage(i) == 0) {
      out += ",,";
    } else {
      fmt::format_to(to, ",{},{}", csv_field(file_.stage_name(record.operation, i)),
                     stage_ns(file_, record, i));
    }
  }
  if (is_event(record)) {
    fmt::format_to(to, ",{},", record.event.value);
    if (record.event.context != 0)
      out += csv_field(file_.operation_name(static_cast<std::uint16_t>(record.event.context - 1)));
  } else {
    out += ",,";
  }
  out += '\n';
}

}  // namespace ringside::tool
