// What the API answers while a million records a second are drained, and what that costs the drain.
// The daemon is the real one, with a token and over TCP, as dashboards and Prometheus ask it.

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

#include "tools/bench/api_client.h"
#include "tools/bench/harness.h"
#include "tools/bench/own_ring.h"
#include "tools/bench/program.h"

namespace ringside::bench {

namespace {

constexpr double kRate = 1e6;       // records a second
constexpr double kTickSeconds = 5;  // of the daemon
// Half a second of records. In the 33 ms that 4096 are, records are lost at the ticks of 256
// operations, whoever asks.
constexpr const char* kCapacity = "65536";

struct Question {
  const char* name;
  const char* target;
  const char* accept;
};
constexpr std::array<Question, 7> kQuestions = {{
    {"metrics", "/api/v1/admin/performance/metrics", "application/json"},
    {"metrics, last 100 of each", "/api/v1/admin/performance/metrics?recent=100",
     "application/json"},
    {"report, JSON", "/api/v1/admin/performance/report?format=json", "application/json"},
    {"report, HTML", "/api/v1/admin/performance/report?format=html", "text/html"},
    {"alerts", "/api/v1/admin/performance/alerts", "application/json"},
    {"/metrics, text", "/metrics", "text/plain;version=0.0.4"},
    {"/metrics, protobuf", "/metrics",
     "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
     "encoding=delimited"},
}};

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string first_line(const std::string& path) {
  const std::string text = read_text(path);
  return text.substr(0, text.find('\n'));
}

// The value of a sample without labels, or the sum over all labels, in text format 0.0.4.
double sum_of(const std::string& text, const std::string& name) {
  double sum = 0;
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    if (!line.starts_with(name)) continue;
    const char after = line.size() > name.size() ? line[name.size()] : '\0';
    if (after == ' ' || after == '{') sum += std::stod(line.substr(line.rfind(' ') + 1));
  }
  return sum;
}

// A server that traces `operations` operations a million times a second, and a daemon that watches
// it and answers.
class Watched {
 public:
  Watched(const Settings& settings, unsigned operations)
      : ring_("bench-api-" + std::to_string(getpid())) {
    server_.emplace(
        std::vector<std::string>{"/proc/self/exe", "--serve", ring_, std::to_string(kRate),
                                 scratch_.file("ready"), std::to_string(operations)},
        scratch_.file("server.log"),
        std::vector<std::pair<std::string, std::string>>{{"RINGSIDE_RING", ""},
                                                         {"RINGSIDE_CAPACITY", kCapacity}},
        settings.producer_cpu);
    if (!wait_for_file(scratch_.file("ready"), 60)) {
      complain("server.log");
      return;
    }
    write_text(scratch_.file("ringsided.toml"), "[http]\nlisten = [\"127.0.0.1:0\"]\n");
    const std::vector<std::string> command = {settings.programs + "/ringsided",
                                              "--config",
                                              scratch_.file("ringsided.toml"),
                                              "--ring",
                                              ring_,
                                              "--state-dir",
                                              scratch_.file("state"),
                                              "--alert-log",
                                              scratch_.file("alerts.log"),
                                              "--report-dir",
                                              scratch_.file("reports")};
    std::vector<std::string> make_token = command;
    make_token.insert(make_token.end(), {"--new-token", "bench"});
    if (Program(make_token, scratch_.file("token")).wait(20) != 0) {
      complain("token");
      return;
    }
    daemon_.emplace(command, scratch_.file("daemon.log"));
    const double deadline = monotonic_seconds() + 60;
    while (monotonic_seconds() < deadline) {
      if (!client_ && port() != 0) client_.emplace(port(), token());
      const auto ready = client_ ? client_->get("/readyz") : std::nullopt;
      if (ready && ready->status == 200) {
        works_ = true;
        return;
      }
      poll(nullptr, 0, 20);
    }
    complain("daemon.log");
  }

  explicit operator bool() const { return works_; }
  ApiClient& client() { return *client_; }
  const std::string& ring() const { return ring_; }

