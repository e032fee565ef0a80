// Recordings: what is written comes back, and what was cut or damaged is told.
#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "shm/labels.h"
#include "tests/support/ring.h"
#include "tests/unit/daemon/file_limit.h"
#include "tests/unit/daemon/files_of_test.h"
#include "tools/ringside/recording/columns.h"
#include "tools/ringside/recording/recording.h"
#include "tools/ringside/recording/writer.h"
#include "tools/ringside/source/source.h"

namespace ringside::tool {
namespace {

constexpr std::uint16_t kSendId = 0;

bool same(const Seen& a, const Seen& b) {
  return a.lane == b.lane && a.position == b.position &&
         std::memcmp(&a.record, &b.record, sizeof a.record) == 0;
}
bool same(const std::vector<Seen>& a, const std::vector<Seen>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Seen& x, const Seen& y) { return same(x, y); });
}

// A ring with a name, a label and a lane, and recordings of it.
struct Recorded {
  Recorded() {
    segment = test::make_ring(ring, {3, 64, 64});
    test::use_nanoseconds(*segment, 1'000'000'000);
    enter_name(*segment, kSendId, {"SEND_MESSAGE", "message", {}});
    enter_error_name(*segment, 7, "DB_TIMEOUT");
    give_label(*segment, LabelKind::user, 42, "alice");
    lane = test::claim(*segment, 77);
  }

  static Seen seen(std::uint32_t lane, std::uint64_t position, std::uint64_t end,
                   std::int64_t duration = 1000) {
    Seen one;
    one.lane = lane;
    one.position = position;
    one.record = test::operation(kSendId, end - static_cast<std::uint64_t>(duration), duration);
    one.record.sequence = 2 * (position + 1);
    one.record.actor = 42;
    one.record.flags = static_cast<std::uint16_t>(ActorKind::user);
    return one;
  }
  static ClockChunk clock(std::uint64_t ticks, RecordedCounts counts = {}) {
    ClockChunk clock;
    clock.at = {static_cast<std::int64_t>(ticks), 1'700'000'000'000'000'000, ticks};
    clock.ticks_per_second = 1e9;
    clock.state = RingState::live;
    clock.uid = 7;
    clock.counts = counts;
    return clock;
  }

  std::unique_ptr<RecordingWriter> writer(std::uint64_t most_bytes = UINT64_MAX) const {
    Failure failure;
    auto made = RecordingWriter::create({path, true, most_bytes}, &failure);
    REQUIRE_MESSAGE(made != nullptr, failure.message);
    return made;
  }
  // Two batches of three records, in two lanes.
  std::vector<Seen> write() const {
    using Put = RecordingWriter::Put;
    const std::vector<Seen> first = {seen(0, 0, 5000), seen(1, 0, 5100), seen(0, 1, 5200)};
    const std::vector<Seen> second = {seen(1, 1, 6000), seen(0, 4, 6001, -3), seen(3, 9, 6002)};
    const auto out = writer();
    CHECK(out->head(*segment, ring, "") == Put::written);
    CHECK(out->batch({}, clock(4000, {5, 0, 0, 0})) == Put::written);
    CHECK(out->batch(first, clock(5500, {5, 3, 0, 0})) == Put::written);
    CHECK(out->mark({"latency > 1s", 0, 1, 5200}) == Put::written);
    CHECK(out->batch(second, clock(6500, {5, 6, 4, 2})) == Put::written);
    CHECK(out->end(clock(7000, {5, 6, 4, 2}), "the test is over") == Put::written);
    std::vector<Seen> all = first;
    all.insert(all.end(), second.begin(), second.end());
    return all;
  }

  Recording open() const {
    Failure failure;
    Recording recording = open_recording(path, &failure);
    REQUIRE_MESSAGE(recording.file != nullptr, failure.message);
    return recording;
  }
  static std::vector<Seen> read(Records& records) {
    std::vector<Seen> all;
    while (records.read(all, true) == Records::Next::more) {}
    return all;
  }

  const test::TempDir directory;
  const std::string ring = directory.file("ring");
  const std::string path = directory.file("night.rec");
  std::unique_ptr<Segment> segment;
  LaneWriter lane{};
};

TEST_CASE("Recording: what was written comes back, with the ring it came from") {
  const Recorded world;
  const std::vector<Seen> written = world.write();
  Recording recording = world.open();
  CHECK(same(Recorded::read(*recording.records), written));
  const RecordCounts& counts = recording.records->counts();
  CHECK(counts.earlier == 9);  // with those that were not asked for
  CHECK(counts.read == 6);
  CHECK(counts.lost == 2);
  CHECK(recording.records->take_faults().empty());

  CHECK(recording.facts.faults.empty());
  CHECK(recording.facts.ended == "the test is over");
  CHECK(recording.facts.ring == world.ring);
  REQUIRE(recording.facts.marks.size() == 1);
  CHECK(recording.facts.marks[0].condition == "latency > 1s");
  CHECK(recording.facts.marks[0].end_ticks == 5200);
  const RingFile& file = *recording.file;
  CHECK(file.operation_name(kSendId) == "SEND_MESSAGE");
  CHECK(file.error_name(7) == "DB_TIMEOUT");
  CHECK(read_label(file.segment(), LabelKind::user, 42) == "alice");
  CHECK(file.state() == RingState::live);
  CHECK(file.owner_uid() == 7);
  CHECK(file.now_ticks() == 7000);
  CHECK(file.wall_ns(7000) == 1'700'000'000'000'000'000);
  CHECK(file.facts().program == "test");
}

TEST_CASE("Recording: totals come back, and lanes without memory stay so") {
  Recorded world;
  for (int i = 0; i < 5; ++i)
    write_record(world.lane, test::operation(kSendId, 100, 20, Outcome::timeout));
  count_only(world.lane, kSendId);
  world.write();
  const Recording recording = world.open();
  const Segment& segment = recording.file->segment();
  CHECK(lane_readable(segment.lane_header(0)));
  CHECK_FALSE(lane_readable(segment.lane_header(1)));
  TotalsCopy totals;
  copy_totals(segment.totals(0), totals);
  CHECK(totals.entries[kSendId].recorded == 5);
  CHECK(totals.entries[kSendId].skipped == 1);
  CHECK(totals.entries[kSendId].errors == 5);
  CHECK(totals.entries[kSendId].ticks == 100);
}

TEST_CASE(
    "Recording: what a dead thread left half written comes back, and a living one's does not") {
  Recorded world;
  const auto begin = [](LaneWriter lane) {
    for (int i = 0; i < 3; ++i) write_record(lane, test::operation(kSendId, 100, 20));
    lane.slots[3].sequence.store(2 * 3 + 1);
  };
  begin(world.lane);
  test::in_another_thread([&] { begin(test::claim(*world.segment, 103)); });
  world.write();
  const Recording recording = world.open();
  const Segment& segment = recording.file->segment();
  const auto remainder = [&](std::uint32_t lane) {
    return lane_remainder(segment.slots(lane), segment.lane_header(lane), 64);
  };
  CHECK(remainder(0) == Remainder::clean);
  CHECK(remainder(1) == Remainder::torn);
}

TEST_CASE("Recording: any words of a record come back, and what nobody believes is told apart") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const Recorded world;
  std::vector<Seen> written;
  std::uint64_t position = random() >> 3;
  for (int i = 0; i < 1000; ++i) {
    Seen one;
    one.lane = 2;
    one.position = position;
    RecordWords words{};
    for (std::uint64_t* word : {&words.start, &words.duration, &words.descriptor, &words.actor,
                                &words.subject, &words.stages_or_value, &words.stages_or_context}) {
      *word = random() >> random() % 64;
    }
    put_record(words, position, one.record);
    position += 1 + (random() % 3 == 0 ? random() % 100 : 0);
    written.push_back(one);
  }
  std::vector<Seen> decoded;
  CHECK(decode_records(encode_records(written), 2, decoded));
  CHECK(same(decoded, written));
  // The lane is above the last one.
  CHECK_FALSE(decode_records(encode_records(written), 1, decoded));

