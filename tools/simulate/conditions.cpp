#include "tools/simulate/conditions.h"

#include <algorithm>

namespace ringside::simulate {
namespace {

void add_to_server(Conditions& c, const Effect& e) {
  switch (e.what) {
    case Do::lock_database:
      c.locked = true;
      c.locked_until = std::max(c.locked_until, kWorldBegin + e.until);
      break;
    case Do::slow_database: c.database_factor *= e.amount; break;
    case Do::slow_operation:
      c.op_extra_ms[index_of(e.op)] += e.amount;
      c.op_extra_stage[index_of(e.op)] = e.stage;
      break;
    case Do::slow_stage: c.stage_extra_ms[index_of(e.stage)] += e.amount; break;
    case Do::fail: c.failing.push_back({e.op, std::nullopt, e.amount, e.code}); break;
    case Do::fail_version: c.failing.push_back({e.op, e.count, e.amount, e.code}); break;
    case Do::stick:
      c.stuck_front += e.count;
      c.stuck_until = std::max(c.stuck_until, kWorldBegin + e.until);
      break;
    case Do::stick_readers:
      c.stuck_readers = true;
      c.stuck_until = std::max(c.stuck_until, kWorldBegin + e.until);
      break;
    case Do::leak_memory: c.leak_bytes_per_s += e.amount; break;
    case Do::leak_files: c.leak_files_per_s += e.amount; break;
    case Do::burn_cpu: c.burn_percent += e.amount; break;
    case Do::kill:
    case Do::close: c.up = false; break;
    case Do::freeze:
      c.frozen = true;
      c.frozen_until = std::max(c.frozen_until, kWorldBegin + e.until);
      break;
    case Do::slow_logins: c.login_extra_ms += e.amount; break;
    default: break;
  }
}

void add_to_surroundings(Conditions& c, const Effect& e) {
  switch (e.what) {
    case Do::traffic: c.traffic *= e.amount; break;
    case Do::gone: c.gone = std::max(c.gone, e.amount); break;
    case Do::connect: c.extra_connections += e.count; break;
    case Do::guess:
    case Do::bad_tokens:
    case Do::flood: c.attacks.push_back(&e); break;
    case Do::impatient: c.patience = ns_of(e.amount / 1e3); break;
    case Do::busy_host: c.host_busy_percent += e.amount; break;
    case Do::full_memory: c.host_memory_percent = std::max(c.host_memory_percent, e.amount); break;
    case Do::restart_daemon:
    case Do::kill_daemon: c.daemon = false; break;
    case Do::sample: c.sampling = e.count; break;
    case Do::lose: c.losing = e.amount; break;
    default: break;
  }
}

}  // namespace

Conditions conditions_at(const Effects& effects, Ns since_begin) {
  Conditions c;
  c.op_extra_stage.fill(Stage::none);
  for (const Effect& effect : effects) {
    if (since_begin < effect.from || since_begin >= effect.until) continue;
    add_to_server(c, effect);
    add_to_surroundings(c, effect);
  }
  return c;
}

}  // namespace ringside::simulate
