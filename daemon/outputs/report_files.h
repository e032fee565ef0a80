// Reports as files: report.txt and report.json, always the latest, and copies with the time in their names
// (report-20241123T091555Z.txt), of which so many are kept in each format.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/model/snapshot.h"
#include "shm/failure.h"

namespace ringside {

struct ReportFiles {
  std::string directory;
  std::vector<std::string> formats;   // text, json
  std::uint64_t keep = 0;
};

// Writes each format, each file whole or not at all, and removes the oldest copies beyond `keep`. One format that
// fails does not keep the others from being written. Returns what failed.
std::vector<Failure> write_reports(const ReportFiles& files, const Snapshot& snapshot);

}  // namespace ringside