  const auto out = world.writer();
  out->head(*world.segment, world.ring, "");
  out->batch(written, Recorded::clock(9000, {0, written.size(), 0, 0}));
  const auto unbelievable = static_cast<std::uint64_t>(std::count_if(
      written.begin(), written.end(), [](const Seen& seen) { return !believable(seen.record); }));
  CHECK(unbelievable > 0);
  Recording recording = world.open();
  CHECK(Recorded::read(*recording.records).size() == written.size() - unbelievable);
  CHECK(recording.records->counts().rejected == unbelievable);
  CHECK(recording.records->counts().read == written.size());
  Recording raw = world.open();
  raw.records->keep_rejected();
  CHECK(Recorded::read(*raw.records).size() == written.size());
  CHECK(raw.records->counts().rejected == 0);
}

TEST_CASE("Recording: a segment's records that nobody believes are kept for who asks") {
  Recorded world;
  Record bad = test::operation(kSendId, 50, 7);
  bad.kind = 9;
  write_record(world.lane, test::operation(kSendId, 10, 1));
  write_record(world.lane, bad);
  write_record(world.lane, test::operation(kSendId, 90, 1));
  for (const bool keep : {false, true}) {
    SegmentRecords records(*world.segment, ClockKind::monotonic, 1e9);
    if (keep) records.keep_rejected();
    std::vector<Seen> all;
    records.read(all, true);
    CHECK(all.size() == (keep ? 3 : 2));
    CHECK(records.counts().read == 3);
    CHECK(records.counts().rejected == (keep ? 0 : 1));
    if (keep) CHECK(all[1].position == 1);
  }
}

