// Records as lines: one readable line each, a JSON object each, or CSV.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "shm/label_kind.h"
#include "tools/ringside/lines/party_texts.h"
#include "tools/ringside/lines/wall_text.h"
#include "tools/ringside/source/records.h"
#include "tools/ringside/source/ring_file.h"

namespace ringside::tool {

enum class LineFormat : std::uint8_t { text, json, csv };

struct LineStyle {
  bool terminal = false;  // text: the stages as a bar
  bool colour = false;    // text: escape sequences
  bool labels = true;     // what the server calls its users, rooms and addresses
};

class RecordLines {
 public:
  // The file must live as long.
  RecordLines(const RingFile& file, LineFormat format, LineStyle style);
  RecordLines(const RecordLines&) = delete;
  RecordLines& operator=(const RecordLines&) = delete;

  // What comes before the first line: the names of CSV's columns.
  void begin(std::string& out) const;
  // Appends a line with its '\n'.
  void append(const Seen& seen, std::string& out);
  // Takes in names that came since.
  void refresh();

 private:
  void append_text(const Seen& seen, std::string& out);
  void append_json(const Seen& seen, std::string& out);
  void append_csv(const Seen& seen, std::string& out);
  void append_stages(const Record& record, std::string& out);
  void append_bar(const Record& record, std::string& out);
  // The parts of a line of JSON or CSV that many records share.
  struct Words {
    std::string name;  // `"name":"SEND_MESSAGE","category":"message"`; `SEND_MESSAGE,message`
    std::array<std::string, kStageCount> stages;  // `"queue":`; `,queue,`
    std::string during;                           // `,"during":"SEND_MESSAGE"`; `SEND_MESSAGE`
  };
  const Words& words_of(std::uint16_t id);
  const std::string& during_words(const Record& event);
  const std::string& error_words(std::uint16_t code);
  std::string party_words(LabelKind kind, std::uint64_t id) const;

  const RingFile& file_;
  const LineFormat format_;
  const LineStyle style_;
  std::vector<Words> words_;  // by id; empty until the first one is needed
  std::unordered_map<std::uint16_t, std::string> errors_;  // by code
  PartyTexts parties_;
  WallText wall_;
};

// A text as JSON, whatever bytes it has.
std::string json_text(const std::string& text);
// What a record says of its actor or subject: `alice (user 42)`, `user 42` where the server has not
// said a name, "-" for nobody. Safe for a terminal.
std::string actor_text(const RingFile& file, const Record& record, bool labels);
std::string subject_text(const RingFile& file, const Record& record, bool labels);
// The same of anybody. LabelKind::none is a kind that is not known.
std::string party_text(const RingFile& file, LabelKind kind, std::uint64_t id, bool labels);
// `error 7 DB_TIMEOUT`; empty without an error.
std::string error_text(const RingFile& file, std::uint16_t code);
// "09:15:55.123456" of a wall time.
std::string time_of_day(std::int64_t wall_ns);

// A letter for each stage of the operation, as its bar shows them: the first one of its name that
// no stage before it has.
std::array<char, kStageCount> stage_letters(const RingFile& file, std::uint16_t operation);
// The colour of a stage, as an escape sequence of 16 colours: white on blue, and so on.
std::string_view stage_colour(std::size_t stage);

}  // namespace ringside::tool
