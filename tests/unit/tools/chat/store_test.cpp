// The database alone: batches, rollback, restart, files that are not ours.
#include <fstream>
#include <future>

#include "tests/unit/tools/chat/harness.h"

using namespace chat_test;
using chatd::Connection;
using chatd::Job;
using chatd::JobResult;
using chatd::Refusal;
using chatd::Store;
using chatd::StoreOptions;

namespace {

StoreOptions store_options(const std::filesystem::path& file) {
  return quick_options(file).service.store;
}

std::future<JobResult> submit(Store& store, std::function<void(Connection&)> work,
                              bool read = false) {
  auto promise = std::make_shared<std::promise<JobResult>>();
  auto future = promise->get_future();
  Job job;
  job.op = chatd::Op::SEND_MESSAGE;
  job.work = std::move(work);
  job.ended = [promise](const JobResult& result) { promise->set_value(result); };
  read ? store.read(std::move(job)) : store.write(std::move(job));
  return future;
}

void add_user(Connection& db, const std::string& name) {
  db.run("INSERT INTO users(name, password, created) VALUES (?,'x',1)", name);
}

// Keeps the writer busy until it is released. Commands that are queued in between become one batch.
struct Plug {
  explicit Plug(Store& store) {
    done = submit(store, [this](Connection&) {
      entered.set_value();
      release.get_future().wait();
    });
    entered.get_future().wait();
  }
  std::promise<void> entered, release;
  std::future<JobResult> done;
};

}  // namespace

TEST_CASE("ChatStore: a refusal after writing leaves nothing, and its batch mates lose nothing") {
  TempDir directory;
  Store store(store_options(directory / "chat.db"));
  std::vector<std::future<JobResult>> results;
  std::vector<std::unique_ptr<std::atomic<int>>> runs;
  {
    Plug plug(store);
    for (int i = 0; i < 9; ++i) {
      runs.push_back(std::make_unique<std::atomic<int>>(0));
      results.push_back(submit(store, [i, count = runs.back().get()](Connection& db) {
        ++*count;
        add_user(db, "user" + std::to_string(i));
        if (i % 3 == 1) throw Refusal(Error::SELF_TARGET, "changed my mind");
        if (i == 5) add_user(db, "user4");  // user4 was rolled back, so the name is free
        if (i == 8) throw std::runtime_error("a bug");
      }));
    }
    plug.release.set_value();
    CHECK(plug.done.get().error == Error::none);
  }
  for (int i = 0; i < 9; ++i) {
    INFO(i);
    const auto expected = i == 8 ? Error::INTERNAL : i % 3 == 1 ? Error::SELF_TARGET : Error::none;
    CHECK(results[static_cast<std::size_t>(i)].get().error == expected);
  }
  CHECK(runs[0]->load() == 2);  // once in the batch and once alone, so it was one batch
  store.stop();
  RawDatabase raw(directory / "chat.db");
  CHECK(raw.number("SELECT count(*) FROM users") == 6);
  for (const int i : {0, 2, 3, 4, 5, 6}) {
    CHECK(raw.number("SELECT count(*) FROM users WHERE name = 'user" + std::to_string(i) + "'") ==
          1);
  }
}

TEST_CASE("ChatStore: a constraint nobody foresaw is one job's error, and no failure of the database") {
  TempDir directory;
  auto options = store_options(directory / "chat.db");
  options.breaker_after = 1;
  Store store(options);
  CHECK(submit(store, [](Connection& db) { add_user(db, "a"); }).get().error == Error::none);
  CHECK(submit(store, [](Connection& db) { add_user(db, "a"); }).get().error == Error::INTERNAL);
  CHECK(submit(store, [](Connection& db) { db.run("INSERT INTO members VALUES (77, 1, 0, 0)"); })
            .get()
            .error == Error::INTERNAL);  // a foreign key
  CHECK(store.breaker().state() == chatd::Breaker::State::closed);
  CHECK(submit(store, [](Connection& db) { add_user(db, "b"); }).get().error == Error::none);
}

TEST_CASE("ChatStore: jobs end in commit order, and see what was committed before them") {
  TempDir directory;
  Store store(store_options(directory / "chat.db"));
  std::vector<int> order;
  std::promise<void> all;
  constexpr int kJobs = 500;
  for (int i = 0; i < kJobs; ++i) {
    Job job;
    job.work = [i](Connection& db) { add_user(db, "user" + std::to_string(i)); };
    job.ended = [&, i](const JobResult&) {
      order.push_back(i);
      if (i == kJobs - 1) all.set_value();
    };
    store.write(std::move(job));
  }
  all.get_future().wait();
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(order.size() == kJobs);
  std::int64_t seen = 0;
  submit(store, [&](Connection& db) {
    auto query = db.query("SELECT count(*) FROM users");
    query.row();
    seen = query.integer(0);
  }, true).get();
  CHECK(seen == kJobs);
}

