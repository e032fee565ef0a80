// What a run shows: a table for people and JSON for programs.
#pragma once

#include <iosfwd>
#include <string>

#include "tools/load/run.h"

namespace ringside::load {

std::string to_json(const Settings& settings, const Result& result);
void print_summary(std::ostream& out, const Settings& settings, const Result& result);
// Writes beside `path` and renames, so that a reader sees the whole file or none. Returns what went
// wrong, empty if nothing did.
std::string write_whole(const std::string& path, const std::string& text);

}  // namespace ringside::load