  // Records that were overwritten before they were read.
  double lost() {
    const auto text = client_->get("/metrics", "text/plain");
    return text ? sum_of(text->body, "ringside_records_lost_total") : -1;
  }

  // Returns half a tick after a tick, or when no tick comes.
  void wait_for_mid_tick() {
    const auto latest = [this] {
      const auto text = client_->get("/metrics", "text/plain");
      return text ? sum_of(text->body, "ringside_snapshot_timestamp_seconds") : 0;
    };
    const double before = latest();
    const double deadline = monotonic_seconds() + 2 * kTickSeconds;
    while (latest() == before && monotonic_seconds() < deadline) poll(nullptr, 0, 20);
    poll(nullptr, 0, static_cast<int>(kTickSeconds / 2 * 1e3));
  }

  // The CPU time of the drain thread so far, in seconds.
  double drained_seconds() const {
    const std::string tasks = "/proc/" + std::to_string(daemon_->pid()) + "/task";
    std::error_code error;
    for (const auto& task : std::filesystem::directory_iterator(tasks, error)) {
      if (first_line(task.path().string() + "/comm") != "drain") continue;
      double ns = 0;
      std::istringstream(read_text(task.path().string() + "/schedstat")) >> ns;
      return ns / 1e9;
    }
    return 0;
  }

 private:
  // That on which the daemon says it listens. 0: it has not said so yet.
  std::uint16_t port() const {
    constexpr std::string_view kSaid = "http: listening on 127.0.0.1:";
    const std::string log = read_text(scratch_.file("daemon.log"));
    const std::size_t at = log.find(kSaid);
    return at == std::string::npos
               ? std::uint16_t{0}
               : static_cast<std::uint16_t>(std::atoi(log.c_str() + at + kSaid.size()));
  }
  // The program prints the token and, around it, what it is.
  std::string token() const {
    std::istringstream lines(read_text(scratch_.file("token")));
    std::string line;
    while (std::getline(lines, line)) {
      if (!line.empty() && line.find(' ') == std::string::npos) return line;
    }
    return "";
  }
  void complain(const char* log) const {
    std::fprintf(stderr, "ringside-bench: the API does not answer: %s\n",
                 read_text(scratch_.file(log)).c_str());
  }

  Scratch scratch_;
  const std::string ring_;
  std::optional<Program> server_, daemon_;
  std::optional<ApiClient> client_;
  bool works_ = false;
};

// The records that were written into a ring so far, by the heads of its lanes.
class Written {
 public:
  explicit Written(const std::string& ring) {
    Failure failure;
    SegmentFacts facts;
    segment_ = open_segment(ring_path(ring, &failure), {}, &facts, &failure);
  }
  explicit operator bool() const { return segment_ != nullptr; }
  double count() const {
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < segment_->geometry().lane_count; ++i)
      sum += segment_->lane_header(i).head.load(std::memory_order_acquire);
    return static_cast<double>(sum);
  }

 private:
  std::unique_ptr<Segment> segment_;
};

struct Asked {
  std::vector<double> a_second;  // for each round
  std::vector<double> ms;        // each answer
  std::size_t bytes = 0;         // of the latest answer
};

// One client asks, answer by answer. Every question has its turn in each round.
void measure_answers(Watched& watched, const std::string& what, const Settings& settings,
                     Results& results) {
  const int rounds = settings.smoke ? 2 : 12;
  const double seconds = settings.smoke ? 0.05 : 0.5;
  std::array<Asked, kQuestions.size()> all;
  std::uint64_t refused = 0;
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < kQuestions.size(); ++i) {
      const double begin = monotonic_seconds();
      std::uint64_t answers = 0;
      do {
        const auto answer = watched.client().get(kQuestions[i].target, kQuestions[i].accept);
        if (!answer || answer->status != 200) {
          ++refused;
          continue;
        }
        all[i].ms.push_back(answer->seconds * 1e3);
        all[i].bytes = answer->body.size();
        ++answers;
      } while (monotonic_seconds() - begin < seconds);
      all[i].a_second.push_back(static_cast<double>(answers) / (monotonic_seconds() - begin));
    }
  }
  for (std::size_t i = 0; i < kQuestions.size(); ++i) {
    Asked& asked = all[i];
    if (asked.ms.empty()) continue;
    std::sort(asked.ms.begin(), asked.ms.end());
    const std::string name = what + ", " + kQuestions[i].name;
    char size[64];
    std::snprintf(size, sizeof size, "%.1f kB each", static_cast<double>(asked.bytes) / 1e3);
    results.add(figure(name, "answers/s", asked.a_second, "", size));
    const auto rank = static_cast<std::size_t>(0.99 * static_cast<double>(asked.ms.size() - 1));
    results.add(figure(name + ", p99", "ms", {asked.ms[rank]}, "",
                       std::to_string(asked.ms.size()) + " answers"));
  }
  if (refused != 0)
    results.remark(what + ": " + std::to_string(refused) + " requests got no 200, expected none");
}

