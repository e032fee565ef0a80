#include "tools/chat/storage/schema.h"

#include <string>

namespace chatd {
namespace {

constexpr std::int64_t kApplicationId = 0x52534344;  // "RSCD"

// Room kinds: 0 public, 1 private, 2 direct (between two users; direct_key is "low:high"). Roles: 0
// member, 1 owner. Invitation states: 0 open, 1 accepted, 2 declined. Times: ms since 1970.
constexpr const char* kSchema = R"sql(
CREATE TABLE users (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  password TEXT NOT NULL,
  created INTEGER NOT NULL,
  suspended_until INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE sessions (
  token_hash TEXT PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_expiry ON sessions(expires);
CREATE INDEX sessions_user ON sessions(user_id);
CREATE TABLE rooms (
  id INTEGER PRIMARY KEY,
  name TEXT UNIQUE COLLATE NOCASE,
  topic TEXT NOT NULL DEFAULT '',
  kind INTEGER NOT NULL,
  direct_key TEXT UNIQUE,
  created INTEGER NOT NULL
);
CREATE TABLE members (
  room_id INTEGER NOT NULL REFERENCES rooms(id) ON DELETE CASCADE,
  user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  role INTEGER NOT NULL,
  joined INTEGER NOT NULL,
  PRIMARY KEY (room_id, user_id)
) WITHOUT ROWID;
CREATE INDEX members_user ON members(user_id);
CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  room_id INTEGER NOT NULL REFERENCES rooms(id) ON DELETE CASCADE,
  user_id INTEGER NOT NULL REFERENCES users(id),
  parent_id INTEGER REFERENCES messages(id),
  text TEXT NOT NULL,
  created INTEGER NOT NULL,
  edited INTEGER NOT NULL DEFAULT 0,
  deleted INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX messages_room ON messages(room_id);
CREATE INDEX messages_parent ON messages(parent_id) WHERE parent_id IS NOT NULL;
CREATE TABLE reactions (
  message_id INTEGER NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
  reaction TEXT NOT NULL,
  user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  created INTEGER NOT NULL,
  PRIMARY KEY (message_id, reaction, user_id)
) WITHOUT ROWID;
CREATE TABLE invitations (
  id INTEGER PRIMARY KEY,
  room_id INTEGER NOT NULL REFERENCES rooms(id) ON DELETE CASCADE,
  inviter INTEGER NOT NULL REFERENCES users(id),
  invitee INTEGER NOT NULL REFERENCES users(id),
  state INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL
);
CREATE UNIQUE INDEX invitations_open ON invitations(invitee, room_id) WHERE state = 0;
CREATE TABLE audit_log (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  action TEXT NOT NULL,
  actor INTEGER,
  subject INTEGER,
  address TEXT NOT NULL DEFAULT '',
  detail TEXT NOT NULL DEFAULT ''
);

-- The index holds no text of its own; triggers keep it in step, so that no statement can forget to.
CREATE VIRTUAL TABLE messages_fts USING fts5(text, content='messages', content_rowid='id');
CREATE TRIGGER messages_fts_insert AFTER INSERT ON messages BEGIN
  INSERT INTO messages_fts(rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER messages_fts_update AFTER UPDATE OF text ON messages BEGIN
  INSERT INTO messages_fts(messages_fts, rowid, text) VALUES ('delete', old.id, old.text);
  INSERT INTO messages_fts(rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER messages_fts_delete AFTER DELETE ON messages BEGIN
  INSERT INTO messages_fts(messages_fts, rowid, text) VALUES ('delete', old.id, old.text);
END;
)sql";

std::int64_t pragma(Connection& connection, const char* sql) {
  auto query = connection.query(sql);
  return query.row() ? query.integer(0) : 0;
}

}  // namespace

void open_schema(Connection& connection, const std::filesystem::path& file) {
  const auto application = pragma(connection, "PRAGMA application_id");
  const auto version = pragma(connection, "PRAGMA user_version");
  const auto tables = pragma(connection, "SELECT count(*) FROM sqlite_master");
  if (tables > 0 && application != kApplicationId) {
    throw std::runtime_error(file.string() + ": a database of another program (application id " +
                             std::to_string(application) + ", ours is " +
                             std::to_string(kApplicationId) +
                             ")\n  next: name another file with --db");
  }
  if (tables > 0 && version != kSchemaVersion) {
    throw std::runtime_error(
        file.string() + ": schema version " + std::to_string(version) + ", this program reads " +
        std::to_string(kSchemaVersion) +
        "\n  next: use the ringside-chatd that wrote it, or name another file with --db");
  }
  // NORMAL in WAL mode: a commit is a write without fsync. A crash of the server loses nothing. A
  // crash of the machine may lose the last commits, but never the integrity of the file.
  connection.script("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;");
  if (tables > 0) return;
  Transaction transaction(connection, Transaction::Mode::write);
  connection.script(kSchema);
  connection.script(("PRAGMA application_id=" + std::to_string(kApplicationId) +
                     "; PRAGMA user_version=" + std::to_string(kSchemaVersion) + ";").c_str());
  transaction.commit();
}

}  // namespace chatd
