#include "tools/ringside/export/perfetto.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <map>
#include <protozero/pbf_writer.hpp>
#include <protozero/varint.hpp>
#include <utility>
#include <vector>

#include "shm/words.h"
#include "tools/ringside/export/perfetto_fields.h"
#include "tools/ringside/export/threads.h"
#include "tools/ringside/lines/party_texts.h"
#include "tools/ringside/lines/record_lines.h"

namespace ringside::tool {

namespace {

using protozero::pbf_writer;

// A short message in a buffer of its own. Most packets are short, and protozero's writer, which
// appends each byte to a string, takes most of an export's time with them.
class Short {
 public:
  void varint(pf::Tag tag, std::uint64_t value) {
    at_ += protozero::add_varint_to_buffer(at_, tag << 3);
    at_ += protozero::add_varint_to_buffer(at_, value);
  }
  void text(pf::Tag tag, std::string_view text) {
    at_ += protozero::add_varint_to_buffer(at_, tag << 3 | 2);
    at_ += protozero::add_varint_to_buffer(at_, text.size());
    at_ = std::copy(text.begin(), text.end(), at_);
  }
  std::string_view bytes() const { return {bytes_, static_cast<std::size_t>(at_ - bytes_)}; }

 private:
  char bytes_[128];  // the longest that is put in has 60 bytes
  char* at_ = bytes_;
};

// Names of annotations, by their iid less one.
enum Note : std::uint8_t {
  kOutcome,
  kError,
  kErrorName,
  kActor,
  kSubject,
  kPosition,
  kValue,
  kDuring,
  kDuration,
  kUntimed,
  kNoteCount
};
constexpr const char* kNotes[kNoteCount] = {"outcome",     "error",    "error_name", "actor",
                                            "subject",     "position", "value",      "during",
                                            "duration_ns", "untimed"};

// Spaces of iids. Operations and events by their id, then the stages of operations.
constexpr std::uint64_t name_iid(std::uint16_t id) { return 1U + (id & (kIdCount - 1U)); }
constexpr std::uint64_t stage_iid(std::uint16_t id, std::uint8_t stage) {
  return 1U + kIdCount + (id & (kIdCount - 1U)) * std::uint64_t{kStageCount} + stage;
}
// Strings: outcomes, operations (an event's context), errors, then parties by their number.
constexpr std::uint64_t outcome_iid(std::uint8_t outcome) { return 1U + outcome; }
constexpr std::uint64_t operation_iid(std::uint16_t id) { return 257U + (id & (kIdCount - 1U)); }
constexpr std::uint64_t error_iid(std::uint16_t code) { return 1U + 256U + kIdCount + code; }
constexpr std::uint64_t kFirstParty = 1U + 256U + kIdCount + 65536U;
// Each track remembers which it has said: 2 KiB for so many. Later ones are not interned.
constexpr std::uint64_t kMostParties = std::uint64_t{1} << 14;
// Where a track remembers a string. Of the codes of errors only those with a name have a place.
constexpr std::uint64_t kFirstErrorPlace = 1U + 256U + kIdCount;
constexpr std::uint64_t kFirstPartyPlace = kFirstErrorPlace + kMaxErrorNames;
// A track, which is a sequence of packets.
struct Track {
  std::uint32_t sequence = 0;
  std::int64_t last_ns = 0;
  // What was said already: names and categories by their iid, strings by their place.
  std::vector<bool> names, categories, strings;
};

class Writer {
 public:
  Writer(const RingFile& file, const Timeline& timeline, bool labels, const Sink& sink)
      : file_(file),
        timeline_(timeline),
        sink_(sink),
        parties_(file, [&file, labels](LabelKind kind, std::uint64_t id) {
          return party_text(file, kind, id, labels);
        }) {
    const auto& instance = file.facts().instance;
    seed_ = instance[0] ^ instance[1] * 0x9e3779b97f4a7c15ULL;
    tracks_.resize(std::size_t{file.segment().overflow_lane()} + 1);
    for (const auto& one : file.errors())
      error_places_.emplace(one.first, kFirstErrorPlace + error_places_.size());
    for (std::uint16_t id = 0; id < kIdCount; ++id) {
      const NameEntry* entry = file.entry(id);
      const std::string category = entry != nullptr && !entry->category.empty() ? entry->category
                                   : id < kFirstEvent                           ? "operation"
                                                                                : "event";
      const auto at = categories_.emplace(category, categories_.size() + 1).first;
      category_iid_[id] = at->second;
      category_[id] = &at->first;
    }
  }

