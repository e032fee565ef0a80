// Reports as files: report.txt, report.md, report.html and report.json, always the latest, and
// copies with the time in their names (report-20241123T091555Z.txt). In each format `keep` copies
// are kept.
//
// Which copies go if there are too many? The copy just written always stays, whatever the clock
// says. Copies with a later time go first: a wrong clock made them, and otherwise they would stay
// for good and push out the right ones. Then the oldest go.
#pragma once

#include <cstdint>
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
  std::string history = {};  // the history file that the reports read; empty: none
};

// Writes each format, each file whole or not at all, and removes copies beyond `keep`. One format
// that fails does not keep the others from being written. Returns what failed. `write` is for
// tests. `history` may be null: then the reports show nothing over time.
std::vector<Failure> write_reports(const ReportFiles& files, const Snapshot& snapshot,
                                   const WriteFile& write = write_whole_file,
                                   const HistorySpan* history = nullptr);

}  // namespace ringside
