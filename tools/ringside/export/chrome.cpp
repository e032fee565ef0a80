#include "tools/ringside/export/chrome.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <vector>

#include "shm/words.h"
#include "tools/ringside/export/threads.h"
#include "tools/ringside/lines/append.h"
#include "tools/ringside/lines/party_texts.h"
#include "tools/ringside/lines/record_lines.h"

namespace ringside::tool {

namespace {

// Numbers of threads that have none, and of tracks beside a thread: above every tid of Linux.
constexpr std::uint32_t kFirstMadeTid = 5'000'000;

class ChromeWriter {
 public:
  ChromeWriter(const RingFile& file, const Timeline& timeline, bool labels, const Sink& sink)
      : file_(file),
        timeline_(timeline),
        sink_(sink),
        parties_(file,
                 [&file, labels](LabelKind kind, std::uint64_t id) {
                   return json_text(party_text(file, kind, id, labels));
                 }),
        lanes_(std::size_t{file.segment().overflow_lane()} + 1) {}

  void run() {
    // Times are in microseconds; the viewer shows nanoseconds.
    out_ = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[";
    describe();
    timeline_.play([&](std::uint32_t lane, const std::vector<TrackMark>& marks) {
      for (const TrackMark& mark : marks) {
        if (mark.mark == Mark::begin || mark.mark == Mark::instant) put(lane, mark);
        if (mark.mark == Mark::stage_begin) put_stage(lane, mark);
      }
      if (out_.size() < kSinkBytes) return true;
      const bool wanted = sink_(out_);
      out_.clear();
      return wanted;
    });
    out_ += "\n]}\n";
    sink_(out_);
  }

 private:
  struct Lane {
    TraceThread thread;
    std::vector<std::string> tracks;  // `"pid":1,"tid":2` of each that was described
  };
  // What events of one id share.
  struct Words {
    std::string name;                             // `,"name":"SEND_MESSAGE","cat":"message"`
    std::array<std::string, kStageCount> stages;  // `,"cat":"stage","name":"queue"}`
    std::string during;                           // `,"during":"SEND_MESSAGE"`
  };

  void begin_event() {
    out_ += first_ ? "\n" : ",\n";
    first_ = false;
  }

  void describe() {
    const TraceThreads threads = threads_of(file_, timeline_.lanes());
    for (const std::uint32_t pid : threads.pids) {
      begin_event();
      append_all(out_, R"({"ph":"M","pid":)", pid, R"(,"name":"process_name","args":{"name":)",
                 json_text(threads.process_name), "}}");
    }
    for (const TraceThread& thread : threads.threads) {
      lanes_[thread.lane].thread = thread;
      describe_track(thread.lane);
    }
  }

  // The next track of the lane.
  void describe_track(std::uint32_t lane) {
    const TraceThread& thread = lanes_[lane].thread;
    std::vector<std::string>& tracks = lanes_[lane].tracks;
    const auto track = static_cast<std::uint32_t>(tracks.size());
    const std::uint32_t tid =
        track == 0 && thread.tid != 0 ? thread.tid : kFirstMadeTid + lane * kMostTracks + track;
    const std::string name =
        track == 0 ? thread.name : fmt::format("{} · {}", thread.name, track + 1);
    const std::string& place =
        tracks.emplace_back(fmt::format(R"("pid":{},"tid":{})", thread.pid, tid));
    begin_event();
    append_all(out_, R"({"ph":"M",)", place, R"(,"name":"thread_name","args":{"name":)",
               json_text(name), "}}");
    begin_event();
    append_all(out_, R"({"ph":"M",)", place, R"(,"name":"thread_sort_index","args":{"sort_index":)",
               lane * kMostTracks + track, "}}");
  }

  // Nanoseconds, not below 0, as microseconds: `1.234`.
  void put_us(std::int64_t ns) {
    const auto rest = static_cast<unsigned>(ns % 1000);
    append_all(out_, ns / 1000, rest < 10 ? ".00" : rest < 100 ? ".0" : ".", rest);
  }

  // `"ph":"X","pid":1,"tid":2,"ts":1.234`
  void put_place(std::uint32_t lane, const TrackMark& mark, const char* phase) {
    std::vector<std::string>& tracks = lanes_[lane].tracks;
    while (tracks.size() <= mark.track) describe_track(lane);
    begin_event();
    append_all(out_, R"({"ph":")", phase, "\",", tracks[mark.track], ",\"ts\":");
    put_us(mark.ns);
  }
  void put_duration(std::int64_t ns) {
    out_ += ",\"dur\":";
    put_us(ns);
  }

