#include "tools/ringside/export/chrome.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <map>
#include <string>

#include "shm/words.h"
#include "tools/ringside/export/party_texts.h"
#include "tools/ringside/export/threads.h"
#include "tools/ringside/lines/record_lines.h"

namespace ringside::tool {

namespace {

// Numbers of threads that have none, and of tracks beside a thread: above every tid of Linux.
constexpr std::uint32_t kFirstMadeTid = 5'000'000;

class ChromeWriter {
 public:
  ChromeWriter(const RingFile& file, const Timeline& timeline, bool labels, const Sink& sink)
      : file_(file), timeline_(timeline), sink_(sink), parties_(file, labels) {}

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
  auto to() { return std::back_inserter(out_); }
  void begin_event() {
    out_ += first_ ? "\n" : ",\n";
    first_ = false;
  }

  void describe() {
    const TraceThreads threads = threads_of(file_, timeline_.lanes());
    for (const std::uint32_t pid : threads.pids) {
      begin_event();
      fmt::format_to(to(), R"({{"ph":"M","pid":{},"name":"process_name","args":{{"name":{}}}}})",
                     pid, json_text(threads.process_name));
    }
    for (const TraceThread& thread : threads.threads) {
      threads_[thread.lane] = thread;
      describe_track(thread.lane, 0);
    }
  }

  void describe_track(std::uint32_t lane, std::uint32_t track) {
    const TraceThread& thread = threads_[lane];
    const std::string name =
        track == 0 ? thread.name : fmt::format("{} · {}", thread.name, track + 1);
    begin_event();
    fmt::format_to(to(),
                   R"({{"ph":"M","pid":{},"tid":{},"name":"thread_name","args":{{"name":{}}}}})",
                   thread.pid, tid_of(lane, track), json_text(name));
    begin_event();
    fmt::format_to(
        to(),
        R"({{"ph":"M","pid":{},"tid":{},"name":"thread_sort_index","args":{{"sort_index":{}}}}})",
        thread.pid, tid_of(lane, track), lane * kMostTracks + track);
  }

  std::uint32_t tid_of(std::uint32_t lane, std::uint32_t track) {
    const std::uint32_t tid = threads_[lane].tid;
    return track == 0 && tid != 0 ? tid : kFirstMadeTid + lane * kMostTracks + track;
  }

  // `"ph":"X","pid":1,"tid":2,"ts":1.234`
  void put_place(std::uint32_t lane, const TrackMark& mark, const char* phase) {
    std::uint32_t& tracks = tracks_[lane];
    for (; tracks < mark.track; ++tracks) describe_track(lane, tracks + 1);
    begin_event();
    fmt::format_to(to(), R"({{"ph":"{}","pid":{},"tid":{},"ts":{}.{:03})", phase,
                   threads_[lane].pid, tid_of(lane, mark.track), mark.ns / 1000, mark.ns % 1000);
  }
  void put_duration(std::int64_t ns) {
    fmt::format_to(to(), R"(,"dur":{}.{:03})", ns / 1000, ns % 1000);
  }

  void put_stage(std::uint32_t lane, const TrackMark& mark) {
    const Record& record = timeline_.record_of(mark.item).record;
    put_place(lane, mark, "X");
    put_duration(timeline_.stage_end_ns(mark.item, mark.stage) - mark.ns);
    out_ += R"(,"cat":"stage","name":)";
    out_ += cached(stages_[(record.operation & (kIdCount - 1U)) * kStageCount + mark.stage],
                   [&] { return file_.stage_name(record.operation, mark.stage); });
    out_ += '}';
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
    const std::uint16_t id = record.operation & (kIdCount - 1U);
    const NameEntry* entry = file_.entry(id);
    out_ += cached(
        names_[id], [&] { return file_.operation_name(id); }, ",\"name\":");
    out_ += cached(
        categories_[id],
        [&]() -> std::string {
          if (entry != nullptr && !entry->category.empty()) return entry->category;
          return id < kFirstEvent ? "operation" : "event";
        },
        ",\"cat\":");
    put_facts(mark, item, unfinished);
    out_ += "}}";
  }

  void put_facts(const TrackMark& mark, const TimelineItem& item, bool unfinished) {
    const Seen& seen = timeline_.record_of(mark.item);
    const Record& record = seen.record;
    fmt::format_to(to(), R"(,"args":{{"position":"{}:{}")", seen.lane, seen.position);
    if (!unfinished) {
      fmt::format_to(to(), R"(,"outcome":"{}")", outcome_word(record.outcome));
      if ((record.flags & kFlagUntimed) != 0) out_ += R"(,"untimed":true)";
      if (mark.mark == Mark::instant && record.duration != 0 && item.end_ns != kUnfinished)
        fmt::format_to(to(), R"(,"duration_ns":{})", file_.scale().span_ns(record.duration));
    }
    if (record.error != 0) {
      fmt::format_to(to(), R"(,"error":{})", record.error);
      const std::string name = file_.error_name(record.error);
      if (!name.empty()) out_ += ",\"error_name\":" + json_text(name);
    }
    put_party("actor", parties_.actor(record));
    put_party("subject", parties_.subject(record));
    if (record.kind != static_cast<std::uint8_t>(Kind::event)) return;
    fmt::format_to(to(), R"(,"value":{})", record.event.value);
    if (record.event.context != 0) {
      const auto during = static_cast<std::uint16_t>(record.event.context - 1);
      out_ += ",\"during\":" + json_text(file_.operation_name(during));
    }
  }

  void put_party(const char* key, const PartyTexts::Text& party) {
    if (party.kind == LabelKind::none) return;
    fmt::format_to(to(), R"(,"{}":)", key);
    out_ += json_text(party.text);
  }

  template <typename Make>
  static const std::string& cached(std::string& text, const Make& make, const char* before = "") {
    if (text.empty()) text = before + json_text(make());
    return text;
  }

  const RingFile& file_;
  const Timeline& timeline_;
  const Sink& sink_;
  PartyTexts parties_;
  std::map<std::uint32_t, TraceThread> threads_;   // by lane
  std::map<std::uint32_t, std::uint32_t> tracks_;  // the last one that was described
  std::array<std::string, kIdCount> names_, categories_;
  std::array<std::string, std::size_t{kIdCount} * kStageCount> stages_;
  std::string out_;
  bool first_ = true;
};

}  // namespace

void write_chrome(const RingFile& file, const Timeline& timeline, bool labels, const Sink& sink) {
  ChromeWriter(file, timeline, labels, sink).run();
}

}  // namespace ringside::tool
