// Whole reports, compared with what they must be, line by line. The expected texts were checked by
// hand. Where a change of the report is wanted, change them too, and read the difference.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "report/render/json.h"
#include "report/render/text.h"
#include "tests/unit/report/numbered.h"
#include "tests/unit/report/ones.h"

using namespace ringside;

namespace {

// Each file is one raw string, which begins with a line break.
constexpr std::string_view kNothingText =
#include "tests/unit/report/golden/nothing.txt"
    ;
constexpr std::string_view kOnesText =
#include "tests/unit/report/golden/ones.txt"
    ;
constexpr std::string_view kOnesJson =
#include "tests/unit/report/golden/ones_json.txt"
    ;
constexpr std::string_view kNumberedText =
#include "tests/unit/report/golden/numbered.txt"
    ;

std::vector<std::string> lines_of_report(std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Shows the first few lines that differ.
void check_lines(const std::string& found, std::string_view golden) {
  const auto have = lines_of_report(found);
  const auto want = lines_of_report(golden.substr(1));
  int shown = 0;
  for (std::size_t i = 0; i < std::max(have.size(), want.size()) && shown < 5; ++i) {
    const std::string is = i < have.size() ? have[i] : "(no line)";
    const std::string must_be = i < want.size() ? want[i] : "(no line)";
    if (is == must_be) continue;
    ++shown;
    CAPTURE(i + 1);
    CHECK(is == must_be);
  }
  CHECK(found == golden.substr(1));
}

std::string text_report(const Snapshot& snapshot, const TextOptions& options = {}) {
  return render_text(Report(snapshot), options);
}

}  // namespace

TEST_CASE("Golden: the text report of nothing") {
  check_lines(text_report(Snapshot{}), kNothingText);
}

TEST_CASE("Golden: the text report of one of each") {
  check_lines(text_report(sample::ones()), kOnesText);
}

TEST_CASE("Golden: the text report of many, each with a figure of its own") {
  check_lines(text_report(sample::numbered()), kNumberedText);
}

TEST_CASE("Golden: the JSON report of one of each") {
  Snapshot snapshot = sample::ones();
  snapshot.events.resize(1);
  auto json = nlohmann::ordered_json::parse(render_json(Report(snapshot)));
  // The last digits of a power of two with a fraction differ between libraries.
  json["histogram_schema"]["highest_from_seconds"] = nullptr;
  json.erase("analysis");  // long texts; json_test.cpp has them
  check_lines(json.dump(1) + "\n", kOnesJson);
}
