#include "daemon/rings/ring_processes.h"

#include <algorithm>
#include <utility>

namespace ringside {

namespace {

bool same_process(const ProcessLook& a, const ProcessLook& b) {
  return a.start_time != 0 && a.pid == b.pid && a.start_time == b.start_time &&
         a.pid_namespace == b.pid_namespace;
}

bool is_among(const std::vector<ProcessLook>& all, const ProcessLook& one) {
  return std::any_of(all.begin(), all.end(),
                     [&](const ProcessLook& other) { return same_process(other, one); });
}

std::vector<ProcessLook> those_alive(const ProcessesLook& look) {
  std::vector<ProcessLook> alive;
  for (const ProcessLook& one : look.entered) {
    if (one.liveness != Liveness::dead) alive.push_back(one);
  }
  return alive;
}

// Whether /proc shows the process. A pid of another namespace is another process there.
bool shown_alive(const ProcessLook& one, std::uint64_t home) {
  return one.start_time != 0 && one.pid_namespace != 0 && one.pid_namespace == home &&
         process_liveness(one.pid, one.start_time) == Liveness::alive;
}

std::int64_t deaths_at(const ProcessLook& entry) {
  return std::int64_t{entry.entered} - entry.left - (entry.liveness != Liveness::dead ? 1 : 0);
}

// a - b, and 0 where b is the larger.
std::uint64_t beyond(std::uint64_t a, std::uint64_t b) { return a - std::min(a, b); }

}  // namespace

void RingProcesses::begin(bool resumed) {
  const std::uint64_t died = resumed ? counts_.died : 0;
  const std::uint64_t restarted = resumed ? counts_.restarted : 0;
  counts_ = {};
  counts_.died = died;
  counts_.restarted = restarted;
  resumed_ = resumed;
  apart_ = 0;
  lives_on_ = living_pid_ = 0;
  known_.clear();
  last_.clear();
  told_.clear();
  ended_.clear();
}

std::uint64_t RingProcesses::tell_death(std::uint32_t pid) {
  ++counts_.died;
  deaths_.push_back({++deaths_seen_, pid});
  if (deaths_.size() > kMostDeaths) deaths_.erase(deaths_.begin());
  return deaths_seen_;
}

// Deaths of which nothing but their number is known. Another process wrote the number.
void RingProcesses::tell_deaths(std::uint64_t count) {
  const std::uint64_t passed = beyond(count, kMostDeaths);
  counts_.died += passed;
  deaths_seen_ += passed;
  for (std::uint64_t n = passed; n < count; ++n) tell_death(0);
}

// Processes whose place in the table others have taken since the last look. Those who died of them
// are added to `gone`.
void RingProcesses::look_at_places(const ProcessesLook& look, std::vector<std::uint32_t>& gone) {
  const std::vector<ProcessLook> alive = those_alive(look);
  for (const ProcessLook& before : known_) {
    const auto now = std::find_if(look.entered.begin(), look.entered.end(),
                                  [&](const auto& one) { return one.index == before.index; });
    if (now == look.entered.end() || now->entered == before.entered) continue;
    if (is_among(alive, before)) {
      ++counts_.restarted;
    } else if (before.liveness == Liveness::dead || deaths_at(*now) > deaths_at(before)) {
      gone.push_back(before.pid);
    }
  }
}

void RingProcesses::look(const Segment& segment, const SegmentFacts& facts) {
  const ProcessesLook look = look_at_processes(segment, facts.death_marked);
  const std::uint64_t home = self_pid_namespace();
  counts_.entered = look.ever;
  counts_.left = look.left;
  counts_.refused = segment.header().processes_refused.load(std::memory_order_relaxed);
  lives_on_ = 0;
  apart_ = 0;
  if (other_boot(current_boot_id(), facts.boot_id)) {
    // The machine went down with all of them.
    any_ = Liveness::dead;
    counts_.alive = 0;
    counts_.died = beyond(look.ever - look.left, counts_.restarted);
    return;
  }
  any_ = look.any();
  std::vector<std::uint32_t> gone;
  look_at_places(look, gone);

  std::vector<ProcessLook> alive = those_alive(look);
  counts_.alive = alive.size();
  living_pid_ = alive.empty() ? 0 : alive.front().pid;
  elsewhere_ = std::any_of(alive.begin(), alive.end(), [&](const ProcessLook& one) {
    return one.pid_namespace != 0 && one.pid_namespace != home;
  });
  std::vector<ProcessLook> died;
  std::vector<ProcessLook> apart;
  std::uint64_t back = 0;  // stand in the table again, in another place
  for (const ProcessLook& one : look.entered) {
    if (one.liveness != Liveness::dead) continue;
    if (told_[one.index].entered == one.entered) continue;
    if (is_among(alive, one)) {
      told_[one.index] = {one.entered, 0};
      ++back;
    } else if (shown_alive(one, home)) {
      lives_on_ = one.pid;
      apart.push_back(one);
    } else {
      died.push_back(one);
    }
  }
  // Those who came back before the daemon did may be counted already.
  counts_.restarted = resumed_ ? std::max(counts_.restarted, back) : counts_.restarted + back;
  apart_ = apart.size();
  // The table's own count. It knows those, too, whose entries were taken unseen.
  const std::uint64_t total = beyond(look.died, counts_.restarted + apart_);
  // A daemon that was away can't tell which of the dead it has told before, unless all are new.
  const bool untellable =
      std::exchange(resumed_, false) && beyond(total, counts_.died) != died.size();
  for (const ProcessLook& one : died) {
    const bool fresh = !untellable && counts_.died < total;
    told_[one.index] = {one.entered, fresh ? tell_death(one.pid) : 0};
  }
  for (const std::uint32_t pid : gone) {
    if (counts_.died < total) tell_death(pid);
  }
  tell_deaths(beyond(total, counts_.died));
  known_ = std::move(alive);
  known_.insert(known_.end(), apart.begin(), apart.end());
  last_ = look.entered;
}

void RingProcesses::end() {
  ended_.clear();
  for (const ProcessLook& one : last_) {
    const auto told = told_.find(one.index);
    const bool died = told != told_.end() && told->second.entered == one.entered;
    ended_.push_back({one, died ? told->second.death : 0});
  }
  counts_.alive = 0;
  any_ = Liveness::dead;
}

bool RingProcesses::restarted_into(const Segment& segment, const SegmentFacts& facts) {
  const std::vector<ProcessLook> there = look_at_processes(segment, facts.death_marked).entered;
  bool found = false;
  for (const Ended& one : ended_) {
    if (!is_among(there, one.process)) continue;
    found = true;
    if (one.death == 0) continue;
    --deaths_seen_;
    std::erase_if(deaths_, [&](const ProcessDeath& death) { return death.number == one.death; });
  }
  return found;
}

std::string RingProcesses::server() const {
  if (living_pid_ == 0) return "its server";
  return "its server (pid " + std::to_string(living_pid_) +
         (elsewhere_ ? " in a pid namespace of its own)" : ")");
}

void RingProcesses::show(RingView& view) const {
  view.processes = counts_;
  view.processes.restarted += apart_;
  view.deaths = deaths_;
  view.deaths_seen = deaths_seen_;
}

void RingProcesses::encode(Encoder& out) const {
  out.u64(counts_.died);
  out.u64(counts_.restarted);
}

void RingProcesses::decode(Decoder& in) {
  counts_.died = in.u64();
  counts_.restarted = in.u64();
}

}  // namespace ringside