  void run() {
    clocks();
    describe();
    timeline_.play([&](std::uint32_t lane, const std::vector<TrackMark>& marks) {
      for (const TrackMark& mark : marks) put(lane, mark);
      return out_.size() < kSinkBytes || flush();
    });
    flush();
  }

 private:
  bool flush() {
    const bool wanted = sink_(out_);
    out_.clear();
    return wanted;
  }

  // Unique within the trace, and unlike those of other traces, as traces may be concatenated.
  std::uint64_t uuid(std::uint64_t number) const {
    std::uint64_t x = seed_ + (number + 1) * 0x9e3779b97f4a7c15ULL;  // SplitMix64
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
    return (x ^ x >> 31) | 1;
  }
  std::uint64_t process_uuid(std::uint32_t pid) const { return uuid(std::uint64_t{1} << 32 | pid); }
  std::uint64_t track_uuid(std::uint32_t lane, std::uint32_t track) const {
    return uuid(std::uint64_t{lane} * kMostTracks + track);
  }

  template <typename Fill>
  void packet(std::uint32_t sequence, const Fill& fill) {
    packet_.clear();
    pbf_writer to(packet_);
    fill(to);
    to.add_uint32(pf::kSequence, sequence);
    pbf_writer(out_).add_message(pf::kPacket, packet_);
  }

  static void clock(pbf_writer& snapshot, std::uint32_t id, std::int64_t ns) {
    pbf_writer one(snapshot, pf::kClock);
    one.add_uint32(pf::kClockId, id);
    one.add_uint64(pf::kClockTime, static_cast<std::uint64_t>(ns));
    if (id == pf::kOfSequence) one.add_bool(pf::kIncremental, true);
  }

  void clocks() {
    packet(1, [&](pbf_writer& to) {
      to.add_uint32(pf::kSequenceFlags, pf::kStateCleared);
      pbf_writer snapshot(to, pf::kClockSnapshot);
      // A wall time is what file.wall_ns() says of a record.
      clock(snapshot, pf::kMonotonic, file_.now().monotonic_ns);
      clock(snapshot, pf::kRealtime, file_.now().realtime_ns);
      snapshot.add_uint32(pf::kPrimaryClock, pf::kMonotonic);
    });
  }

  void describe() {
    const TraceThreads threads = threads_of(file_, timeline_.lanes());
    for (const std::uint32_t pid : threads.pids) {
      packet(1, [&](pbf_writer& to) {
        pbf_writer track(to, pf::kTrackDescriptor);
        track.add_uint64(pf::kUuid, process_uuid(pid));
        pbf_writer process(track, pf::kProcess);
        process.add_int32(pf::kPid, static_cast<std::int32_t>(pid));
        process.add_string(pf::kProcessName, threads.process_name);
      });
    }
    for (const TraceThread& thread : threads.threads) {
      packet(1, [&](pbf_writer& to) {
        pbf_writer track(to, pf::kTrackDescriptor);
        track.add_uint64(pf::kUuid, track_uuid(thread.lane, 0));
        track.add_uint64(pf::kParent, process_uuid(thread.pid));
        if (thread.tid == 0) {
          track.add_string(pf::kTrackName, thread.name);
          return;
        }
        pbf_writer about(track, pf::kThread);
        about.add_int32(pf::kPid, static_cast<std::int32_t>(thread.pid));
        about.add_int64(pf::kTid, thread.tid);
        about.add_string(pf::kThreadName, thread.name);
      });
      names_.emplace(thread.lane, thread.name);
    }
  }

