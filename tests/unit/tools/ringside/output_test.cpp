// Where a command writes what it makes: a file whole or not at all, and what is no regular file as
// it comes.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/unit/daemon/files_of_test.h"
#include "tools/ringside/lines/output.h"

namespace ringside::tool {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
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
  CHECK(text_of(path) == "one two");
  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U & ~0640U) == 0);
  {
    const auto output = Output::open(path, &failure);
    REQUIRE(output != nullptr);
    CHECK(output->write("three"));
  }
  CHECK_MESSAGE(text_of(path) == "one two", "an output that was given up leaves the old file");
  CHECK_FALSE(std::filesystem::exists(path + ".tmp"));
}

TEST_CASE("Output: a link is written through and stays one") {
  const test::TempDir directory;
  const std::string path = directory.file("link");
  std::filesystem::create_symlink(directory.file("behind"), path);
  Failure failure;
  const auto output = Output::open(path, &failure);
  REQUIRE(output != nullptr);
  CHECK(output->write("text"));
  CHECK_FALSE(output->finish());
  CHECK(std::filesystem::is_symlink(path));
  CHECK(text_of(directory.file("behind")) == "text");
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
