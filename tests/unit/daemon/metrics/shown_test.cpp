// All that a snapshot shows of one ring, as a text, against what it must be. The same again after a
// restart of the daemon and of the server.
#include <doctest/doctest.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/metrics/ring_metrics.h"

using namespace ringside;

namespace {

// The ring was born at 1000 s of the monotonic clock. Its own ticks are half nanoseconds.
constexpr std::int64_t kBorn = 1'000'000'000'000;
constexpr std::int64_t kToWall = 5'000'000'000'000'000;
constexpr std::int64_t kShownAt = kBorn + 12'000'000'000;
const TickScale kHalves(ClockKind::tsc, 2'000'000'000, 1000, kBorn);

std::string told(const Party& party) {
  return std::string(name_of(party.kind)) + ":" + std::to_string(party.id);
}
std::string told(const RecordView& record) {
  std::ostringstream out;
  out << record.operation << ' ' << name_of(record.outcome) << ' ' << record.error << '/'
      << record.error_name << " began " << record.start_wall_ns - kBorn - kToWall << " took "
      << record.duration_ns << (record.untimed ? " untimed" : "") << " by " << told(record.actor)
      << " on " << told(record.subject) << " stages";
  for (const std::uint64_t ns : record.stages_ns) out << ' ' << ns;
  out << " value " << record.value << " in '" << record.context << "' from " << record.ring << ' '
      << record.lane << '.' << record.position << " life " << record.instance << " ticks "
      << record.end_ticks << " ended " << record.end_monotonic_ns - kBorn << '\n';
  return out.str();
}
std::string told(const SeriesView& view) {
  std::ostringstream out;
  out << view.name << " of " << view.ring << " category '" << view.category << "' stages";
  for (const std::string& stage : view.stage_names) out << " '" << stage << "'";
  out << " recorded";
  for (const WindowStats& stats : view.windows) out << ' ' << stats.recorded;
  out << " in";
  for (const WindowStats& stats : view.windows) out << ' ' << stats.seconds;
  out << " server " << view.server_count << ' ' << view.server_errors << " books "
      << view.books.written << ' ' << view.books.read << ' ' << view.books.lost << ' '
      << view.books.torn << ' ' << view.books.rejected << '\n';
  for (const RecordView& record : view.last) out << "  " << told(record);
  return out.str();
}
std::string told(const std::vector<TopEntry>& list) {
  std::ostringstream out;
  for (const TopEntry& row : list) {
    out << "  " << told(row.party) << " of " << row.ring << ' ' << row.count << ' ' << row.errors
        << ' ' << row.refused << ' ' << row.time_ns << " weight " << row.weight
        << (row.estimated ? " about" : "");
    for (const Interval& in : {row.count_in, row.errors_in, row.refused_in, row.time_in_ns})
      out << ' ' << in.low << ".." << in.high;
    out << '\n';
  }
  return out.str();
}
std::string told_without_parties(const Snapshot& shown) {
  std::ostringstream out;
  for (const SeriesView& view : shown.operations) out << told(view);
  for (const SeriesView& view : shown.events) out << told(view);
  out << "slowest\n";
  for (const RecordView& record : shown.slowest) out << "  " << told(record);
  out << "slowest since start\n";
  for (const RecordView& record : shown.slowest_since_start) out << "  " << told(record);
  for (const ErrorStats& error : shown.errors) {
    out << "error " << error.code << '/' << error.name << ' ' << error.operation << " of "
        << error.ring << ' ' << name_of(error.outcome);
    for (const std::uint64_t count : error.count) out << ' ' << count;
    out << " last " << error.last_wall_ns - kBorn - kToWall << " by " << told(error.last_actor)
        << '\n';
  }
  for (const BlockView& block : shown.blocks) {
    out << "blocked " << told(block.address) << " of " << block.ring << " at "
        << block.blocked_wall_ns - kBorn - kToWall << ' ' << block.blocks << " times, before "
        << block.attempts_before << ", turned away " << block.turned_away << ", got through "
        << block.got_through << '\n';
  }
  out << "late " << shown.late_records << '\n';
  return out.str();
}
std::string told_parties(const Snapshot& shown) {
  std::ostringstream out;
  out << "parties over " << shown.parties_seconds << " s\nactors by errors\n"
      << told(shown.actors_by_errors) << "actors by time\n"
      << told(shown.actors_by_time) << "subjects by errors\n"
      << told(shown.subjects_by_errors) << "subjects by time\n"
      << told(shown.subjects_by_time);
  return out.str();
}

// The record that ended so many ms after the ring's birth.
Record ended(std::int64_t ms, std::uint16_t id, std::int64_t ticks, Outcome outcome = Outcome::ok,
             std::uint16_t error = 0) {
  Record record{};
  record.start = 1000 + static_cast<std::uint64_t>(2'000'000 * ms - ticks);
  record.duration = ticks;
  record.operation = id;
  record.kind = static_cast<std::uint8_t>(id < kFirstEvent ? Kind::operation : Kind::event);
  record.outcome = static_cast<std::uint8_t>(outcome);
  record.error = error;
  return record;
}
void set_parties(Record& record, ActorKind actor_kind, std::uint64_t actor, unsigned subject_kind,
                 std::uint64_t subject) {
  record.flags = static_cast<std::uint16_t>(record.flags | static_cast<unsigned>(actor_kind) |
                                            subject_kind << kFlagSubjectShift);
  record.actor = actor;
  record.subject = subject;
}
constexpr unsigned number_of(SubjectKind kind) { return static_cast<unsigned>(kind); }

void name_all(RingMetrics& metrics) {
  const NameEntry send{"SEND", "message", {"validation", "", "database", ""}};
  metrics.set_name(0, send);
  metrics.set_name(3, {"JOIN", "room", {}});
  metrics.set_name(5, send);  // a second id of that name
  metrics.set_name(kFirstEvent, {"RETRY", "", {}});
  metrics.set_name(kFirstEvent + 2, {"IP_BLOCK", "", {}});
  metrics.set_name(kFirstEvent + 3, {"BLOCKED_ATTEMPT", "", {}});
  metrics.set_name(kFirstEvent + 4, {"LOGIN_FAILED", "", {}});
  metrics.set_name(kFirstEvent + 5, {"TOKEN_REJECTED", "", {}});
  metrics.set_error_name(5001, "DATABASE_DOWN");
}

void add_all(RingMetrics& metrics) {
  RingMetrics::Counts read_of{};
  const auto add = [&](Record record, std::uint32_t lane, std::uint64_t position) {
    record.sequence = 2 * position + 2;
    metrics.add_alone(record, lane, read_of);
  };
  Record sent = ended(5500, 0, 4000);
  set_parties(sent, ActorKind::user, 7, number_of(SubjectKind::room), 9);
  sent.flags |= kFlagStages;
  sent.set_stage(0, 100);
  sent.set_stage(2, 600);
  add(sent, 3, 41);
  Record failed = ended(6000, 0, 10, Outcome::error, 5001);
  set_parties(failed, ActorKind::session, 8, number_of(SubjectKind::message), 10);
  add(failed, 1, 8);
  Record denied = ended(6500, 3, 0, Outcome::denied, 77);
  denied.flags = kFlagUntimed;
  set_parties(denied, ActorKind::address, 4, number_of(SubjectKind::user), 5);
  add(denied, 1, 9);
  Record late = ended(1000, 3, 6);
  set_parties(late, ActorKind::none, 0, number_of(SubjectKind::address), 6);
  add(late, 0, 0);
  Record strange = ended(6700, 3, 2);
  set_parties(strange, ActorKind::none, 0, 7, 1);  // no kind of subject has that number
  add(strange, 2, 3);
  Record retry = ended(6900, kFirstEvent, 20);
  set_parties(retry, ActorKind::user, 7, 0, 0);
  retry.event.value = -5;
  retry.event.context = 1;
  add(retry, 0, 1);
  Record backwards = ended(6950, kFirstEvent, -4);
  backwards.event.value = 3;
  backwards.event.context = 257;  // no operation has that id
  add(backwards, 0, 2);
  // What became of an address, in another order than it happened.
  Record blocked = ended(6200, kFirstEvent + 2, 0);
  set_parties(blocked, ActorKind::user, 1, number_of(SubjectKind::address), 99);
  blocked.event.value = 12;
  Record turned_away = ended(6300, kFirstEvent + 3, 0);
  set_parties(turned_away, ActorKind::address, 99, number_of(SubjectKind::room), 3);
  Record nobody = ended(6310, kFirstEvent + 3, 0);
  set_parties(nobody, ActorKind::user, 99, number_of(SubjectKind::room), 99);
  Record before = ended(6100, kFirstEvent + 4, 0);
  set_parties(before, ActorKind::none, 0, number_of(SubjectKind::address), 99);
  Record after = ended(6400, kFirstEvent + 4, 0);
  set_parties(after, ActorKind::address, 98, number_of(SubjectKind::address), 99);
  Record token = ended(6450, kFirstEvent + 5, 0);
  set_parties(token, ActorKind::none, 0, number_of(SubjectKind::address), 99);
  std::uint64_t position = 10;
  for (const Record& record : {after, nobody, turned_away, token, blocked, before})
    add(record, 4, position++);
}

RingMetrics::LivingById living_of_test() {
  RingMetrics::LivingById living(kIdCount);
  living[0] = {10, 2, {12, 10, 2, 1, 1}};
  living[4] = {0, 0, {1, 1, 0, 0, 0}};  // only the books know of it
  living[5] = {5, 1, {6, 6, 0, 0, 0}};
  living[6] = {1, 0, {}};  // only the server's totals do
  living[kFirstEvent + 63] = {3, 0, {3, 3, 0, 0, 0}};
  return living;
}

Snapshot shown_of(RingMetrics& metrics) {
  Snapshot out;
  out.late_records = 5;  // of other rings
  metrics.show("r", living_of_test(), {kShownAt, kToWall, 0, 0}, out);
  return out;
}

constexpr const char* kTold =
    "JOIN of r category 'room' stages '' '' '' '' '' '' recorded 3 3 3 3 in 12 12 12 12 server"
    " 0 0 books 0 0 0 0 0\n"
    "  JOIN ok 0/ began 6699999999 took 1 by none:0 on unknown:1 stages 0 0 0 0 0 0 value 0"
    " in '' from r 2.3 life 4 ticks 13400001000 ended 6700000000\n"
    "  JOIN denied 77/ began 6500000000 took 0 untimed by address:4 on user:5 stages 0 0"
    " 0 0 0 0 value 0 in '' from r 1.9 life 4 ticks 13000001000 ended 6500000000\n"
    "  JOIN ok 0/ began 999999997 took 3 by none:0 on address:6 stages 0 0 0 0 0 0 value 0"
    " in '' from r 0.0 life 4 ticks 2000001000 ended 1000000000\n"
    "SEND of r category 'message' stages 'validation' '' 'database' '' '' '' recorded 2 2 2 2"
    " in 12 12 12 12 server 15 3 books 18 16 2 1 1\n"
    "  SEND error 5001/DATABASE_DOWN began 5999999995 took 5 by session:8 on message:10"
    " stages 0 0 0 0 0 0 value 0 in '' from r 1.8 life 4 ticks 12000001000 ended 6000000000\n"
    "  SEND ok 0/ began 5499998000 took 2000 by user:7 on room:9 stages 50 0 300 0 0 0 value"
    " 0 in '' from r 3.41 life 4 ticks 11000001000 ended 5500000000\n"
    "operation-4 of r category '' stages '' '' '' '' '' '' recorded 0 0 0 0 in 12 12 12 12"
    " server 0 0 books 1 1 0 0 0\n"
    "operation-6 of r category '' stages '' '' '' '' '' '' recorded 0 0 0 0 in 12 12 12 12"
    " server 1 0 books 0 0 0 0 0\n"
    "BLOCKED_ATTEMPT of r category '' stages '' '' '' '' '' '' recorded 2 2 2 2 in 12 12 12 12"
    " server 0 0 books 0 0 0 0 0\n"
    "  BLOCKED_ATTEMPT ok 0/ began 6310000000 took 0 by user:99 on room:99 stages 0 0 0"
    " 0 0 0 value 0 in '' from r 4.11 life 4 ticks 12620001000 ended 6310000000\n"
    "  BLOCKED_ATTEMPT ok 0/ began 6300000000 took 0 by address:99 on room:3 stages 0 0"
    " 0 0 0 0 value 0 in '' from r 4.12 life 4 ticks 12600001000 ended 6300000000\n"
    "IP_BLOCK of r category '' stages '' '' '' '' '' '' recorded 1 1 1 1 in 12 12 12 12 server"
    " 0 0 books 0 0 0 0 0\n"
    "  IP_BLOCK ok 0/ began 6200000000 took 0 by user:1 on address:99 stages 0 0 0 0 0 0"
    " value 12 in '' from r 4.14 life 4 ticks 12400001000 ended 6200000000\n"
    "LOGIN_FAILED of r category '' stages '' '' '' '' '' '' recorded 2 2 2 2 in 12 12 12 12"
    " server 0 0 books 0 0 0 0 0\n"
    "  LOGIN_FAILED ok 0/ began 6400000000 took 0 by address:98 on address:99 stages 0 0"
    " 0 0 0 0 value 0 in '' from r 4.10 life 4 ticks 12800001000 ended 6400000000\n"
    "  LOGIN_FAILED ok 0/ began 6100000000 took 0 by none:0 on address:99 stages 0 0 0 0 0 0"
    " value 0 in '' from r 4.15 life 4 ticks 12200001000 ended 6100000000\n"
    "RETRY of r category '' stages '' '' '' '' '' '' recorded 2 2 2 2 in 12 12 12 12 server 0"
    " 0 books 0 0 0 0 0\n"
    "  RETRY ok 0/ began 6950000002 took -2 by none:0 on none:0 stages 0 0 0 0 0 0 value 3"
    " in '' from r 0.2 life 4 ticks 13900001000 ended 6950000000\n"
    "  RETRY ok 0/ began 6899999990 took 10 by user:7 on none:0 stages 0 0 0 0 0 0 value -5"
    " in 'SEND' from r 0.1 life 4 ticks 13800001000 ended 6900000000\n"
    "TOKEN_REJECTED of r category '' stages '' '' '' '' '' '' recorded 1 1 1 1 in 12 12 12 12"
    " server 0 0 books 0 0 0 0 0\n"
    "  TOKEN_REJECTED ok 0/ began 6450000000 took 0 by none:0 on address:99 stages 0 0 0"
    " 0 0 0 value 0 in '' from r 4.13 life 4 ticks 12900001000 ended 6450000000\n"
    "event-63 of r category '' stages '' '' '' '' '' '' recorded 0 0 0 0 in 12 12 12 12 server"
    " 3 0 books 3 3 0 0 0\n"
    "slowest\n"
    "  SEND ok 0/ began 5499998000 took 2000 by user:7 on room:9 stages 50 0 300 0 0 0 value"
    " 0 in '' from r 3.41 life 4 ticks 11000001000 ended 5500000000\n"
    "  SEND error 5001/DATABASE_DOWN began 5999999995 took 5 by session:8 on message:10"
    " stages 0 0 0 0 0 0 value 0 in '' from r 1.8 life 4 ticks 12000001000 ended 6000000000\n"
    "  JOIN ok 0/ began 999999997 took 3 by none:0 on address:6 stages 0 0 0 0 0 0 value 0"
    " in '' from r 0.0 life 4 ticks 2000001000 ended 1000000000\n"
    "  JOIN ok 0/ began 6699999999 took 1 by none:0 on unknown:1 stages 0 0 0 0 0 0 value 0"
    " in '' from r 2.3 life 4 ticks 13400001000 ended 6700000000\n"
    "slowest since start\n"
    "  SEND ok 0/ began 5499998000 took 2000 by user:7 on room:9 stages 50 0 300 0 0 0 value"
    " 0 in '' from r 3.41 life 4 ticks 11000001000 ended 5500000000\n"
    "  SEND error 5001/DATABASE_DOWN began 5999999995 took 5 by session:8 on message:10"
    " stages 0 0 0 0 0 0 value 0 in '' from r 1.8 life 4 ticks 12000001000 ended 6000000000\n"
    "  JOIN ok 0/ began 999999997 took 3 by none:0 on address:6 stages 0 0 0 0 0 0 value 0"
    " in '' from r 0.0 life 4 ticks 2000001000 ended 1000000000\n"
    "  JOIN ok 0/ began 6699999999 took 1 by none:0 on unknown:1 stages 0 0 0 0 0 0 value 0"
    " in '' from r 2.3 life 4 ticks 13400001000 ended 6700000000\n"
    "error 77/ JOIN of r denied 1 1 1 1 last 6500000000 by address:4\n"
    "error 5001/DATABASE_DOWN SEND of r error 1 1 1 1 last 6000000000 by session:8\n"
    "blocked address:99 of r at 6200000000 1 times, before 12, turned away 1, got"
    " through 2\n"
    "late 6\n";
constexpr const char* kToldParties =
    "parties over 12 s\n"
    "actors by errors\n"
    "  address:4 of r 1 0 1 0 weight 1 1..1 0..0 1..1 0..0\n"
    "  session:8 of r 1 1 0 5 weight 1 1..1 1..1 0..0 5..5\n"
    "actors by time\n"
    "  user:7 of r 1 0 0 2000 weight 2000 1..1 0..0 0..0 2000..2000\n"
    "  session:8 of r 1 1 0 5 weight 5 1..1 1..1 0..0 5..5\n"
    "subjects by errors\n"
    "  user:5 of r 1 0 1 0 weight 1 1..1 0..0 1..1 0..0\n"
    "  message:10 of r 1 1 0 5 weight 1 1..1 1..1 0..0 5..5\n"
    "subjects by time\n"
    "  room:9 of r 1 0 0 2000 weight 2000 1..1 0..0 0..0 2000..2000\n"
    "  message:10 of r 1 1 0 5 weight 5 1..1 1..1 0..0 5..5\n"
    "  address:6 of r 1 0 0 3 weight 3 1..1 0..0 0..0 3..3\n"
    "  unknown:1 of r 1 0 0 1 weight 1 1..1 0..0 0..0 1..1\n";

}  // namespace

TEST_CASE("Shown: a snapshot shows this of a ring, also after restarts of the daemon and the server") {
  auto metrics = std::make_unique<RingMetrics>(RingMetricsOptions{});
  metrics->observe_from(kBorn);
  metrics->set_time(kHalves, kShownAt, 4);
  name_all(*metrics);
  add_all(*metrics);
  CHECK(told_without_parties(shown_of(*metrics)) == kTold);
  CHECK(told_parties(shown_of(*metrics)) == kToldParties);
  // Another daemon continues.
  Encoder out;
  metrics->encode(out, kToWall);
  const std::string bytes = out.take();
  auto next = std::make_unique<RingMetrics>(RingMetricsOptions{});
  Decoder in(bytes);
  next->decode(in, slice_of(kShownAt), 0);
  REQUIRE(in.at_end());
  next->observe_from(next->observed().until_ns());
  next->set_time(kHalves, kShownAt, 4);
  CHECK(told_without_parties(shown_of(*next)) == kTold);
  // Its own state is the same, but for the slices that were being filled.
  Encoder again;
  next->encode(again, kToWall);
  const std::string bytes_of_next = again.take();
  RingMetrics third(RingMetricsOptions{});
  Decoder in_again(bytes_of_next);
  third.decode(in_again, slice_of(kShownAt), 0);
  REQUIRE(in_again.at_end());
  third.observe_from(third.observed().until_ns());
  third.set_time(kHalves, kShownAt, 4);
  CHECK(told_without_parties(shown_of(third)) == kTold);
  // A server with another clock and other names takes the ring over.
  for (RingMetrics* of : {metrics.get(), next.get()}) {
    of->end_clock(kToWall);
    of->forget_names();
    of->set_time(TickScale(ClockKind::monotonic, 0, 0, 0), kShownAt, 5);
    for (const int id : {0, 5}) of->set_name(static_cast<std::uint16_t>(id), {"SEND", "", {}});
    of->set_name(3, {"LEAVE", "", {}});
    CHECK_FALSE(of->named(kFirstEvent));
  }
  std::string of_both = told_without_parties(shown_of(*metrics));
  const std::string leave =
      "LEAVE of r category '' stages '' '' '' '' '' '' recorded 0 0 0 0 in 12 12 12 12 server 0 0 "
      "books "
      "0 "
      "0 0 0 0\n";
  REQUIRE(of_both.find(leave) != std::string::npos);
  of_both.erase(of_both.find(leave), leave.size());
  CHECK(of_both == kTold);
  CHECK(told_parties(shown_of(*metrics)) == kToldParties);
  CHECK(told_without_parties(shown_of(*next)) == told_without_parties(shown_of(*metrics)));
}

TEST_CASE("Shown: what the server said in lives that are over stays") {
  RingMetrics metrics(RingMetricsOptions{});
  metrics.set_time(kHalves, kShownAt, 4);
  name_all(metrics);
  CHECK(metrics.retired_lost() == 0);
  metrics.retire(living_of_test());
  metrics.retire(living_of_test());
  CHECK(metrics.retired_lost() == 4);
  const Snapshot shown = shown_of(metrics);
  for (const SeriesView& view : shown.operations) {
    if (view.name != "SEND") continue;
    CHECK(view.server_count == 45);
    CHECK(view.server_errors == 9);
    CHECK(view.books.written == 54);
    CHECK(view.books.read == 48);
    CHECK(view.books.lost == 6);
  }
}