TEST_CASE("ChatStore: a read is stopped at its time limit") {
  TempDir directory;
  auto options = store_options(directory / "chat.db");
  options.query_limit = 50ms;
  Store store(options);
  const auto result = submit(store, [](Connection& db) {
    db.run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n");
  }, true).get();
  CHECK(result.error == Error::QUERY_TIMEOUT);
  CHECK(submit(store, [](Connection& db) { db.run("SELECT 1"); }, true).get().error == Error::none);
}

TEST_CASE("ChatStore: a full queue refuses at once") {
  TempDir directory;
  auto options = store_options(directory / "chat.db");
  options.max_queued = 2;
  Store store(options);
  Plug plug(store);
  auto first = submit(store, [](Connection&) {});
  auto second = submit(store, [](Connection&) {});
  CHECK(submit(store, [](Connection&) {}).get().error == Error::OVERLOADED);
  plug.release.set_value();
  CHECK(first.get().error == Error::none);
  CHECK(second.get().error == Error::none);
}

TEST_CASE("ChatStore: a restart keeps accounts, tokens, rooms, members, messages and the index") {
  TestServer server;
  std::string token;
  Json room, message;
  {
    Client client(server);
    client.enter("alice");
    token = client.token();
    room = client.must("CREATE_ROOM", {{"name", "lobby"}})["room_id"];
    message = client.must("SEND_MESSAGE", {{"room", room}, {"text", "remember me"}})["message_id"];
    client.must("MESSAGE_REACTIONS", {{"message", message}, {"add", "!"}});
  }
  server.restart();
  Client client(server);
  CHECK(client.must("AUTHENTICATION", {{"token", token}})["rooms"] == Json::array({room}));
  client.must("AUTHENTICATION", {{"user", "alice"}, {"password", "correct horse"}});
  CHECK(client.must("MESSAGE_SEARCH", {{"query", "remember"}})["messages"][0]["message_id"] ==
        message);
  CHECK(client.must("MESSAGE_REACTIONS", {{"message", message}})["reactions"].size() == 1);
  CHECK(client.must("SEND_MESSAGE", {{"room", room}, {"text", "again"}})["message_id"] > message);
}

TEST_CASE("ChatStore: the search index agrees with the messages after edits and deletions") {
  TestServer server;
  {
    Client client(server);
    client.enter("alice");
    const auto room = client.must("CREATE_ROOM", {{"name", "lobby"}})["room_id"];
    for (int i = 0; i < 50; ++i) {
      const auto id = client.must(
          "SEND_MESSAGE", {{"room", room}, {"text", "word" + std::to_string(i)}})["message_id"];
      if (i % 3 == 0)
        client.must("EDIT_MESSAGE", {{"message", id}, {"text", "edited" + std::to_string(i)}});
      if (i % 7 == 0) client.must("DELETE_MESSAGE", {{"message", id}});
    }
  }
  server.stop();
  RawDatabase raw(server.file());
  // Throws if the index and the messages differ.
  raw.run("INSERT INTO messages_fts(messages_fts, rank) VALUES ('integrity-check', 1)");
  CHECK(raw.number("SELECT count(*) FROM messages_fts WHERE messages_fts MATCH 'word*'") ==
        50 - 17 - 8 + 3);
}

TEST_CASE("ChatStore: files that are not ours are refused with what was found and what to do") {
  TempDir directory;
  const auto refusal = [&](const std::filesystem::path& file) -> std::string {
    try {
      Store store(store_options(file));
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  };
  std::ofstream(directory / "text.db") << std::string(5000, 'x');
  { RawDatabase(directory / "foreign.db").run("CREATE TABLE t(x)"); }
  { Store ours(store_options(directory / "newer.db")); }
  { RawDatabase(directory / "newer.db").run("PRAGMA user_version = 99"); }
  for (const char* name : {"text.db", "foreign.db", "newer.db", "no/such/directory/chat.db"}) {
    const std::string message = refusal(directory / name);
    INFO(message);
    CHECK(message.find(name) != std::string::npos);
    CHECK(message.find("next:") != std::string::npos);
  }
  CHECK(refusal(directory / "newer.db").find("99") != std::string::npos);
}
