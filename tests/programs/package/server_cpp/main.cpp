// A traced server in C++17: what a real server has to add, shown on the smallest one. It takes one
// command a line from its standard input and answers on its standard output:
//
//   send USER ROOM TEXT     SEND_MESSAGE, with its stages
//   upload USER BYTES       UPLOAD_FILE, an operation of our own. It begins here and ends on a
//                           worker thread.
//
//   RINGSIDE_RING=try ./server_cpp        and in another terminal: ringside tail try
//
// Without RINGSIDE_RING it does the same work, untraced.

#include <cstdint>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include <ringside/ringside.hpp>

namespace {

constexpr std::uint16_t kTextTooLong = 1105;
constexpr std::uint16_t kFileTooLarge = 1901;

ringside::OperationId UPLOAD_FILE;
ringside::Gauge64 uploads_running;

bool validate(const std::string& text) { return text.size() <= 4096; }
bool store(std::uint64_t room) { return room != 13; }  // the disk of room 13 is full
void deliver() { std::cout.flush(); }

std::string send(std::uint64_t user, std::uint64_t room, const std::string& text) {
  ringside::Operation op(ringside::chat::SEND_MESSAGE);  // reads the clock
  op.actor(ringside::ActorKind::user, user);
  op.subject(ringside::SubjectKind::room, room);

  const bool valid = validate(text);
  op.stage(ringside::chat::kValidation);  // reads it again: the time since then was validation
  if (!valid) {
    op.finish(ringside::Outcome::rejected, kTextTooLong);
    ringside::Event reject;
    reject.error = kTextTooLong;
    reject.operation = ringside::chat::SEND_MESSAGE;
    ringside::event(ringside::chat::VALIDATION_REJECT, reject);
    return "rejected";
  }
  if (!store(room)) {
    op.finish_stage(ringside::chat::kDatabase, ringside::Outcome::error, 5004);
    return "error";
  }
  op.stage(ringside::chat::kDatabase);
  deliver();
  // The end of the last stage is the end of the operation, so one clock read serves both. An
  // operation that leaves its scope unfinished (an exception, a forgotten return) is recorded as
  // cancelled.
  op.finish_stage(ringside::chat::kDelivery, ringside::Outcome::ok);
  return "ok";
}

std::string upload(std::uint64_t user, std::uint64_t bytes) {
  ringside::Operation op(UPLOAD_FILE);
  op.actor(ringside::ActorKind::user, user);
  uploads_running.add(1);
  const bool fits = bytes < 1000000;
  // An operation may move to another thread and end there. It is then written into that thread's
  // lane.
  std::thread worker([op = std::move(op), fits]() mutable {
    op.stage(0);
    op.finish(fits ? ringside::Outcome::ok : ringside::Outcome::rejected,
              fits ? std::uint16_t{0} : kFileTooLarge);
    uploads_running.add(-1);
  });
  worker.join();
  return fits ? "ok" : "rejected";
}

}  // namespace

int main() {
  // Once, before other threads start. A server that can't have the ring runs on untraced and can
  // say why.
  ringside::Setup setup;
  setup.program = "server_cpp";
  if (ringside::start(setup)) {
    std::cout << "traced" << std::endl;
  } else {
    std::cout << "untraced: " << ringside::why_untraced() << std::endl;
  }
  UPLOAD_FILE = ringside::register_operation({"UPLOAD_FILE", "files", {"receive"}, 0, true});
  uploads_running = ringside::register_gauge("uploads running");
  ringside::register_error(kTextTooLong, "TEXT_TOO_LONG");
  ringside::register_error(kFileTooLarge, "FILE_TOO_LARGE");

  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string command, text;
    std::uint64_t user = 0, what = 0;
    words >> command >> user >> what;
    std::getline(words, text);
    if (command == "send") {
      std::cout << send(user, what, text) << std::endl;
    } else if (command == "upload") {
      std::cout << upload(user, what) << std::endl;
    } else {
      std::cout << "unknown command" << std::endl;
    }
  }
  ringside::stop();  // closes the ring in order; an exit would close it too
  return 0;
}