TEST_CASE("RecordingCut: a file that was cut at any byte is readable up to its last whole chunk") {
  const Recorded world;
  const std::vector<Seen> written = world.write();
  const std::string whole = read_text(world.path);
  const std::string cut = world.directory.file("cut.rec");
  std::size_t most = 0;
  std::size_t opened = 0;
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    write_text(cut, whole.substr(0, bytes));
    Failure failure;
    Recording recording = open_recording(cut, &failure);
    if (recording.file == nullptr) {
      CHECK_MESSAGE(opened == 0, "it was readable with fewer bytes than ", bytes);
      CHECK(failure.message.find("\n  next: ") != std::string::npos);
      continue;
    }
    ++opened;
    CHECK(recording.facts.faults.size() == 1);
    CHECK(recording.facts.ended.empty());
    const std::vector<Seen> got = Recorded::read(*recording.records);
    CHECK(got.size() >= most);
    most = got.size();
    for (const Seen& one : got) {
      CHECK(std::any_of(written.begin(), written.end(),
                        [&](const Seen& other) { return same(one, other); }));
    }
  }
  CHECK(opened > 100);
  CHECK(most == written.size());
}

TEST_CASE("RecordingDamage: a byte that changed costs its chunk, which is told and counted") {
  const Recorded world;
  const std::vector<Seen> written = world.write();
  const std::string whole = read_text(world.path);
  const std::string path = world.directory.file("spoilt.rec");
  std::size_t silent = 0;
  for (std::size_t at = kFrameHeaderBytes; at < whole.size(); ++at) {
    std::string spoilt = whole;
    spoilt[at] = static_cast<char>(spoilt[at] ^ 0x41);
    write_text(path, spoilt);
    Failure failure;
    Recording recording = open_recording(path, &failure);
    if (recording.file == nullptr) continue;  // the only head
    const std::vector<Seen> got = Recorded::read(*recording.records);
    const std::vector<std::string> faults = recording.records->take_faults();
    const RecordCounts& counts = recording.records->counts();
    CHECK(counts.read == got.size());
    if (recording.facts.last.counts.recorded == 6) CHECK(counts.read + counts.lost == 8);
    // zstd may write a bit that its decoder does not need. Then nothing may be different.
    if (faults.empty() && !same(got, written)) ++silent;
    for (const std::string& fault : faults)
      CHECK(fault.find(" bytes at offset ") != std::string::npos);
  }
  CHECK(silent == 0);
}

TEST_CASE("RecordingDamage: what is no recording is refused with what was found") {
  const Recorded world;
  world.write();
  const std::string whole = read_text(world.path);
  const auto refused = [&](const std::string& bytes) {
    write_text(world.path, bytes);
    Failure failure;
    CHECK(open_recording(world.path, &failure).file == nullptr);
    return failure.message;
  };
  CHECK(refused("").find("is no recording: only 0 bytes") != std::string::npos);
  CHECK(refused(std::string(500, 'x')).find("its first bytes are not") != std::string::npos);
  CHECK(refused(whole.substr(0, kFrameHeaderBytes)).find("without a whole head") !=
        std::string::npos);
}

