#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "report/model/format.h"
#include "report/render/table.h"
#include "shm/labels.h"
#include "shm/words.h"
#include "tools/ringside/commands/commands.h"
#include "tools/ringside/ring_file.h"

namespace ringside::tool {

namespace {

struct Line {
  std::uint64_t end = 0;
  std::uint32_t lane = 0;
  Record record;
};

// `alice (user 42)`, or `user 42` where the server has not said a name.
std::string party_text(const RingFile& file, LabelKind kind, const char* word, std::uint64_t id,
                       bool with_label) {
  const std::string number =
      kind == LabelKind::address ? format_address(id) : std::to_string(id);
  const std::string plain = std::string(word) + " " + number;
  const std::string label = with_label ? read_label(file.segment(), kind, id) : std::string();
  // A server may call an address what it is.
  return label.empty() || label == number ? plain : escape_visible(label) + " (" + plain + ")";
}
std::string actor_text(const RingFile& file, const Record& record, bool with_label) {
  const ActorKind kind = record.actor_kind();
  if (kind == ActorKind::none) return "-";
  return party_text(file, label_kind_of(kind), actor_kind_word(kind), record.actor, with_label);
}
std::string subject_text(const RingFile& file, const Record& record, bool with_label) {
  const SubjectKind kind = record.subject_kind();
  if (kind == SubjectKind::none) return "-";
  return party_text(file, label_kind_of(kind), subject_kind_word(kind), record.subject,
                    with_label);
}

void print(const RingFile& file, const Line& line, const TailOptions& options) {
  const Record& record = line.record;
  std::string text = format_time_of_day(file.wall_ns(line.end));
  text += "  " + pad(file.operation_name(record.operation), 18);
  text += "  " + pad((record.flags & kFlagUntimed) != 0
                         ? "untimed"
                         : format_span(static_cast<double>(file.scale().span_ns(record.duration))),
                     9, Align::right);
  text += "  " + pad(outcome_word(record.outcome), 9);
  text += "  " + pad(actor_text(file, record, options.labels), 14);
  text += "  " + pad(subject_text(file, record, options.labels), 16);
  if (record.error != 0) {
    const std::string name = file.error_name(record.error);
    text += "  error " + std::to_string(record.error) + (name.empty() ? "" : " " + name);
  }
  if (record.kind == static_cast<std::uint8_t>(Kind::event)) {
    if (record.event.value != 0) text += "  value " + std::to_string(record.event.value);
    if (record.event.context != 0) {
      text +=
          "  during " + file.operation_name(static_cast<std::uint16_t>(record.event.context - 1));
    }
  } else if ((record.flags & kFlagStages) != 0) {
    for (std::size_t i = 0; i < kStageCount; ++i) {
      if (record.stage(i) == 0) continue;
      const auto ticks = static_cast<std::int64_t>(unpack_stage_ticks(record.stage(i)));
      text += "  " + file.stage_name(record.operation, i) + " " +
              format_span(static_cast<double>(file.scale().span_ns(ticks)));
    }
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  std::printf("%s\n", text.c_str());
}

class Tail {
 public:
  Tail(RingFile& file, const TailOptions& options) : file_(file), options_(options) {
    cursors_.resize(std::size_t{file.segment().overflow_lane()} + 1);
  }

  // Reads the new records, in the order of their ends. Returns how many records were overwritten
  // before this reader came.
  std::uint64_t read(std::vector<Line>& lines) {
    const Segment& segment = file_.segment();
    std::uint64_t lost = 0;
    for (std::uint32_t i = 0; i < cursors_.size(); ++i) {
      const LaneHeader& header = segment.lane_header(i);
      if (!lane_readable(header)) continue;
      LaneCursor& cursor = cursors_[i];
      const std::uint64_t before = cursor.lost;
      const auto take = [&](const Record& record) {
        if (wanted(record)) lines.push_back({record.end(), i, record});
      };
      const std::uint64_t capacity = segment.geometry().capacity(i);
      if (i == segment.overflow_lane()) {
        read_overflow(segment.slots(i), header, capacity, cursor, capacity, take);
      } else {
        read_lane(segment.slots(i), header, capacity, cursor, capacity, take);
      }
      lost += cursor.lost - before;
    }
    std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) {
      return static_cast<std::int64_t>(a.end - b.end) < 0;
    });
    return lost;
  }

  // What the threads of a dead server had begun and not ended.
  void print_unfinished() const {
    const Segment& segment = file_.segment();
    for (std::uint32_t i = 0; i < segment.overflow_lane(); ++i) {
      if (!lane_readable(segment.lane_header(i))) continue;
      const InFlight in_flight = in_flight_of(segment, i);
      if (!in_flight.any) continue;
      const LaneHeader& header = segment.lane_header(i);
      std::printf("%s  %s had begun and did not end: thread %s, tid %u\n",
                  format_time_of_day(file_.wall_ns(in_flight.start)).c_str(),
                  file_.operation_name(in_flight.operation).c_str(),
                  escape_visible(lane_thread_name(header)).c_str(),
                  header.owner_tid.load(std::memory_order_relaxed));
    }
  }

 private:
  bool wanted(const Record& record) const {
    if (options_.failures && record.outcome == 0) return false;
    if (options_.operations.empty()) return true;
    const std::string name = file_.operation_name(record.operation);
    return std::find(options_.operations.begin(), options_.operations.end(), name) !=
           options_.operations.end();
  }

  RingFile& file_;
  const TailOptions& options_;
  std::vector<LaneCursor> cursors_;
};

}  // namespace

int tail(const std::string& ring, const TailOptions& options) {
  Failure failure;
  const auto file = RingFile::open(ring, &failure);
  if (file == nullptr) {
    std::fprintf(stderr, "ringside: %s\n", failure.message.c_str());
    return 1;
  }
  // Both signals stay blocked until sigtimedwait() below takes them, so the tool ends between two
  // lines.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);

  Tail tail(*file, options);
  std::vector<Line> lines;
  tail.read(lines);   // ignores the count: records overwritten before the tool began are no loss
  if (lines.size() > options.records) {
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(options.records));
  }
  for (const Line& line : lines) print(*file, line, options);
  if (!options.follow && file->state() == RingState::crashed) tail.print_unfinished();
  std::fflush(stdout);
  while (options.follow && std::ferror(stdout) == 0) {
    const auto state = file->state();
    lines.clear();
    const std::uint64_t lost = tail.read(lines);
    for (const Line& line : lines) print(*file, line, options);
    if (lost > 0)
      std::printf("-- %s records were overwritten before they could be shown\n",
                  format_count(lost).c_str());
    if (state == RingState::crashed) tail.print_unfinished();
    std::fflush(stdout);
    if (state == RingState::closed || state == RingState::crashed || file->segment().broken()) {
      std::fprintf(stderr, "ringside: %s: %s\n", escape_visible(file->segment().path()).c_str(),
                   file->segment().broken() ? "was cut off under the reader"
                   : state == RingState::closed
                       ? "its server has left"
                       : "its server has died; these were its last records");
      return 0;
    }
    const timespec pause{0, 50'000'000};
    if (sigtimedwait(&signals, nullptr, &pause) > 0) return 0;
    file->refresh();
  }
  return 0;
}

}  // namespace ringside::tool
