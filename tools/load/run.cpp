#include "tools/load/run.h"

#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cmath>
#include <memory>

#include "tools/load/clock.h"
#include "tools/load/crowd.h"
#include "tools/load/incidents.h"
#include "tools/load/worker.h"

namespace ringside::load {
namespace asio = boost::asio;
using boost::system::error_code;
using asio::ip::tcp;

namespace {

// The set-up fails when no client makes a step for so long.
constexpr std::chrono::seconds kSetUpPatience{60};
// Time between the order to start and the start itself, so that all threads hear the order before.
constexpr std::int64_t kLeadNs = 20'000'000;

tcp::endpoint resolve(const Settings& settings) {
  asio::io_context io;
  tcp::resolver resolver(io);
  error_code failed;
  const auto found = resolver.resolve(settings.host, settings.port, failed);
  if (failed || found.empty()) {
    throw RunError(fmt::format(
        "{}:{}: {}\n  next: check the name, or give an address as in --connect 127.0.0.1:7788",
        settings.host, settings.port, failed.message()));
  }
  return *found.begin();
}

// Connects once, to see that the server is there. Tries again for as long as --wait-server says.
void wait_for_server(const Settings& settings, const tcp::endpoint& target) {
  const auto deadline = std::chrono::steady_clock::now() +
                        std::chrono::milliseconds(std::llround(settings.wait_server_s * 1000));
  for (;;) {
    asio::io_context io;
    tcp::socket socket(io);
    error_code result = asio::error::timed_out;
    socket.async_connect(target, [&result](const error_code& why) { result = why; });
    io.run_until(std::max(deadline, std::chrono::steady_clock::now() + std::chrono::seconds(2)));
    if (!result) return;
    if (std::chrono::steady_clock::now() >= deadline) {
      const std::string waited = settings.wait_server_s > 0
                                     ? fmt::format(" for {} s", settings.wait_server_s)
                                     : std::string{};
      throw RunError(fmt::format(
          "{}:{}: {}{}\n  next: start ringside-chatd --listen {}:{}, or give {} to wait for it",
          settings.host, settings.port, result.message(), waited, settings.host, settings.port,
          settings.wait_server_s > 0 ? "a longer --wait-server" : "--wait-server 10"));
    }
    asio::steady_timer pause(io, std::chrono::milliseconds(20));
    pause.async_wait([](const error_code&) {});
    io.restart();
    io.run();
  }
}

void raise_file_limit(const Settings& settings) {
  std::uint64_t needed = 64 + settings.clients;
  for (const IncidentSpec& spec : settings.incidents) needed += spec.connections + spec.clients;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max < needed) {
    throw RunError(fmt::format(
        "{} connections need as many file descriptors, the limit of this process is {}\n"
        "  next: raise it (ulimit -Hn {}), or ask for fewer connections",
        needed, limit.rlim_max, needed));
  }
  limit.rlim_cur = std::max(limit.rlim_cur, static_cast<rlim_t>(needed));
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::uint32_t room_count(const Settings& settings) {
  const std::uint32_t rooms =
      settings.rooms != 0 ? settings.rooms : std::max(2U, (settings.clients + 9) / 10);
  return std::min(rooms, settings.clients);
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double seconds_between(std::int64_t from_ns, std::int64_t to_ns) {
  return 1e-9 * static_cast<double>(to_ns - from_ns);
}

// Waits until `reached` holds. Gives up when no client makes a step for kSetUpPatience.
template <typename Reached>
void await_set_up(Crowd& crowd, const char* step, Reached reached) {
  std::uint64_t steps = crowd.progress().steps;
  for (;;) {
    const auto deadline = std::chrono::steady_clock::now() + kSetUpPatience;
    const bool moved = crowd.wait_until(deadline, [&](const Progress& progress) {
      return reached(progress) || !progress.failure.empty() || progress.interrupted ||
             progress.steps != steps;
    });
    const Progress progress = crowd.progress();
    if (!progress.failure.empty()) throw RunError("set-up: " + progress.failure);
    if (progress.interrupted) throw RunError("set-up: interrupted");
    if (reached(progress)) return;
    if (!moved) {
      throw RunError(
          fmt::format("set-up: the server has not answered for {} s while clients were {}",
                      kSetUpPatience.count(), step));
    }
    steps = progress.steps;
  }
}

}  // namespace

Result run_load(const Settings& settings, RunObserver& observer, bool take_signals) {
  raise_file_limit(settings);
  const tcp::endpoint target = resolve(settings);
  wait_for_server(settings, target);

  Result result;
  result.run = settings.run.empty()
                   ? fmt::format("r{:x}", wall_ns() / 1'000'000 % (std::int64_t{1} << 40))
                   : settings.run;
  result.rooms = room_count(settings);
  for (const IncidentSpec& spec : settings.incidents) {
    IncidentReport report;
    report.spec = spec;
    report.source = static_cast<Source>(kFirstIncident + result.incidents.size());
    result.incidents.push_back(std::move(report));
  }
  const std::size_t sources = kFirstIncident + result.incidents.size();
  result.books = Books(sources);

  Crowd crowd(settings, target, result.rooms);
  IncidentRunner incidents(crowd, result.run, result.incidents, take_signals);
  if (const std::string why = incidents.check(); !why.empty()) throw RunError(why);
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::uint32_t i = 0; i < settings.threads; ++i) {
    workers.push_back(std::make_unique<Worker>(crowd, result.run, i, sources));
  }
  incidents.start_thread();
  for (auto& worker : workers) worker->start_thread();

