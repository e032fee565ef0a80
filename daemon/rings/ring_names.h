// Finds the files of rings that are given by name, by path, or by pattern.
//
//   chat             /dev/shm/ringside.chat
//   /run/chat/ring   that file
//   *  irc-?         every ring in /dev/shm whose name matches, whenever it appears
//   /run/chat/ring*  every file in that directory that matches; only the last component may be a
//                    pattern
//
// Two names mean the same ring when they lead to the same file: the same last component in the same
// directory. Symbolic links may lead to that directory. (The last component is never a link: rings
// are not opened through one.) This can't tell a directory that is mounted twice. The follower
// tells such rings by their instance.
#pragma once

#include <string>
#include <vector>

namespace ringside {

// One ring that is to be followed.
struct RingName {
  std::string name;   // as it is shown
  std::string path;   // canonical_path(); empty when no ring can have the name
  std::string problem;
};

bool is_pattern(const std::string& ring);

// The ring of a name or path.
RingName resolve_ring(const std::string& ring);

// The path that stands for a pattern's files. Its last component is the pattern.
std::string pattern_path(const std::string& pattern);
// Whether a pattern's path matches a file's. A crashed server's ring that was moved aside
// (.previous) never matches.
bool matches(const std::string& pattern_path, const std::string& path);
// The files that match, in the order of their names.
std::vector<RingName> rings_like(const std::string& pattern);

// The name that is shown: short for a file in the usual place, otherwise the path.
std::string shown_name(const std::string& path);
// For patterns, which match other files as well. False when the file is certainly no ring. A file
// that can't be opened may be a ring.
bool may_be_ring(const std::string& path);
bool exists(const std::string& path);

// The directory's real path and the last component. Where the directory does not exist, or its real
// path leads to another one, the path as it was written.
std::string canonical_path(const std::string& path);

}  // namespace ringside