  // A track begins: it is described, and its sequence gets its defaults and its clock.
  Track& begin_track(std::uint32_t lane, std::uint32_t number, std::int64_t ns) {
    std::vector<Track>& tracks = tracks_[lane];
    if (tracks.size() <= number) tracks.resize(number + 1);
    Track& track = tracks[number];
    if (track.sequence != 0) return track;
    track.sequence = ++sequences_;
    track.last_ns = ns;
    if (number > 0) {
      packet(1, [&](pbf_writer& to) {
        pbf_writer about(to, pf::kTrackDescriptor);
        about.add_uint64(pf::kUuid, track_uuid(lane, number));
        about.add_uint64(pf::kParent, track_uuid(lane, 0));
        about.add_string(pf::kTrackName, fmt::format("{} · {}", names_[lane], number + 1));
      });
    }
    packet(track.sequence, [&](pbf_writer& to) {
      to.add_uint32(pf::kSequenceFlags, pf::kStateCleared);
      pbf_writer snapshot(to, pf::kClockSnapshot);
      clock(snapshot, pf::kOfSequence, ns);
      clock(snapshot, pf::kMonotonic, ns);
    });
    packet(track.sequence, [&](pbf_writer& to) {
      to.add_uint32(pf::kSequenceFlags, pf::kNeedsState);
      {
        pbf_writer defaults(to, pf::kDefaults);
        defaults.add_uint32(pf::kDefaultClock, pf::kOfSequence);
        pbf_writer event(defaults, pf::kDefaultEvent);
        event.add_uint64(pf::kDefaultTrack, track_uuid(lane, number));
      }
      pbf_writer interned(to, pf::kInterned);
      for (std::uint8_t i = 0; i < kNoteCount; ++i)
        entry(interned, pf::kAnnotationNames, i + 1U, kNotes[i]);
    });
    return track;
  }

  static void entry(pbf_writer& to, pf::Tag tag, std::uint64_t iid, std::string_view text) {
    pbf_writer one(to, tag);
    one.add_uint64(pf::kIid, iid);
    one.add_string(pf::kText, text.data(), text.size());
  }

  // Says what an iid is, before its first use on the track.
  void intern(std::vector<bool>& said, std::uint64_t place, pf::Tag tag, std::uint64_t iid,
              std::string_view text) {
    if (said.size() <= place) said.resize(place + place / 2 + 64);
    if (said[place]) return;
    said[place] = true;
    pbf_writer interned(interned_);
    entry(interned, tag, iid, text);
  }

  void note(Note name, pf::Tag tag, std::uint64_t value) {
    Short one;
    one.varint(pf::kAnnotationName, name + 1U);
    one.varint(tag, value);
    put_note(one.bytes());
  }
  void note(Note name, std::string_view text) {
    note_.clear();
    pbf_writer one(note_);
    one.add_uint64(pf::kAnnotationName, name + 1U);
    one.add_string(pf::kString, text.data(), text.size());
    put_note(note_);
  }
  void put_note(std::string_view bytes) {
    pbf_writer(event_).add_message(pf::kAnnotation, bytes.data(), bytes.size());
  }
  void note_string(Track& track, Note name, std::uint64_t place, std::uint64_t iid,
                   std::string_view text) {
    intern(track.strings, place, pf::kStrings, iid, text);
    note(name, pf::kStringIid, iid);
  }

  void note_party(Track& track, Note name, const PartyTexts::Text& party) {
    if (party.kind == LabelKind::none) return;
    // A message is seldom named twice, and a ring that is garbage has a new party in each record.
    if (party.kind == LabelKind::message || party.number > kMostParties) {
      note(name, party.text);
    } else {
      note_string(track, name, kFirstPartyPlace + party.number, kFirstParty + party.number,
                  party.text);
    }
  }

  void facts(Track& track, const TrackMark& mark) {
    const TimelineItem& item = timeline_.items()[mark.item];
    const Seen& seen = timeline_.record_of(mark.item);
    const Record& record = seen.record;
    if (item.end_ns != kUnfinished) {
      const std::uint64_t iid = outcome_iid(record.outcome);
      note_string(track, kOutcome, iid, iid, outcome_word(record.outcome));
      if ((record.flags & kFlagUntimed) != 0) note(kUntimed, pf::kBool, 1);
      // What is shown as an instant and is none.
      if (mark.mark == Mark::instant && record.duration != 0)
        note(kDuration, pf::kInt,
             static_cast<std::uint64_t>(file_.scale().span_ns(record.duration)));
    }
    if (record.error != 0) {
      note(kError, pf::kUint, record.error);
      const auto name = file_.errors().find(record.error);
      if (name != file_.errors().end())
        note_string(track, kErrorName, error_places_[record.error], error_iid(record.error),
                    name->second);
    }
    note_party(track, kActor, parties_.actor(record));
    note_party(track, kSubject, parties_.subject(record));
    char place[40];
    char* at = std::to_chars(place, place + 10, seen.lane).ptr;
    *at++ = ':';
    at = std::to_chars(at, at + 20, seen.position).ptr;
    Short position;
    position.varint(pf::kAnnotationName, kPosition + 1U);
    position.text(pf::kString, {place, static_cast<std::size_t>(at - place)});
    put_note(position.bytes());
    if (record.kind == static_cast<std::uint8_t>(Kind::event)) {
      note(kValue, pf::kInt, static_cast<std::uint64_t>(record.event.value));
      if (record.event.context != 0) {
        const auto during = static_cast<std::uint16_t>(record.event.context - 1);
        const std::uint64_t iid = operation_iid(during);
        note_string(track, kDuring, iid, iid, file_.operation_name(during));
      }
    }
    pbf_writer event(event_);
    if (item.flow_in != 0) event.add_fixed64(pf::kLastOfFlow, seed_ + item.flow_in);
    if (item.flow_out != 0) event.add_fixed64(pf::kFlow, seed_ + item.flow_out);
  }

