#include "tools/chat/commands/handlers.h"

namespace chatd {

void audit(Connection& db, Op op, const AuditRow& row) {
  const auto began = trace::now();
  db.run(
      "INSERT INTO audit_log(at, action, actor, subject, address, detail) VALUES "
      "(?,?,nullif(?,0),nullif(?,0),?,?)",
      now_ms(), row.action, row.actor, row.subject, row.address, row.detail);
  trace::event(trace::Event::AUDIT_WRITE,
               {.op = op,
                .duration = trace::now() - began,
                .actor_kind = row.actor != 0 ? trace::ActorKind::user : trace::ActorKind::none,
                .actor = static_cast<std::uint64_t>(row.actor)});
}

}  // namespace chatd
