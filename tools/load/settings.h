// What a run of the load is told, and what it hands back.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tools/load/books.h"
#include "tools/load/incident_spec.h"
#include "tools/load/mix.h"

namespace ringside::load {

struct Settings {
  std::string host = "127.0.0.1";
  std::string port = "7788";
  std::uint32_t clients = 50;
  std::uint32_t threads = 2;
  std::uint32_t rooms = 0;        // 0: one for ten clients, at least two
  double rate_per_s = 200;        // all clients together; 0: flat out
  double duration_s = 10;         // 0: until `operations` are through
  std::uint64_t operations = 0;   // 0: until the duration ends
  std::uint64_t seed = 1;
  std::string run;                // marks names; empty: from the time of day
  Mix mix = default_mix();
  std::vector<IncidentSpec> incidents;
  double wait_server_s = 0;
  double drain_s = 30;            // how long answers are waited for after the last request
};

struct IncidentReport {
  IncidentSpec spec;
  Source source = kFirstIncident;
  std::int64_t started_wall_ns = 0;  // 0: never started
  std::int64_t ended_wall_ns = 0;    // 0: never ended
  std::string failure;               // empty: none
  // What is worth telling of this kind of incident, in order.
  std::vector<std::pair<std::string, std::int64_t>> figures;
};

struct Result {
  std::string run;
  Books books{kFirstIncident};
  std::vector<IncidentReport> incidents;
  std::uint32_t rooms = 0;
  std::uint32_t clients_given_up = 0;
  std::string give_up_reason;        // of the first of them
  bool interrupted = false;
  std::int64_t started_wall_ns = 0;  // of the load; the set-up is before
  std::int64_t ended_wall_ns = 0;    // the last request is out
  double setup_s = 0;
  double load_s = 0;
  double drain_s = 0;
  double cpu_s = 0;  // of this process, from the start of the load to the end of the drain
};

}  // namespace ringside::load
