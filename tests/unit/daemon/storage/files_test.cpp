#include "daemon/storage/files.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "daemon/storage/codec.h"
#include "daemon/storage/state_file.h"
#include "tests/unit/daemon/files_of_test.h"

namespace ringside {
namespace {

TEST_CASE("Files: a file is replaced whole, and no temporary one is left") {
  const test::TempDir directory;
  const std::string path = directory.file("report.txt");
  CHECK_FALSE(write_whole_file(path, "first", 0640));
  CHECK_FALSE(write_whole_file(path, std::string(1 << 20, 'x'), 0640));
  CHECK(read_text(path) == std::string(1 << 20, 'x'));
  CHECK_FALSE(std::filesystem::exists(path + ".tmp"));
  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777 & ~0640U) == 0);
}

TEST_CASE("Files: what can't be written leaves the old file as it was") {
  const test::TempDir directory;
  const std::string path = directory.file("report.txt");
  REQUIRE_FALSE(write_whole_file(path, "old", 0640));
  // A limit on the size of files stands for a full disk: write(2) fails midway.
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  const auto failure = write_whole_file(path, std::string(100'000, 'n'), 0640);
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, handler);
  REQUIRE(failure);
  CHECK(failure->error_number == EFBIG);
  CHECK(read_text(path) == "old");
  CHECK_FALSE(std::filesystem::exists(path + ".tmp"));
}

TEST_CASE("Files: a link in the way of the temporary file is not followed") {
  const test::TempDir directory;
  write_text(directory.file("victim"), "precious");
  std::filesystem::create_symlink(directory.file("victim"), directory.file("state.tmp"));
  CHECK_FALSE(write_whole_file(directory.file("state"), "new", 0640));
  CHECK(read_text(directory.file("victim")) == "precious");
  CHECK(read_text(directory.file("state")) == "new");
}

TEST_CASE("Files: a directory that can't be is named") {
  const test::TempDir directory;
  write_text(directory.file("file"), "");
  CHECK_FALSE(make_directories(directory.file("a/b/c")));
  CHECK(std::filesystem::is_directory(directory.file("a/b/c")));
  CHECK_FALSE(make_directories(directory.file("a/b/c")));
  const auto failure = make_directories(directory.file("file/below"));
  REQUIRE(failure);
  CHECK(failure->message.starts_with(directory.file("file")));
  CHECK(write_whole_file(directory.file("none/x"), "", 0640));
}

TEST_CASE("Lock: a second daemon is told who holds the state directory") {
  const test::TempDir directory;
  Failure failure;
  auto first = DirectoryLock::acquire(directory.path(), &failure);
  REQUIRE(first);
  // With fcntl(2) a process would not be refused by its own lock. With flock(2) it is.
  CHECK_FALSE(DirectoryLock::acquire(directory.path(), &failure));
  CHECK(failure.message.find("another daemon holds this state directory: pid " +
                             std::to_string(getpid())) != std::string::npos);
  CHECK(failure.message.find("\n  next: ") != std::string::npos);
  first.reset();
  CHECK(DirectoryLock::acquire(directory.path(), &failure));
}

TEST_CASE("Lock: a killed daemon's lock is free at once") {
  const test::TempDir directory;
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    Failure failure;
    const auto lock = DirectoryLock::acquire(directory.path(), &failure);
    const char byte = lock ? 'y' : 'n';
    if (write(ready[1], &byte, 1) != 1) _exit(1);
    for (;;) pause();
  }
  char byte = 0;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  CHECK(byte == 'y');
  Failure failure;
  CHECK_FALSE(DirectoryLock::acquire(directory.path(), &failure));
  CHECK(failure.message.find("pid " + std::to_string(child)) != std::string::npos);
  REQUIRE(kill(child, SIGKILL) == 0);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(DirectoryLock::acquire(directory.path(), &failure));
  close(ready[0]);
  close(ready[1]);
}

SavedState sample_state() {
  SavedState state;
  state.watch = std::string("positions\0and totals", 20);
  state.alerts = "{\"episodes\":[]}";
  state.meta = {-5, 1'732'356'955'123'456'789, 3};
  return state;
}

