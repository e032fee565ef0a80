#include "tools/ringside/lines/record_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "report/model/format.h"
#include "report/render/table.h"
#include "shm/labels.h"
#include "shm/words.h"
#include "tools/ringside/lines/append.h"

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
  return party_text(file, label_kind_of(kind), record.actor, labels);
}

std::string subject_text(const RingFile& file, const Record& record, bool labels) {
  const SubjectKind kind = record.subject_kind();
  if (kind == SubjectKind::none) return "-";
  return party_text(file, label_kind_of(kind), record.subject, labels);
}

std::string party_text(const RingFile& file, LabelKind kind, std::uint64_t id, bool labels) {
  const std::string number = party_id(kind, id);
  const char* word = kind != LabelKind::none ? label_kind_word(kind) : "unknown";
  const std::string plain = std::string(word) + " " + number;
  const std::string label = labels ? read_label(file.segment(), kind, id) : std::string();
  // A server may call an address what it is.
  return label.empty() || label == number ? plain : escape_visible(label) + " (" + plain + ")";
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

RecordLines::RecordLines(const RingFile& file, LineFormat format, LineStyle style)
    : file_(file),
      format_(format),
      style_(style),
      parties_(file, [this](LabelKind kind, std::uint64_t id) { return party_words(kind, id); }) {}

void RecordLines::begin(std::string& out) const {
  if (format_ != LineFormat::csv) return;
  out +=
      "end,lane,position,kind,name,category,duration_ns,outcome,error,error_name,actor_kind,actor,"
      "actor_label,subject_kind,subject,subject_label";
  for (std::size_t i = 0; i < kStageCount; ++i) out += fmt::format(",stage_{0},stage_{0}_ns", i);
  out += ",value,during\n";
}

void RecordLines::refresh() {
  words_.clear();
  errors_.clear();
  parties_.clear();
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

const RecordLines::Words& RecordLines::words_of(std::uint16_t id) {
  id &= kIdCount - 1;
  if (words_.empty()) words_.resize(kIdCount);
  Words& words = words_[id];
  if (!words.name.empty()) return words;
  const std::string& name = file_.operation_name(id);
  const NameEntry* entry = file_.entry(id);
  const std::string category = entry != nullptr ? entry->category : std::string();
  if (format_ == LineFormat::csv) {
    words.name = csv_field(name) + "," + csv_field(category);
    words.during = csv_field(name);
  } else {
    words.name = "\"name\":" + json_text(name);
    if (!category.empty()) words.name += ",\"category\":" + json_text(category);
    words.during = ",\"during\":" + json_text(name);
  }
  for (std::size_t i = 0; i < kStageCount; ++i) {
    const std::string stage = file_.stage_name(id, i);
    words.stages[i] =
        format_ == LineFormat::csv ? "," + csv_field(stage) + "," : json_text(stage) + ":";
  }
  return words;
}

const std::string& RecordLines::during_words(const Record& event) {
  return words_of(static_cast<std::uint16_t>(event.event.context - 1)).during;
}

// `,"error":7,"error_name":"DB_TIMEOUT"`; `7,DB_TIMEOUT`
const std::string& RecordLines::error_words(std::uint16_t code) {
  std::string& words = errors_[code];
  if (!words.empty()) return words;
  const std::string name = file_.error_name(code);
  if (format_ == LineFormat::csv) {
    words = std::to_string(code) + "," + csv_field(name);
  } else {
    words = ",\"error\":" + std::to_string(code);
    if (!name.empty()) words += ",\"error_name\":" + json_text(name);
  }
  return words;
}

// `{"kind":"user","id":42,"label":"alice"}`; `,user,42,alice`
std::string RecordLines::party_words(LabelKind kind, std::uint64_t id) const {
  const std::string number = party_id(kind, id);
  const std::string label = style_.labels ? read_label(file_.segment(), kind, id) : std::string();
  if (format_ == LineFormat::csv) {
    return std::string(",") + label_kind_word(kind) + "," + number + "," +
           csv_field(escape_visible(label));
  }
  // Beyond 2^53 many readers of JSON lose digits.
  const bool quoted = kind == LabelKind::address || id >= (std::uint64_t{1} << 53);
  std::string words = std::string("{\"kind\":\"") + label_kind_word(kind) +
                      "\",\"id\":" + (quoted ? "\"" + number + "\"" : number);
  if (!label.empty()) words += ",\"label\":" + json_text(label);
  return words + '}';
}

void RecordLines::append_json(const Seen& seen, std::string& out) {
  const Record& record = seen.record;
  const Words& words = words_of(record.operation);
  append_all(out, "{\"end\":\"", wall_.exact(file_.wall_ns(record.end())),
             "\",\"lane\":", seen.lane, ",\"position\":", seen.position,
             is_event(record) ? ",\"kind\":\"event\"," : ",\"kind\":\"operation\",", words.name);
  if (has_duration(record))
    append_all(out, ",\"duration_ns\":", file_.scale().span_ns(record.duration));
  append_all(out, ",\"outcome\":\"", outcome_word(record.outcome), "\"");
  if (record.error != 0) out += error_words(record.error);
  const auto party = [&](std::string_view key, const PartyTexts::Text& who) {
    if (who.kind != LabelKind::none) append_all(out, key, who.text);
  };
  party(",\"actor\":", parties_.actor(record));
  party(",\"subject\":", parties_.subject(record));
  if (is_event(record)) {
    append_all(out, ",\"value\":", record.event.value);
    if (record.event.context != 0) out += during_words(record);
  } else if ((record.flags & kFlagStages) != 0) {
    out += ",\"stages\":{";
    bool first = true;
    for (std::size_t i = 0; i < kStageCount; ++i) {
      if (record.stage(i) == 0) continue;
      if (!first) out += ',';
      first = false;
      append_all(out, words.stages[i], stage_ns(file_, record, i));
    }
    out += '}';
  }
  out += "}\n";
}

void RecordLines::append_csv(const Seen& seen, std::string& out) {
  const Record& record = seen.record;
  const Words& words = words_of(record.operation);
  append_all(out, wall_.exact(file_.wall_ns(record.end())), ",", seen.lane, ",", seen.position,
             is_event(record) ? ",event," : ",operation,", words.name, ",");
  if (has_duration(record)) append_all(out, file_.scale().span_ns(record.duration));
  append_all(out, ",", outcome_word(record.outcome), ",", error_words(record.error));
  const auto party = [&](const PartyTexts::Text& who) {
    out += who.kind == LabelKind::none ? std::string_view(",,,") : std::string_view(who.text);
  };
  party(parties_.actor(record));
  party(parties_.subject(record));
  const bool staged = !is_event(record) && (record.flags & kFlagStages) != 0;
  for (std::size_t i = 0; i < kStageCount; ++i) {
    if (!staged || record.stage(i) == 0) {
      out += ",,";
    } else {
      append_all(out, words.stages[i], stage_ns(file_, record, i));
    }
  }
  if (is_event(record)) {
    append_all(out, ",", record.event.value, ",");
    if (record.event.context != 0) out += during_words(record);
  } else {
    out += ",,";
  }
  out += '\n';
}

}  // namespace ringside::tool
