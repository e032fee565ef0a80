#include "daemon/outputs/report_files.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "daemon/history/history_reader.h"
#include "daemon/history/spans.h"
#include "daemon/outputs/report_schedule.h"
#include "daemon/storage/files.h"
#include "report/analysis/past_snapshot.h"
#include "report/model/format.h"
#include "report/render/html/html.h"
#include "report/render/json.h"
#include "report/render/markdown.h"
#include "report/render/text.h"
#include "shm/clock.h"

namespace ringside {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::size_t kMostMinuteSlots = 60'000;

// "20241123T091555Z". It sorts by time and is a valid file name everywhere.
std::string stamp(std::int64_t wall_ns) {
  std::string text = format_wall(wall_ns).substr(0, 19) + "Z";
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

// Only names of our copies. Other files in that directory are not ours to remove.
bool is_copy(const std::string& name, std::string_view shape, const std::string& extension) {
  if (name.size() != shape.size() + extension.size() || !name.ends_with(extension)) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool digit = name[i] >= '0' && name[i] <= '9';
    if (shape[i] == '0' ? !digit : name[i] != shape[i]) return false;
  }
  return true;
}

constexpr std::string_view kCopy = "report-00000000T000000Z";  // 0: any digit
constexpr std::string_view kDaily = "daily-00000000";

// Leaves `most` of those names. `written` is the name of the copy just written, empty when there is
// none.
void remove_old(const std::string& directory, std::string_view shape, const std::string& extension,
                std::uint64_t most, const std::string& written, std::vector<Failure>& failures) {
  std::vector<std::string> copies;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (is_copy(name, shape, extension) && name != written) copies.push_back(name);
  }
  // The first ones to remove come first: those later than the copy just written, then the oldest.
  std::sort(copies.begin(), copies.end());
  std::rotate(copies.begin(), std::upper_bound(copies.begin(), copies.end(), written),
              copies.end());
  const std::size_t keep = most - (written.empty() ? 0 : 1);
  copies.resize(copies.size() - std::min(keep, copies.size()));
  for (const std::string& name : copies) {
    const std::string path = directory + "/" + name;
    fs::remove(path, error);
    if (error) {
      failures.push_back(system_failure(path, "cannot remove", error.value()));
    }
  }
}

struct Format {
  std::string_view name;  // as the configuration has it
  const char* extension;
  std::string (*render)(const Report& report);
};
constexpr Format kFormats[] = {
    {"text", ".txt", [](const Report& report) { return render_text(report); }},
    {"markdown", ".md", [](const Report& report) { return render_markdown(report); }},
    {"html", ".html", [](const Report& report) { return render_html(report); }},
    {"json", ".json", [](const Report& report) { return render_json(report) + "\n"; }}};

bool is_wanted(const ReportFiles& files, const Format& format) {
  return std::find(files.formats.begin(), files.formats.end(), format.name) != files.formats.end();
}

// A report takes ten times its size for a moment. Without this the daemon would keep that memory.
void give_memory_back() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

// A report that was written before the day was over and in the history does not have all of it: the
// clock was ahead. One from the future says nothing about when it was written.
bool is_final(const std::string& path, std::int64_t end_wall_s) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return false;
  return status.st_mtim.tv_sec >= end_wall_s + kDaySettlesS &&
         status.st_mtim.tv_sec <= clock_ns(CLOCK_REALTIME) / kSecondNs;
}

// The minutes of a day; of so many operations that these would take much memory, its hours.
HistoryResult read_day(const std::string& path, std::int64_t begin_wall_s) {
  HistoryQuery query;
  query.begin_wall_s = begin_wall_s;
  query.end_wall_s = begin_wall_s + kDayS;
  query.slots = HistoryQuery::Slots::hours;
  HistoryResult hours = read_history(path, query);
  std::size_t slots = 0;
  for (const HistorySeries& series : hours.span.series) slots += series.slots.size();
  if (hours.failure || hours.span.rings.empty() || slots * 60 > kMostMinuteSlots) return hours;
  query.slots = HistoryQuery::Slots::minutes;
  HistoryResult minutes = read_history(path, query);
  const auto observed = [](const HistorySpan& span) {
    double seconds = 0;
    for (const HistoryRing& ring : span.rings) {
      for (const HistoryRingSlot& slot : ring.slots) seconds += slot.observed_seconds;
    }
    return seconds;
  };
  // Of a day long ago some minutes are gone.
  const bool whole = !minutes.failure && observed(minutes.span) >= observed(hours.span) - 1;
  return whole ? std::move(minutes) : std::move(hours);
}