TEST_CASE("StateFile: what is encoded comes back as it was") {
  const std::string bytes = encode_state(sample_state());
  SavedState back;
  std::string why;
  REQUIRE(decode_state(bytes, &back, &why));
  CHECK(back.watch == sample_state().watch);
  CHECK(back.alerts == sample_state().alerts);
  CHECK(back.meta.since_wall_ns == -5);
  CHECK(back.meta.saved_wall_ns == 1'732'356'955'123'456'789);
  CHECK(back.meta.restarts == 3);
}

TEST_CASE("StateFile: a single bit that is wrong, anywhere, is noticed") {
  const std::string good = encode_state(sample_state());
  for (std::size_t i = 0; i < good.size() * 8; ++i) {
    std::string bad = good;
    bad[i / 8] = static_cast<char>(bad[i / 8] ^ (1 << (i % 8)));
    SavedState state;
    std::string why;
    CAPTURE(i);
    CHECK_FALSE(decode_state(bad, &state, &why));
    CHECK(why.find("the state is ") == 0);
  }
}

TEST_CASE(
    "StateFile: a state of an older version is told from a damaged one, and so is the first "
    "version's") {
  SavedState state;
  std::string why;
  std::string other = encode_state(sample_state());
  other[8] = 3;
  CHECK_FALSE(decode_state(other, &state, &why));
  CHECK(why == "the state is of version 3, this daemon reads 10");
  // Version 1 begins in the same way: version, checksum, length. Words of fixed width follow.
  const std::string first = std::string("RSSTATE\n\1\0\0\0", 12) + std::string(40, '\x7f');
  CHECK_FALSE(decode_state(first, &state, &why));
  CHECK(why == "the state is of version 1, this daemon reads 10");
}

TEST_CASE("Codec: numbers, flags and texts come back, and what cannot be is refused from there on") {
  Encoder out;
  const std::int64_t numbers[] = {0, -1, 1, 63, -64, 64, INT64_MIN, INT64_MAX};
  for (const std::int64_t n : numbers) out.i64(n);
  out.u64(UINT64_MAX);
  out.flag(true);
  out.real(-0.25);
  out.text("");
  out.text(std::string("a\0b", 3));
  const std::string bytes = out.take();
  Decoder in(bytes);
  for (const std::int64_t n : numbers) CHECK(in.i64() == n);
  CHECK(in.u64() == UINT64_MAX);
  CHECK(in.flag());
  CHECK(in.real() == -0.25);
  CHECK(in.text().empty());
  CHECK(in.text() == std::string("a\0b", 3));
  CHECK(in.at_end());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Decoder cut(std::string_view(bytes).substr(0, size));
    for (std::size_t i = 0; i < std::size(numbers); ++i) cut.i64();
    cut.u64();
    cut.flag();
    cut.real();
    cut.text();
    cut.text();
    CHECK_FALSE(cut.good());
  }
  const auto refused = [](const Encoder& encoder, const auto& read) {
    Encoder copy = encoder;
    copy.text("what follows");
    const std::string text = copy.take();
    Decoder decoder(text);
    read(decoder);
    return !decoder.good() && decoder.u64() == 0 && decoder.text().empty();
  };
  Encoder two;
  two.u64(2);
  CHECK(refused(two, [](Decoder& d) { CHECK_FALSE(d.flag()); }));
  CHECK(refused(two, [](Decoder& d) { CHECK(d.below(2) == 0); }));
  Encoder infinite;
  infinite.real(HUGE_VAL);
  CHECK(refused(infinite, [](Decoder& d) { CHECK(d.real() == 0); }));
  Encoder nan;
  nan.real(std::nan(""));
  CHECK(refused(nan, [](Decoder& d) { CHECK(d.real() == 0); }));
}

TEST_CASE("StateFile: a file that was cut off or grew is refused") {
  const std::string good = encode_state(sample_state());
  SavedState state;
  std::string why;
  for (std::size_t bytes = 0; bytes < good.size(); ++bytes)
    CHECK_FALSE(decode_state(good.substr(0, bytes), &state, &why));
  CHECK_FALSE(decode_state(good + "x", &state, &why));
}

}  // namespace
}  // namespace ringside