TEST_CASE("RecordingWriter: a file that may not grow is left as it was, and still gets its end") {
  const Recorded world;
  const auto out = world.writer(20'000);
  REQUIRE(out->head(*world.segment, world.ring, "op = SEND_MESSAGE") ==
          RecordingWriter::Put::written);
  std::mt19937_64 random(1);
  std::uint64_t position = 0;
  std::uint64_t recorded = 0;
  while (true) {
    std::vector<Seen> batch;
    for (int i = 0; i < 100; ++i) {
      batch.push_back(Recorded::seen(0, position, 5000 + position));
      ++position;
      batch.back().record.subject = random();
    }
    const auto put = out->batch(batch, Recorded::clock(9000, {0, recorded + 100, 0, 0}));
    if (put == RecordingWriter::Put::full) break;
    REQUIRE(put == RecordingWriter::Put::written);
    recorded += 100;
  }
  CHECK(recorded > 0);
  CHECK(out->end(Recorded::clock(9000, {0, recorded, 0, 100}), "--max-size 20kB is reached") ==
        RecordingWriter::Put::written);
  Recording recording = world.open();
  CHECK(recording.facts.bytes <= 20'000);
  CHECK(recording.facts.faults.empty());
  CHECK(recording.facts.filter == "op = SEND_MESSAGE");
  CHECK(Recorded::read(*recording.records).size() == recorded);
  CHECK(recording.records->counts().lost == 100);
}

TEST_CASE("RecordingWriter: a file that is there is replaced only when that is asked for") {
  const Recorded world;
  write_text(world.path, "mine");
  Failure failure;
  CHECK(RecordingWriter::create({world.path, false}, &failure) == nullptr);
  CHECK(failure.message.find("is there already") != std::string::npos);
  CHECK(read_text(world.path) == "mine");
  // A ring, for one, would lose its name for good.
  CHECK(RecordingWriter::create({world.path, true}, &failure) == nullptr);
  CHECK(failure.message.find("is no recording") != std::string::npos);
  CHECK(read_text(world.path) == "mine");
  write_text(world.path, file_header());
  CHECK(RecordingWriter::create({world.path, true}, &failure) != nullptr);
}

TEST_CASE("RecordingWriter: a full disk is a failure that keeps what is there") {
  const Recorded world;
  Failure failure;
  const auto out = RecordingWriter::create({world.path, true}, &failure);
  REQUIRE(out != nullptr);
  REQUIRE(out->head(*world.segment, world.ring, "") == RecordingWriter::Put::written);
  REQUIRE(out->batch({Recorded::seen(0, 0, 5000)}, Recorded::clock(6000, {0, 1, 0, 0})) ==
          RecordingWriter::Put::written);
  {
    const test::FileLimit limit(out->bytes() + 10);
    CHECK(out->batch({Recorded::seen(0, 1, 5000)}, Recorded::clock(6000, {0, 2, 0, 0})) ==
          RecordingWriter::Put::failed);
    CHECK(out->failure().message.find("can't write") != std::string::npos);
    CHECK(out->end(Recorded::clock(6000), "") == RecordingWriter::Put::failed);
  }
  Recording recording = world.open();
  CHECK(recording.facts.bytes == out->bytes());
  CHECK(Recorded::read(*recording.records).size() == 1);
}

TEST_CASE("Source: a recording is told from a ring by its first bytes") {
  const Recorded world;
  world.write();
  Failure failure;
  const Source recorded = open_source(world.path, &failure);
  REQUIRE_MESSAGE(recorded.file != nullptr, failure.message);
  CHECK(recorded.recorded);
  CHECK_FALSE(recorded.live());
  const Source ring = open_source(world.ring, &failure);
  REQUIRE_MESSAGE(ring.file != nullptr, failure.message);
  CHECK_FALSE(ring.recorded);
}

}  // namespace
}  // namespace ringside::tool
