// Where a command writes what it makes: a file whole or not at all, and what is no regular file as
// it comes.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "shm/file_descriptor.h"
#include "tests/unit/daemon/files_of_test.h"
#include "tools/ringside/lines/output.h"

namespace ringside::tool {
namespace {

std::ptrdiff_t files_in(const test::TempDir& directory) {
  const std::filesystem::recursive_directory_iterator all(directory.path());
  return std::distance(begin(all), end(all));
}

TEST_CASE("Output: a file is there whole when it is finished, and not before") {
  const test::TempDir directory;
  const std::string path = directory.file("out");
  Failure failure;
  {
    const auto output = Output::open(path, &failure);
    REQUIRE(output != nullptr);
    CHECK(output->write("one "));
    CHECK_FALSE(std::filesystem::exists(path));
    CHECK(output->write("two"));
    CHECK_FALSE(output->finish());
  }
  CHECK(read_text(path) == "one two");
  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U & ~0640U) == 0);
  {
    const auto output = Output::open(path, &failure);
    REQUIRE(output != nullptr);
    CHECK(output->write("three"));
  }
  CHECK_MESSAGE(read_text(path) == "one two", "an output that was given up leaves the old file");
  CHECK_MESSAGE(files_in(directory) == 1, "no temporary file is left");
}

TEST_CASE("Output: a file of the user's that is called like a temporary one stays as it is") {
  const test::TempDir directory;
  const std::string path = directory.file("out");
  std::ofstream(path + ".tmp") << "the user's";
  Failure failure;
  const auto output = Output::open(path, &failure);
  REQUIRE(output != nullptr);
  CHECK(output->write("text"));
  CHECK_FALSE(output->finish());
  CHECK(read_text(path) == "text");
  CHECK(read_text(path + ".tmp") == "the user's");
  CHECK(files_in(directory) == 2);
}

TEST_CASE("Output: a file has the permissions that the umask leaves") {
  const test::TempDir directory;
  const mode_t before = umask(0077);
  Failure failure;
  const auto output = Output::open(directory.file("out"), &failure);
  umask(before);
  REQUIRE(output != nullptr);
  CHECK_FALSE(output->finish());
  struct stat info {};
  REQUIRE(stat(directory.file("out").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600);
}

TEST_CASE("Output: a link stays one, and what it leads to is there whole or not at all") {
  const test::TempDir directory;
  std::filesystem::create_directory(directory.file("folder"));
  const std::string path = directory.file("link");
  // Relative to the link's folder, over a second link.
  std::filesystem::create_symlink("folder/second", path);
  std::filesystem::create_symlink("behind", directory.file("folder/second"));
  Failure failure;
  for (const bool finished : {true, false}) {
    const auto output = Output::open(path, &failure);
    REQUIRE_MESSAGE(output != nullptr, failure.message);
    CHECK(output->write(finished ? "text" : "given up"));
    if (finished) CHECK_FALSE(output->finish());
  }
  CHECK(std::filesystem::is_symlink(path));
  CHECK(std::filesystem::is_symlink(directory.file("folder/second")));
  CHECK(read_text(directory.file("folder/behind")) == "text");
  CHECK(files_in(directory) == 4);

  std::filesystem::create_symlink("none/behind", directory.file("dead"));
  CHECK(Output::open(directory.file("dead"), &failure) == nullptr);
  CHECK(failure.message.find("none/behind") != std::string::npos);
  std::filesystem::create_symlink("round", directory.file("round"));
  CHECK(Output::open(directory.file("round"), &failure) == nullptr);
  CHECK(failure.message.find("Too many levels of symbolic links") != std::string::npos);
}

TEST_CASE("Output: what somebody has opened already is written to, and not replaced") {
  const test::TempDir directory;
  const std::string path = directory.file("opened");
  std::ofstream(path) << "before";
  const FileDescriptor opened(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  REQUIRE(opened);
  Failure failure;
  const auto output = Output::open("/proc/self/fd/" + std::to_string(opened.get()), &failure);
  REQUIRE_MESSAGE(output != nullptr, failure.message);
  CHECK(output->write("text"));
  CHECK_FALSE(output->finish());
  char bytes[5] = {};
  CHECK(pread(opened.get(), bytes, sizeof bytes, 0) == 4);
  CHECK(std::string(bytes) == "text");
}

TEST_CASE("Output: what cannot be written says why") {
  const test::TempDir directory;
  Failure failure;
  CHECK(Output::open(directory.file("none/out"), &failure) == nullptr);
  CHECK(failure.message.find("none/out") != std::string::npos);
  CHECK(failure.message.find("No such file or directory") != std::string::npos);

  const auto full = Output::open("/dev/full", &failure);
  REQUIRE(full != nullptr);
  const std::string much(1U << 20, 'x');
  CHECK_FALSE(full->write(much));
  CHECK_FALSE_MESSAGE(full->write("more"), "nothing is written after a failure");
  const auto failed = full->finish();
  REQUIRE(failed.has_value());
  CHECK(failed->message.find("/dev/full: cannot write") == 0);
}

TEST_CASE("Output: what is read is not written") {
  const test::TempDir directory;
  const std::string path = directory.file("ring");
  std::ofstream(path) << "text";
  std::filesystem::create_symlink(path, directory.file("link"));
  CHECK(reads_and_writes(directory.file("link"), path).find("this is what is read") !=
        std::string::npos);
  CHECK(reads_and_writes(directory.file("other"), path).empty());
  CHECK(reads_and_writes("", path).empty());
}

}  // namespace
}  // namespace ringside::tool
