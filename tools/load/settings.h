// The settings of a run of the load, and its result.
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
  double rate_per_s = 200;        // of all clients together; 0: as fast as the answers come
  double duration_s = 10;         // 0: until `operations` are sent
  std::uint64_t operations = 0;   // 0: until the duration ends
  std::uint64_t seed = 1;
  std::string run;                // a part of every name; empty: made from the time of day
  Mix mix = default_mix();
  std::vector<IncidentSpec> incidents;
  double wait_server_s = 0;
  double drain_s = 30;            // how long the load waits for answers after the last request
};

struct IncidentReport {
  IncidentSpec spec;
  Source source = kFirstIncident;
  std::int64_t started_wall_ns = 0;  // 0: never started
  std::int64_t ended_wall_ns = 0;    // 0: never ended
  std::string failure;               // empty: none
  // Figures of this kind of incident, in the order in which they are shown.
  std::vector<std::pair<std::string, std::int64_t>> figures;
};

struct Result {
  std::string run;
  Books books{kFirstIncident};
  std::vector<IncidentReport> incidents;
  std::uint32_t rooms = 0;
  std::uint32_t clients_given_up = 0;
  std::string give_up_reason;        // of the first client that gave up
  bool interrupted = false;
  std::int64_t started_wall_ns = 0;  // of the load, after the set-up
  std::int64_t ended_wall_ns = 0;    // when the load stopped sending
  double setup_s = 0;
  double load_s = 0;
  double drain_s = 0;
  double cpu_s = 0;  // of this process, from the start of the load to the end of the drain
};

}  // namespace ringside::load
