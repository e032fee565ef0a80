#include <fmt/core.h>

#include <ostream>

#include "tools/load/output.h"

namespace ringside::load {
namespace {

std::string span(double ns) {
  if (ns <= 0) return "-";
  if (ns < 1e6) return fmt::format("{:.0f} us", ns / 1e3);
  if (ns < 1e9) return fmt::format("{:.{}f} ms", ns / 1e6, ns < 1e7 ? 2 : ns < 1e8 ? 1 : 0);
  return fmt::format("{:.2f} s", ns / 1e9);
}

// Most figures outside the first columns are zero. A dot for zero makes the others stand out.
std::string count(std::uint64_t number) { return number == 0 ? "." : fmt::format("{}", number); }

void print_row(std::ostream& out, std::string_view name, const Tally& tally,
               const Latencies& spans) {
  const auto outcome = [&tally](Outcome which) {
    return count(tally.outcomes[static_cast<std::size_t>(which)]);
  };
  out << fmt::format(
      "{:<19} {:>8} {:>8} {:>8} {:>6} {:>6} {:>7} {:>6} {:>7} {:>6} {:>6}  {:>8} {:>8} {:>8}\n",
      name, count(tally.sent), count(tally.answered()), outcome(Outcome::ok),
      outcome(Outcome::rejected), outcome(Outcome::denied), outcome(Outcome::limited),
      outcome(Outcome::error), outcome(Outcome::timeout), count(tally.unanswered()),
      count(tally.unsent), span(spans.quantile_ns(0.5)), span(spans.quantile_ns(0.99)),
      span(static_cast<double>(spans.max_ns())));
}

void print_codes(std::ostream& out, const Tally& everything, const Books& books) {
  if (everything.codes.empty()) return;
  out << "codes:";
  const char* separator = " ";
  for (const auto& [code, number] : everything.codes) {
    out << separator << code << ' ' << books.code_name(code) << ' ' << number;
    separator = ", ";
  }
  out << '\n';
}

// Lists the unanswered lines by operation, because the books do not balance without them.
void print_unanswered(std::ostream& out, const Books& books) {
  for (std::size_t i = 0; i < kLineKinds; ++i) {
    const Tally tally = books.total(static_cast<Op>(i));
    if (tally.unanswered() == 0) continue;
    out << fmt::format("unanswered: {} {}", name_of(static_cast<Op>(i)), tally.unanswered());
    if (tally.lost != 0) out << fmt::format(", {} as the connection broke", tally.lost);
    if (tally.late != 0) out << fmt::format(", {} at the deadline", tally.late);
    out << '\n';
  }
}

void print_incident(std::ostream& out, const IncidentReport& report, const Result& result) {
  out << "incident " << report.spec.text << ": ";
  if (report.started_wall_ns == 0) {
    out << "never began\n";
    return;
  }
  const auto since_start = [&result](std::int64_t wall) {
    return 1e-9 * static_cast<double>(wall - result.started_wall_ns);
  };
  out << fmt::format("{:.2f} s to {:.2f} s", since_start(report.started_wall_ns),
                     since_start(report.ended_wall_ns));
  for (const auto& [name, value] : report.figures) {
    const std::string_view suffix = "_wall_ns";
    const bool is_time = name.size() > suffix.size() && name.ends_with(suffix);
    if (is_time)
      out << fmt::format(", {} {:.2f} s", name.substr(0, name.size() - suffix.size()),
                         since_start(value));
    else out << fmt::format(", {} {}", name, value);
  }
  for (std::size_t i = 0; i < kLineKinds; ++i) {
    const Tally& tally = result.books.tally(report.source, static_cast<Op>(i));
    if (tally.sent != 0) out << fmt::format(", {} {}", name_of(static_cast<Op>(i)), tally.sent);
  }
  out << '\n';
  if (!report.failure.empty()) out << "  FAILED: " << report.failure << '\n';
}

}  // namespace

void print_summary(std::ostream& out, const Settings& settings, const Result& result) {
  const Books& books = result.books;
  const bool open_loop = settings.rate_per_s > 0;
  Tally everything;
  Tally mix;
  out << fmt::format(
      "\n{:<19} {:>8} {:>8} {:>8} {:>6} {:>6} {:>7} {:>6} {:>7} {:>6} {:>6}  {:>8} {:>8} {:>8}\n",
      "operation", "sent", "answered", "ok", "reject", "denied", "limited", "error", "timeout",
      "unansw", "unsent", "p50", "p99", "max");
  for (std::size_t i = 0; i < kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    const Tally total = books.total(op);
    everything.merge(total);
    mix.merge(books.tally(kMix, op));
    print_row(out, name_of(op), total, open_loop ? total.from_intended : total.from_send);
  }
  print_row(out, "all", everything, open_loop ? everything.from_intended : everything.from_send);
  if (const Tally garbage = books.total(Op::none); garbage.sent + garbage.unsent != 0) {
    print_row(out, name_of(Op::none), garbage, Latencies{});
  }
  out << fmt::format("latencies are the mix's alone, from {}\n\n",
                     open_loop ? "the time at which the schedule wanted the request sent"
                               : "the time at which the request was sent");
  print_codes(out, everything, books);
  print_unanswered(out, books);
  for (const IncidentReport& report : result.incidents) print_incident(out, report, result);
  const Connections& connections = books.connections(kMix);
  out << fmt::format("connections: {} opened, {} lost, {} attempts failed, {} refused; {} pushes\n",
                     connections.opened, connections.lost, connections.failed, connections.refused,
                     books.pushes());
  if (result.clients_given_up != 0) {
    out << fmt::format("given up: {} of {} clients, the first because of: {}\n",
                       result.clients_given_up, settings.clients, result.give_up_reason);
  }
  for (const std::string& example : books.protocol_error_examples())
    out << "protocol error: " << example << '\n';
  if (books.misread() != 0)
    out << fmt::format("misread: {} lines were taken for another operation\n", books.misread());
  const double rate = result.load_s > 0 ? static_cast<double>(mix.answered()) / result.load_s : 0;
  out << fmt::format(
      "{} requests of the mix answered in {:.2f} s, {:.0f} a second; the load's own CPU time "
      "{:.1f} us each\n",
      mix.answered(), result.load_s, rate,
      mix.answered() == 0 ? 0.0 : 1e6 * result.cpu_s / static_cast<double>(mix.answered()));
}

}  // namespace ringside::load
