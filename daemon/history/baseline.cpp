#include "daemon/history/baseline.h"

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "daemon/history/spans.h"
#include "daemon/storage/files.h"
#include "report/model/format.h"

namespace ringside {
namespace {

constexpr int kVersion = 1;
constexpr std::int64_t kLastTime = 9'000'000'000;  // later times don't fit into 64 bits of ns

using Json = nlohmann::json;

std::string second_text(std::int64_t wall_s) {
  return format_wall(wall_s * kNsPerSecond).substr(0, 19) + "Z";
}

std::optional<std::int64_t> second_of(const Json& json, const char* key) {
  const auto text = json.find(key);
  if (text == json.end() || !text->is_string()) return std::nullopt;
  tm parts{};
  const std::string& written = text->get_ref<const std::string&>();
  const char* end = strptime(written.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  const std::int64_t wall_s = timegm(&parts);
  // A day that its month has not would be read as another one.
  if (wall_s <= 0 || wall_s > kLastTime || second_text(wall_s) != written) return std::nullopt;
  return wall_s;
}

Failure damaged(const std::string& path, const std::string& what) {
  return {0, fmt::format("{}: this is no baseline: {}\n  next: pin it again with ringside report "
                         "--pin-baseline, or remove the file",
                         path, what)};
}

Failure unreadable(const Failure& why, const std::string& path, const std::string& history_path) {
  return {why.error_number,
          fmt::format("{}\n  user {} can't read the pinned baseline: it needs the owner and the "
                      "permissions of {}\n"
                      "  next: chown --reference={} {}, or pin it again as root or as that owner",
                      why.message, geteuid(), history_path, history_path, path)};
}

std::optional<Failure> too_short(const std::string& path, const Baseline& baseline) {
  if (baseline.end_wall_s - baseline.begin_wall_s >= kShortestBaselineS) return std::nullopt;
  return Failure{
      0, fmt::format("{}: a baseline of {} to {} is too short: two days are needed to "
                     "know what is usual at each hour\n"
                     "  next: give --since and --until two days apart or more",
                     path, second_text(baseline.begin_wall_s), second_text(baseline.end_wall_s))};
}

}  // namespace

std::string baseline_path(const std::string& history_path) { return history_path + ".baseline"; }

BaselineResult read_baseline(const std::string& history_path) {
  const std::string path = baseline_path(history_path);
  BaselineResult result;
  Failure failure;
  const auto bytes = read_whole_file(path, &failure);
  if (!bytes) {
    if (failure.error_number != ENOENT) result.failure = unreadable(failure, path, history_path);
    return result;
  }
  const Json json = Json::parse(*bytes, nullptr, false);
  const auto version = json.is_object() ? json.find("ringside_baseline") : json.end();
  if (version == json.end() || !version->is_number_integer()) {
    result.failure = damaged(path, "expected a JSON object with ringside_baseline, begin and end");
    return result;
  }
  if (*version != kVersion) {
    result.failure = Failure{
        0, fmt::format("{}: a baseline of version {}, this program reads {}\n  next: use the "
                       "ringside that pinned it, or pin it again",
                       path, version->dump(), kVersion)};
    return result;
  }
  const auto begin = second_of(json, "begin");
  const auto end = second_of(json, "end");
  if (!begin || !end) {
    result.failure =
        damaged(path, fmt::format("expected {} as a UTC time such as \"2026-11-20T00:00:00Z\"",
                                  begin ? "end" : "begin"));
    return result;
  }
  const Baseline baseline{*begin, *end};
  result.failure = too_short(path, baseline);
  if (!result.failure) result.baseline = baseline;
  return result;
}

std::optional<Failure> write_baseline(const std::string& history_path, const Baseline& baseline) {
  const std::string path = baseline_path(history_path);
  if (auto failure = too_short(path, baseline)) return failure;
  const nlohmann::ordered_json json = {{"ringside_baseline", kVersion},
                                       {"begin", second_text(baseline.begin_wall_s)},
                                       {"end", second_text(baseline.end_wall_s)}};
  return write_whole_file_like(path, json.dump() + "\n", history_path);
}

std::optional<Failure> remove_baseline(const std::string& history_path, bool* removed) {
  const std::string path = baseline_path(history_path);
  *removed = unlink(path.c_str()) == 0;
  if (*removed || errno == ENOENT) return std::nullopt;
  return system_failure(path, "cannot remove", errno);
}

}  // namespace ringside
