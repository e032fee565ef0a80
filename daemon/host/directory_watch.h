// Reports, by inotify, when a file of a wanted name appears in a directory. So a new ring is
// noticed at once. The daemon also looks for itself every 200 ms. Where the kernel gives no
// inotify, a new ring is noticed that late.
//
//   drain thread:  poll(fd()) while it sleeps; take() before each pass; follow() at each tick
//
// One thread uses it. Nothing here blocks.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "shm/file_descriptor.h"

namespace ringside {

class DirectoryWatch {
 public:
  DirectoryWatch();

  // Readable when there is something to take(); -1 where the kernel gives no inotify.
  int fd() const { return inotify_.get(); }

  // From now on these files are wanted, and no others. The last component of a path may be a
  // pattern (*, ?, [...]). A call with the same files costs nothing, and adds directories that did
  // not exist before.
  void follow(const std::vector<std::string>& files);

  struct Changes {
    // Paths of wanted files, one entry for each time that one was created or moved there.
    std::vector<std::string> appeared;
    // The kernel dropped events, or a directory is gone. The caller must look for itself.
    bool unsure = false;
  };
  Changes take();

  // Why something is not watched; empty when all is well.
  const std::string& problem() const { return problem_; }

 private:
  struct Directory {
    std::string path;
    int descriptor = -1;                 // of inotify; -1: the directory is not watched
    std::vector<std::string> patterns;
  };
  void add(Directory& directory);

  FileDescriptor inotify_;
  std::map<std::string, Directory> directories_;
  std::string problem_;
};

}  // namespace ringside