// The hours of two weeks up to the end of a day, of very many operations of fewer days: so which of
// them took another level is in the report of the day. Nothing: they can't be read.
std::optional<HistorySpan> days_before(const std::string& path, const HistorySpan& day) {
  constexpr std::int64_t kMostDays = 14, kFewestDays = 4;
  const auto hours = std::max<std::int64_t>(static_cast<std::int64_t>(day.series.size()) * 24, 1);
  const std::int64_t days =
      std::clamp(static_cast<std::int64_t>(kMostMinuteSlots) / hours, kFewestDays, kMostDays);
  HistoryQuery query;
  query.end_wall_s = day.end_wall_s;
  query.begin_wall_s = query.end_wall_s - days * kDayS;
  query.slots = HistoryQuery::Slots::hours;
  HistoryResult result = read_history(path, query);
  if (result.failure) return std::nullopt;
  return std::move(result.span);
}

}  // namespace

std::vector<Failure> write_reports(const ReportFiles& files, const Snapshot& snapshot,
                                   const WriteFile& write_file, const HistorySpan* history) {
  std::vector<Failure> failures;
  if (files.formats.empty()) return failures;
  if (auto failure = make_directories(files.directory)) return {*failure};
  const Report report(snapshot, history);
  for (const Format& format : kFormats) {
    if (!is_wanted(files, format)) continue;
    const std::string bytes = format.render(report);
    const std::string extension = format.extension;
    const auto write = [&](const std::string& name) {
      const auto failure = write_file(files.directory + "/" + name, bytes, 0640);
      if (failure) failures.push_back(*failure);
      return !failure;
    };
    write("report" + extension);
    std::string copy;
    if (files.keep > 0) {
      copy = "report-" + stamp(snapshot.wall_ns) + extension;
      if (!write(copy)) copy.clear();
    }
    remove_old(files.directory, kCopy, extension, files.keep, copy, failures);
  }
  give_memory_back();
  return failures;
}

std::optional<Failure> try_reports(const ReportFiles& files, AllocateFile allocate) {
  if (files.formats.empty()) return std::nullopt;
  if (auto failure = make_directories(files.directory)) return failure;
  for (const Format& format : kFormats) {
    const std::string path = files.directory + "/report" + format.extension;
    struct stat status {};
    if (is_wanted(files, format) && lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
      return system_failure(path, "cannot replace", EISDIR);
  }
  const FileDescriptor file(open(files.directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  const bool unnamed = errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT;
  if (!file && unnamed) return system_failure(files.directory, "cannot write to it", errno);
  if (!file) {
    // A file system without files that have no name.
    if (access(files.directory.c_str(), W_OK | X_OK) == 0) return std::nullopt;
    return system_failure(files.directory, "cannot write to it", errno);
  }
  constexpr std::size_t kProbe = 64 << 10;
  int error = allocate(file.get(), 0, kProbe);
  // Some file systems allocate nothing ahead, and yet can be written to.
  if (error == EOPNOTSUPP || error == EINVAL || error == ENOSYS)
    error = write_and_sync(file.get(), std::string(kProbe, '\0'));
  if (error != 0) return system_failure(files.directory, "cannot write to it", error);
  return std::nullopt;
}

std::vector<Failure> write_daily_reports(const ReportFiles& files, std::int64_t begin_wall_s,
                                         bool* written, const WriteFile& write) {
  *written = false;
  if (files.keep_daily == 0 || files.history.empty()) return {};
  const std::string stem = "daily-" + stamp(begin_wall_s * kSecondNs).substr(0, 8);
  const std::int64_t end_wall_s = begin_wall_s + kDayS;
  const bool due = std::any_of(std::begin(kFormats), std::end(kFormats), [&](const Format& format) {
    return is_wanted(files, format) &&
           !is_final(files.directory + "/" + stem + format.extension, end_wall_s);
  });
  if (!due || access(files.history.c_str(), F_OK) != 0) return {};
  HistoryResult result = read_day(files.history, begin_wall_s);
  if (result.failure) return {*result.failure};
  if (result.span.rings.empty()) return {};
  if (auto failure = make_directories(files.directory)) return {*failure};
  std::vector<Failure> failures;
  const Snapshot snapshot = past_snapshot(result.span);
  const auto days = days_before(files.history, result.span);
  const Report report(snapshot, &result.span, nullptr, days ? &*days : nullptr);
  for (const Format& format : kFormats) {
    if (!is_wanted(files, format)) continue;
    std::string name = stem + format.extension;
    if (const auto failure = write(files.directory + "/" + name, format.render(report), 0640)) {
      failures.push_back(*failure);
      name.clear();
    } else {
      *written = true;
    }
    remove_old(files.directory, kDaily, format.extension, files.keep_daily, name, failures);
  }
  give_memory_back();
  return failures;
}

}  // namespace ringside