// Asks until `end`, `a_second` times a second (0: as often as answers come).
void ask_until(double end, double a_second, Watched& watched, std::size_t& next) {
  const double begin = monotonic_seconds();
  for (double asked = 0; monotonic_seconds() < end; ++asked) {
    const double due = a_second > 0 ? begin + asked / a_second : 0;
    const double wait = std::min(due, end) - monotonic_seconds();
    if (wait > 0) poll(nullptr, 0, static_cast<int>(wait * 1e3));
    if (due >= end) return;
    const Question& question = kQuestions[next++ % kQuestions.size()];
    watched.client().get(question.target, question.accept);
  }
}

// CPU time of the drain thread a record: left alone, with twenty requests a second, and with as
// many as get an answer. The three take turns, in an order that changes. Each lasts for one tick
// and begins in the middle of one, so that the work of a tick is in each once.
void measure_cost_to_drain(Watched& watched, const std::string& what, const Settings& settings,
                           Results& results) {
  const Written written(watched.ring());
  if (!written) return;
  constexpr double kQuiet = -1;
  constexpr std::array<double, 3> kAsked = {kQuiet, 20, 0};
  const double seconds = settings.smoke ? 0.1 : kTickSeconds;
  const int rounds = settings.smoke ? 2 : 8;
  std::array<std::vector<double>, kAsked.size()> ns;
  std::size_t next = 0;
  if (!settings.smoke) watched.wait_for_mid_tick();
  double end = monotonic_seconds();
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t turn = 0; turn < kAsked.size(); ++turn) {
      const std::size_t i = (turn + static_cast<std::size_t>(round)) % kAsked.size();
      const double cpu = watched.drained_seconds();
      const double before = written.count();
      end = std::max(end, monotonic_seconds()) + seconds;  // an answer may have come late
      if (kAsked[i] == kQuiet) {
        poll(nullptr, 0, static_cast<int>(seconds * 1e3));
      } else {
        ask_until(end, kAsked[i], watched, next);
      }
      ns[i].push_back((watched.drained_seconds() - cpu) * 1e9 / (written.count() - before));
    }
  }
  const auto more = [&](std::size_t i) {
    std::vector<double> percent;
    for (std::size_t round = 0; round < ns[0].size(); ++round)
      percent.push_back((ns[i][round] / ns[0][round] - 1) * 100);
    return percent;
  };
  results.add(figure(what + ", drain, nobody asks, a record", "ns", ns[0]));
  results.add(figure(what + ", drain, 20 requests/s, above", "%", more(1), "1"));
  results.add(figure(what + ", drain, all it can answer, above", "%", more(2)));
}

}  // namespace

void measure_api(const Settings& settings, Results& results) {
  std::printf("\nThe API, while a million records a second are drained (one client)\n");
  for (const unsigned operations : {19U, 256U}) {
    Watched watched(settings, operations);
    if (!watched) return;
    const std::string what = std::to_string(operations) + " operations";
    const double lost = watched.lost();  // before the daemon came
    measure_answers(watched, what, settings, results);
    measure_cost_to_drain(watched, what, settings, results);
    if (!settings.smoke && watched.lost() != lost)
      results.remark(what + ": " +
                     std::to_string(static_cast<std::int64_t>(watched.lost() - lost)) +
                     " records were lost, expected none");
  }
}

}  // namespace ringside::bench
