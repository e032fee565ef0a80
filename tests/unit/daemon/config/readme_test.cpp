// The README's tables of keys and the code's, held against each other: no key is in one alone, and
// each has the same default and the same range in both.
#include <chrono>
#include <map>
#include <sstream>
#include <string>

#include "daemon/config/config_keys.h"
#include "daemon/config/config_print.h"
#include "daemon/http/http_options.h"
#include "tests/unit/daemon/files_of_test.h"

namespace ringside {
namespace {

struct Row {
  std::string value, range, what;
};
using Rows = std::map<std::string, Row>;

constexpr std::string_view kHead = "| key | default | range | what |";

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line.substr(1));
  for (std::string cell; std::getline(in, cell, '|');) {
    const std::size_t begin = cell.find_first_not_of(' ');
    cells.push_back(begin == std::string::npos
                        ? ""
                        : cell.substr(begin, cell.find_last_not_of(' ') + 1 - begin));
  }
  return cells;
}

Rows rows_of(const std::string& readme) {
  Rows rows;
  std::istringstream in(readme);
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line == kHead) inside = true;
    if (!line.starts_with('|')) inside = false;
    if (!inside || !line.starts_with("| `")) continue;
    const auto cells = cells_of(line);
    CAPTURE(line);
    REQUIRE(cells.size() == 4);
    const bool is_new = rows.emplace(cells[0], Row{cells[1], cells[2], cells[3]}).second;
    CHECK(is_new);
  }
  return rows;
}

// Takes the key's row away. `shown`: the default that it must show; empty: none.
template <typename Root>
void check_key(Rows& rows, const std::string& path, const ConfigKey<Root>& key,
               const std::string& shown) {
  CAPTURE(path);
  const auto row = rows.find("`" + path + "`");
  REQUIRE(row != rows.end());
  CHECK(row->second.range == range_text(key));
  if (!shown.empty()) CHECK(row->second.value.find("`" + shown + "`") != std::string::npos);
  CHECK_FALSE(row->second.what.empty());
  rows.erase(row);
}

template <typename Root>
void check_keys(Rows& rows, const std::string& table, std::span<const ConfigKey<Root>> keys) {
  for (const auto& key : keys) {
    const std::string value = value_text(key, Root{});
    // What must be written, or is filled in later, has no default to show.
    const bool none =
        value == "\"\"" || value == "[]" || value == "\"0s\"" || value == "0" || value == "-1";
    const bool shown = !none || key.path == "state.interval";
    check_key(rows, table + std::string(key.path), key, shown ? value : "");
  }
}

TEST_CASE("ConfigReadme: each key has its row, with default and range, and each row has its key") {
  Rows rows = rows_of(read_text(RINGSIDE_SOURCE_DIR "/daemon/README.md"));
  check_keys(rows, "", config_keys());
  check_keys(rows, std::string(kOperationsTable) + ".NAME.", operation_keys());
  check_keys(rows, std::string(kReceiversTable) + ".", receiver_keys());
  check_keys(rows, std::string(kObjectivesTable) + ".", objective_keys());
  for (const char* table : {"`owners.RING`", "`[[receivers]]`", "`[[objectives]]`"}) {
    CAPTURE(table);
    CHECK(rows.erase(table) == 1);
  }
  for (const auto& [key, row] : rows) FAIL_CHECK("a row for no key: ", key);
}

TEST_CASE("ConfigReadme: the row of http.request_timeout has the limits that stay within it") {
  const Rows rows = rows_of(read_text(RINGSIDE_SOURCE_DIR "/daemon/README.md"));
  const auto seconds = [](std::chrono::nanoseconds span) {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(span).count()) + " s";
  };
  const http::HttpLimits limits;
  const std::string words = seconds(limits.header) + " for the head, " + seconds(limits.body) +
                            " for the body, and " + seconds(limits.write) + " to read the answer";
  CHECK(rows.at("`http.request_timeout`").what.find(words) != std::string::npos);
}

}  // namespace
}  // namespace ringside
