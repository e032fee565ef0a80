#include "daemon/outputs/report_files.h"

#include <malloc.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "daemon/storage/files.h"
#include "report/model/format.h"
#include "report/render/html/html.h"
#include "report/render/json.h"
#include "report/render/markdown.h"
#include "report/render/text.h"

namespace ringside {
namespace {

namespace fs = std::filesystem;

// "20241123T091555Z". It sorts by time and is a valid file name everywhere.
std::string stamp(std::int64_t wall_ns) {
  std::string text = format_wall(wall_ns).substr(0, 19) + "Z";
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

// Only names of our copies. Other files in that directory are not ours to remove.
bool is_copy(const std::string& name, const std::string& extension) {
  constexpr std::string_view kShape = "report-00000000T000000Z";   // 0: any digit
  if (name.size() != kShape.size() + extension.size() || !name.ends_with(extension)) return false;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = name[i] >= '0' && name[i] <= '9';
    if (kShape[i] == '0' ? !digit : name[i] != kShape[i]) return false;
  }
  return true;
}

// `written` is the name of the copy just written, empty when there is none.
void remove_old(const ReportFiles& files, const std::string& extension, const std::string& written,
                std::vector<Failure>& failures) {
  std::vector<std::string> copies;
  std::error_code error;
  for (fs::directory_iterator it(files.directory, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (is_copy(name, extension) && name != written) copies.push_back(name);
  }
  // The first ones to remove come first: those later than the copy just written, then the oldest.
  std::sort(copies.begin(), copies.end());
  std::rotate(copies.begin(), std::upper_bound(copies.begin(), copies.end(), written),
              copies.end());
  const std::size_t keep = files.keep - (written.empty() ? 0 : 1);
  copies.resize(copies.size() - std::min(keep, copies.size()));
  for (const std::string& name : copies) {
    const std::string path = files.directory + "/" + name;
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

}  // namespace

std::vector<Failure> write_reports(const ReportFiles& files, const Snapshot& snapshot,
                                   const WriteFile& write_file, const HistorySpan* history) {
  std::vector<Failure> failures;
  if (files.formats.empty()) return failures;
  if (auto failure = make_directories(files.directory)) return {*failure};
  const Report report(snapshot, history);
  for (const Format& format : kFormats) {
    if (std::find(files.formats.begin(), files.formats.end(), format.name) == files.formats.end())
      continue;
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
    remove_old(files, extension, copy, failures);
  }
#ifdef __GLIBC__
  // Once an hour a report takes ten times its size for a moment. Without this call the daemon would
  // keep that memory.
  malloc_trim(0);
#endif
  return failures;
}

}  // namespace ringside
