#include "tools/ringside/top/once.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "report/model/format.h"

namespace ringside::tool::top {

namespace {

void append(std::string& out, const std::vector<Line>& lines) {
  for (const Line& line : lines) {
    std::string text = line.text();
    while (!text.empty() && text.back() == ' ') text.pop_back();
    out += text + '\n';
  }
}

}  // namespace

std::string once_as_text(Picture picture, ViewState state, std::size_t columns) {
  arrange(picture, state);
  std::string out;
  const Size whole{picture.operations.size() + 20, columns};
  append(out, header_lines(picture, state, whole));
  append(out, operation_lines(picture, state, {picture.operations.size() + 2, columns}));
  return out;
}

std::string once_as_json(const Picture& picture) {
  using nlohmann::json;
  json out;
  out["ring"] = picture.ring;
  out["program"] = picture.program;
  out["state"] = picture.state ? name_of(*picture.state) : "unknown";
  out["recording"] = picture.recorded;
  out["pid"] = picture.pid;
  out["uptime_ns"] = picture.uptime_ns;
  out["from"] = picture.from == From::records   ? "records"
                : picture.from == From::history ? "history"
                                                : "daemon";
  if (picture.from != From::records) {
    out["begin"] = format_wall_exact(picture.begin_wall_ns);
    out["whole_hours"] = picture.hours;
    out["not_recorded"] = picture.skipped;
  }
  out["at"] = format_wall_exact(picture.wall_ns);
  out["window_seconds"] = picture.window_s;
  out["observed_seconds"] = picture.seconds;
  out["rate"] = picture.rate;
  out["error_share"] = picture.error_share;
  const RecordCounts& counts = picture.counts;
  out["records"] = {{"shown", picture.shown},
                    {"filtered", picture.filtered},
                    {"lost", counts.lost},
                    {"damaged", counts.rejected},
                    {"earlier", counts.earlier}};
  out["operations"] = out["events"] = out["lanes"] = out["errors"] = out["actors"] = json::array();
  for (const OperationRow& row : picture.operations) {
    json one = {{"name", row.name},     {"rate", row.rate},       {"count", row.count},
                {"errors", row.errors}, {"refused", row.refused}, {"sampled_one_in", row.sampled}};
    const auto span = [&](const char* key, double ns) {
      one[key] = row.timed > 0 ? json(ns) : json(nullptr);
    };
    span("p50_ns", row.p50_ns);
    span("p95_ns", row.p95_ns);
    span("p99_ns", row.p99_ns);
    span("max_ns", row.max_ns);
    if (!row.event) {
      one["time_share"] = row.time_share;
      one["at_once"] = row.busy;
    }
    out[row.event ? "events" : "operations"].push_back(std::move(one));
  }
  for (const LaneRow& row : picture.lanes) {
    json in_flight = nullptr;
    if (!row.in_flight.empty())
      in_flight = {{"operation", row.in_flight}, {"since_ns", row.since_ns}};
    out["lanes"].push_back({{"lane", row.lane},
                            {"state", row.life},
                            {"thread", row.thread},
                            {"pid", row.pid},
                            {"tid", row.tid},
                            {"rate", row.rate},
                            {"written", row.written},
                            {"lost", row.missed},
                            {"dropped", row.dropped},
                            {"torn", row.torn},
                            {"in_flight", std::move(in_flight)}});
  }
  for (const ErrorRow& row : picture.errors)
    out["errors"].push_back({{"operation", row.operation_name},
                             {"outcome", row.outcome},
                             {"error", row.code},
                             {"count", row.count},
                             {"rate", row.rate},
                             {"last", row.last_time},
                             {"last_actor", row.last_actor}});
  for (const ActorRow& row : picture.actors)
    out["actors"].push_back({{"actor", row.name},
                             {"operations", row.operations},
                             {"errors", row.errors},
                             {"refused", row.refused},
                             {"time_ns", row.time_ns},
                             {"estimate", row.estimate}});
  out["actors_seconds"] = picture.actors_seconds;
  // Bytes that are no text are replaced, and what steers a terminal is escaped already.
  return out.dump(2, ' ', true, json::error_handler_t::replace) + '\n';
}

}  // namespace ringside::tool::top
