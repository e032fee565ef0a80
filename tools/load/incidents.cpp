#include "tools/load/incidents.h"

#include <boost/asio/post.hpp>
#include <csignal>

#include "tools/load/clock.h"

namespace ringside::load {
namespace asio = boost::asio;

namespace {

std::int64_t ns_of(double seconds) { return static_cast<std::int64_t>(seconds * 1e9); }

std::unique_ptr<Incident> make_incident(IncidentContext& context, IncidentReport& report) {
  switch (report.spec.kind) {
    case IncidentKind::locked_database:
      return make_locked_database(context, report);
    case IncidentKind::password_guessing:
      return make_password_guessing(context, report);
    case IncidentKind::connection_surge:
      return make_connection_surge(context, report);
    case IncidentKind::invalid_burst:
      return make_invalid_burst(context, report);
    case IncidentKind::kill_server:
      return make_kill_server(context, report);
  }
  return nullptr;
}

}  // namespace

IncidentRunner::IncidentRunner(Crowd& crowd, const std::string& run,
                               std::vector<IncidentReport>& reports, bool take_signals)
    : context_(crowd, run, kFirstIncident + reports.size()),
      guard_(context_.io.get_executor()),
      signals_(context_.io),
      poll_(context_.io) {
  for (IncidentReport& report : reports) {
    slots_.push_back({make_incident(context_, report), &report,
                      std::make_unique<asio::steady_timer>(context_.io)});
  }
  if (take_signals) {
    signals_.add(SIGINT);
    signals_.add(SIGTERM);
    signals_.async_wait([this](const boost::system::error_code& failed, int) {
      if (failed) return;
      signals_.clear();  // the next signal ends the program at once
      context_.crowd.report([](Progress& progress) { progress.interrupted = true; });
    });
  }
}

IncidentRunner::~IncidentRunner() { finish(); }

std::string IncidentRunner::check() {
  for (const Slot& slot : slots_) {
    const std::string why = slot.incident->check();
    if (!why.empty()) return "incident " + slot.report->spec.text + ": " + why;
  }
  return {};
}

void IncidentRunner::start_thread() {
  thread_ = std::thread([this] { context_.io.run(); });
}

void IncidentRunner::prepare() {
  asio::post(context_.io, [this] {
    for (Slot& slot : slots_) slot.incident->prepare();
    report_when_prepared();
  });
}

void IncidentRunner::report_when_prepared() {
  for (const Slot& slot : slots_) {
    if (slot.incident->prepared()) continue;
    poll_.expires_after(std::chrono::milliseconds(5));
    poll_.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled) report_when_prepared();
    });
    return;
  }
  context_.crowd.report([](Progress& progress) { progress.incidents_prepared = true; });
}

void IncidentRunner::begin(std::int64_t start_ns) {
  asio::post(context_.io, [this, start_ns] {
    for (Slot& slot : slots_) {
      const std::int64_t begin_ns = start_ns + ns_of(slot.report->spec.start_s);
      slot.timer->expires_at(time_point_of(begin_ns));
      slot.timer->async_wait([this, &slot](const boost::system::error_code& cancelled) {
        if (!cancelled && !stopped_) start_one(slot);
      });
    }
  });
}

// On a busy machine an incident may begin late. It lasts as long as it should nevertheless.
void IncidentRunner::start_one(Slot& slot) {
  slot.report->started_wall_ns = wall_ns();
  slot.timer->expires_after(std::chrono::nanoseconds(ns_of(slot.report->spec.duration_s)));
  slot.timer->async_wait([this, &slot](const boost::system::error_code& cancelled) {
    if (!cancelled && !stopped_) stop_one(slot);
  });
  slot.incident->start();
}

void IncidentRunner::stop_one(Slot& slot) {
  if (slot.report->started_wall_ns == 0 || slot.report->ended_wall_ns != 0) return;
  slot.incident->stop();
  slot.report->ended_wall_ns = wall_ns();
}

void IncidentRunner::stop() {
  asio::post(context_.io, [this] {
    stopped_ = true;
    for (Slot& slot : slots_) {
      slot.timer->cancel();
      stop_one(slot);
    }
    report_when_drained();
  });
}

void IncidentRunner::report_when_drained() {
  if (context_.open_lines == 0) {
    context_.crowd.report([](Progress& progress) { ++progress.workers_drained; });
    return;
  }
  poll_.expires_after(std::chrono::milliseconds(5));
  poll_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) report_when_drained();
  });
}

void IncidentRunner::finish() {
  if (!thread_.joinable()) return;
  asio::post(context_.io, [this] {
    stopped_ = true;
    signals_.cancel();
    poll_.cancel();
    for (Slot& slot : slots_) {
      slot.timer->cancel();
      stop_one(slot);
      slot.incident->finish();
    }
    context_.io.stop();
  });
  thread_.join();
}

}  // namespace ringside::load
