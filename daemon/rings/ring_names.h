// Which files the rings are that somebody named: by name, by path, or by pattern.
//
//   chat             /dev/shm/ringside.chat
//   /run/chat/ring   that file
//   *  irc-?         every ring in /dev/shm whose name matches, whenever it appears
//   /run/chat/ring*  every file in that directory that matches; no pattern but in the last
//   component
//
// Two names mean the same ring when they lead to the same file: to the same last component in the
// same directory, whatever symbolic links lead to that directory. (The last component itself is
// never a link: rings are not opened through one.) What this cannot tell, a directory that is
// mounted twice for instance, the follower tells by the ring's instance.
#pragma once

#include <string>
#include <vector>

namespace ringside {

// One ring that is to be followed.
struct RingName {
  std::string name;   // as it is shown
  std::string path;   // canonical_path(); empty when the name can't be a ring's
  std::string problem;
};

bool is_pattern(const std::string& ring);

// The ring of a name or path.
RingName resolve_ring(const std::string& ring);

// The files that a pattern stands for, as a path whose last component is the pattern.
std::string pattern_path(const std::string& pattern);
// Whether a pattern's path matches a file's. A crashed server's ring that was moved aside
// (.previous) matches nothing.
bool matches(const std::string& pattern_path, const std::string& path);
// The files there that match, in the order of their names.
std::vector<RingName> rings_like(const std::string& pattern);

// As it is shown: a file in the usual place by its short name, another one by its path.
std::string shown_name(const std::string& path);
// False when the file surely is no ring. For patterns, which match other files as well. One that
// may not be opened may be a ring.
bool may_be_ring(const std::string& path);
bool exists(const std::string& path);

// The directory's real path and the last component. The path as it was written where the directory
// is not there, or where its real path leads to another one.
std::string canonical_path(const std::string& path);

}  // namespace ringside