  const Words& words_of(std::uint16_t id) {
    id &= kIdCount - 1;
    Words& words = words_[id];
    if (!words.name.empty()) return words;
    const NameEntry* entry = file_.entry(id);
    const std::string& name = file_.operation_name(id);
    words.name = ",\"name\":" + json_text(name) + ",\"cat\":" +
                 json_text(entry != nullptr && !entry->category.empty() ? entry->category
                           : id < kFirstEvent                           ? "operation"
                                                                        : "event");
    for (std::size_t i = 0; i < kStageCount; ++i)
      words.stages[i] = R"(,"cat":"stage","name":)" + json_text(file_.stage_name(id, i)) + "}";
    words.during = ",\"during\":" + json_text(name);
    return words;
  }

  void put_stage(std::uint32_t lane, const TrackMark& mark) {
    const Record& record = timeline_.record_of(mark.item).record;
    put_place(lane, mark, "X");
    put_duration(mark.end_ns - mark.ns);
    out_ += words_of(record.operation).stages[mark.stage];
  }

  void put(std::uint32_t lane, const TrackMark& mark) {
    const TimelineItem& item = timeline_.items()[mark.item];
    const Record& record = timeline_.record_of(mark.item).record;
    const bool instant = mark.mark == Mark::instant;
    const bool unfinished = !instant && item.end_ns == kUnfinished;
    put_place(lane, mark, instant ? "i" : unfinished ? "B" : "X");
    if (instant) {
      out_ += R"(,"s":"t")";
    } else if (!unfinished) {
      put_duration(item.end_ns - item.begin_ns);
    }
    out_ += words_of(record.operation).name;
    put_facts(mark, item, unfinished);
    out_ += "}}";
  }

  void put_facts(const TrackMark& mark, const TimelineItem& item, bool unfinished) {
    const Seen& seen = timeline_.record_of(mark.item);
    const Record& record = seen.record;
    append_all(out_, R"(,"args":{"position":")", seen.lane, ":", seen.position, "\"");
    if (!unfinished) {
      append_all(out_, R"(,"outcome":")", outcome_word(record.outcome), "\"");
      if ((record.flags & kFlagUntimed) != 0) out_ += R"(,"untimed":true)";
      if (mark.mark == Mark::instant && record.duration != 0 && item.end_ns != kUnfinished)
        append_all(out_, R"(,"duration_ns":)", file_.scale().span_ns(record.duration));
    }
    if (record.error != 0) {
      append_all(out_, R"(,"error":)", record.error);
      const auto name = file_.errors().find(record.error);
      if (name != file_.errors().end() && !name->second.empty())
        append_all(out_, ",\"error_name\":", json_text(name->second));
    }
    put_party(",\"actor\":", parties_.actor(record));
    put_party(",\"subject\":", parties_.subject(record));
    if (record.kind != static_cast<std::uint8_t>(Kind::event)) return;
    append_all(out_, R"(,"value":)", record.event.value);
    if (record.event.context != 0)
      out_ += words_of(static_cast<std::uint16_t>(record.event.context - 1)).during;
  }

  void put_party(std::string_view key, const PartyTexts::Text& party) {
    if (party.kind != LabelKind::none) append_all(out_, key, party.text);
  }

  const RingFile& file_;
  const Timeline& timeline_;
  const Sink& sink_;
  PartyTexts parties_;  // as JSON
  std::vector<Lane> lanes_;
  std::array<Words, kIdCount> words_;  // empty until they are needed
  std::string out_;
  bool first_ = true;
};

}  // namespace

void write_chrome(const RingFile& file, const Timeline& timeline, bool labels, const Sink& sink) {
  ChromeWriter(file, timeline, labels, sink).run();
}

}  // namespace ringside::tool