  const std::int64_t set_up_ns = now_ns();
  for (auto& worker : workers) worker->set_up();
  incidents.prepare();
  await_set_up(crowd, "logging in",
               [&](const Progress& p) { return p.clients_at_barrier == settings.clients; });
  for (auto& worker : workers) worker->move_in();
  await_set_up(crowd, "moving in", [&](const Progress& p) {
    return p.clients_ready == settings.clients && p.incidents_prepared;
  });
  result.setup_s = seconds_between(set_up_ns, now_ns());
  observer.on_set_up(settings, result);

  const double cpu_before_s = cpu_seconds();
  const std::int64_t start_ns = now_ns() + kLeadNs;
  result.started_wall_ns = wall_ns() + kLeadNs;
  for (auto& worker : workers) worker->begin(start_ns);
  incidents.begin(start_ns);
  // A year stands for "no end". The latest possible time point would overflow inside the wait.
  const double duration_s = settings.duration_s > 0 ? settings.duration_s : 365.0 * 86400;
  crowd.wait_until(time_point_of(start_ns + static_cast<std::int64_t>(duration_s * 1e9)),
                   [&](const Progress& progress) {
                     return progress.interrupted || progress.workers_done == settings.threads;
                   });
  result.interrupted = crowd.progress().interrupted;

  for (auto& worker : workers) worker->stop_sending();
  incidents.stop();
  const std::int64_t stop_ns = now_ns();
  result.ended_wall_ns = wall_ns();
  result.load_s = std::max(0.0, seconds_between(start_ns, stop_ns));
  crowd.wait_until(time_point_of(stop_ns + static_cast<std::int64_t>(settings.drain_s * 1e9)),
                   [&](const Progress& progress) {
                     return progress.workers_drained == settings.threads + 1;  // 1: the incidents
                   });
  result.drain_s = seconds_between(stop_ns, now_ns());
  result.cpu_s = cpu_seconds() - cpu_before_s;

  for (auto& worker : workers) {
    worker->finish();
    result.books.merge(worker->books());
  }
  incidents.finish();
  result.books.merge(incidents.books());
  const Progress progress = crowd.progress();
  result.clients_given_up = progress.given_up;
  result.give_up_reason = progress.give_up_reason;
  return result;
}

}  // namespace ringside::load
