#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <variant>

#include "tools/ringside/arguments/arguments.h"
#include "tools/ringside/commands/list.h"
#include "tools/ringside/daemon_client.h"

namespace ringside::tool {

namespace {

constexpr std::chrono::seconds kPatience{2};

// Nothing where no daemon answers, or where it says something else than expected: the list is of
// use without it.
std::vector<WatchedRing> ask_daemon() {
  const DaemonClient client(daemon_socket(""), kPatience);
  const auto result = client.get("/api/v1/admin/performance/metrics");
  const auto* answer = std::get_if<DaemonAnswer>(&result);
  if (answer == nullptr || answer->status != 200) return {};
  const auto json = nlohmann::json::parse(answer->body, nullptr, false);
  const nlohmann::json::json_pointer where("/data/data_quality/rings");
  if (json.is_discarded() || !json.contains(where) || !json[where].is_array()) return {};
  std::vector<WatchedRing> rings;
  for (const auto& ring : json[where]) {
    if (!ring.is_object() || !ring.contains("path") || !ring["path"].is_string()) continue;
    WatchedRing& one = rings.emplace_back();
    one.path = ring["path"].get<std::string>();
    one.state = ring.value("state", "");
    const nlohmann::json::json_pointer lost("/books/lost");
    if (ring.contains(lost) && ring[lost].is_number_unsigned())
      one.lost = ring[lost].get<std::uint64_t>();
  }
  return rings;
}

}  // namespace

Command add_list(CLI::App& program) {
  const auto options = std::make_shared<ListOptions>();
  options->watched = ask_daemon;
  CLI::App* command = program.add_subcommand("list", "every ring, with its server and state");
  command->add_option("--folder", options->folder, "where rings are looked for")
      ->capture_default_str();
  command->add_flag("--json", options->json, "as a JSON array");
  command->footer(
      "Examples:\n"
      "  ringside list\n"
      "  ringside list --folder /run/chat\n"
      "\n"
      "`memory` is what the ring's file really uses. Rings elsewhere that a running daemon reads\n"
      "are listed, too, by their paths.\n");
  return {command, [options] { return list(*options); }};
}

}  // namespace ringside::tool
