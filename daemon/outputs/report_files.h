// Reports as files: report.txt, report.md, report.html and report.json, always the latest, and
// copies with the time in their names (report-20241123T091555Z.txt). In each format `keep` copies
// are kept.
//
// Beside them one report for each day in UTC, made of the history: daily-20241123.txt. In each
// format `keep_daily` of them are kept.
//
// Which copies go if there are too many? The copy just written always stays, whatever the clock
// says. Copies with a later time go first: a wrong clock made them, and otherwise they would stay
// for good and push out the right ones. Then the oldest go.
#pragma once

#include <fcntl.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/storage/files.h"
#include "report/model/history.h"
#include "report/model/snapshot.h"
#include "shm/failure.h"

namespace ringside {

struct ReportFiles {
  std::string directory;
  std::vector<std::string> formats;  // text, markdown, html, json
  std::uint64_t keep = 0;
  std::string history = {};      // the history file that the reports read; empty: none
  std::uint64_t keep_daily = 0;  // 0: none are written, and none are removed
};

// Tries whether reports could be written: makes the directory, and writes to a file in it that has
// no name, so that nothing is left whatever happens. Without a format there is nothing to write.
// `allocate` is for tests: posix_fallocate(), which not every file system can do.
using AllocateFile = int (*)(int fd, off_t offset, off_t bytes);
std::optional<Failure> try_reports(const ReportFiles& files,
                                   AllocateFile allocate = posix_fallocate);

// Writes each format, each file whole or not at all, and removes copies beyond `keep`. One format
// that fails does not keep the others from being written. Returns what failed. `write` is for
// tests. `history` may be null: then the reports show nothing over time.
std::vector<Failure> write_reports(const ReportFiles& files, const Snapshot& snapshot,
                                   const WriteFile& write = write_whole_file,
                                   const HistorySpan* history = nullptr);

// Writes the report of the day that begins then, unless the day has one in each format that was
// written after the day (by its file's modification time; one from the future counts as none).
// Nothing is written where there is no history, or where it holds nothing of that day: `written`
// says whether something was. Returns what failed.
std::vector<Failure> write_daily_reports(const ReportFiles& files, std::int64_t begin_wall_s,
                                         bool* written, const WriteFile& write = write_whole_file);

}  // namespace ringside