  void put(std::uint32_t lane, const TrackMark& mark) {
    Track& track = begin_track(lane, mark.track, mark.ns);
    interned_.clear();
    if (mark.mark == Mark::stage_begin || mark.mark == Mark::end) {
      put_short(track, mark);
    } else {
      put_whole(track, mark);
    }
    track.last_ns = mark.ns;
  }

  // A begin of a stage, or any end: no facts.
  void put_short(Track& track, const TrackMark& mark) {
    Short event;
    event.varint(pf::kType, mark.mark == Mark::end ? pf::kSliceEnd : pf::kSliceBegin);
    if (mark.mark == Mark::stage_begin) {
      const std::uint16_t id = timeline_.record_of(mark.item).record.operation;
      const std::uint64_t iid = stage_iid(id, mark.stage);
      if (track.names.size() <= iid || !track.names[iid])
        intern(track.names, iid, pf::kNames, iid, file_.stage_name(id, mark.stage));
      event.varint(pf::kName, iid);
    }
    Short packet;
    packet.varint(pf::kTimestamp, static_cast<std::uint64_t>(mark.ns - track.last_ns));
    packet.varint(pf::kSequence, track.sequence);
    packet.varint(pf::kSequenceFlags, pf::kNeedsState);
    packet.text(pf::kTrackEvent, event.bytes());
    packet_.clear();
    if (!interned_.empty()) pbf_writer(packet_).add_message(pf::kInterned, interned_);
    packet_ += packet.bytes();
    pbf_writer(out_).add_message(pf::kPacket, packet_);
  }

  void put_whole(Track& track, const TrackMark& mark) {
    const std::uint16_t id = timeline_.record_of(mark.item).record.operation;
    event_.clear();
    pbf_writer event(event_);
    event.add_int32(pf::kType, mark.mark == Mark::instant ? pf::kInstant : pf::kSliceBegin);
    intern(track.names, name_iid(id), pf::kNames, name_iid(id), file_.operation_name(id));
    event.add_uint64(pf::kName, name_iid(id));
    intern(track.categories, category_iid_[id], pf::kCategories, category_iid_[id], *category_[id]);
    event.add_uint64(pf::kCategory, category_iid_[id]);
    facts(track, mark);
    packet(track.sequence, [&](pbf_writer& to) {
      to.add_uint64(pf::kTimestamp, static_cast<std::uint64_t>(mark.ns - track.last_ns));
      to.add_uint32(pf::kSequenceFlags, pf::kNeedsState);
      if (!interned_.empty()) to.add_message(pf::kInterned, interned_);
      to.add_message(pf::kTrackEvent, event_);
    });
  }

  const RingFile& file_;
  const Timeline& timeline_;
  const Sink& sink_;
  PartyTexts parties_;
  std::uint64_t seed_ = 0;                  // of this server's ids
  std::vector<std::vector<Track>> tracks_;  // by lane
  std::uint32_t sequences_ = 1;
  std::map<std::uint32_t, std::string> names_;           // of threads, by lane
  std::map<std::uint16_t, std::uint64_t> error_places_;  // by code
  std::map<std::string, std::uint64_t> categories_;
  std::array<std::uint64_t, kIdCount> category_iid_{};
  std::array<const std::string*, kIdCount> category_{};
  // Kept for their memory.
  std::string out_, packet_, event_, interned_, note_;
};

}  // namespace

void write_perfetto(const RingFile& file, const Timeline& timeline, bool labels, const Sink& sink) {
  Writer(file, timeline, labels, sink).run();
}

}  // namespace ringside::tool
