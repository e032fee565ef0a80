#include "tools/ringside/control/change_lock.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstddef>

#include "report/model/format.h"

namespace ringside::tool {
namespace {

// The magic number, which nobody sets, stands for whose turn it is.
constexpr std::uint64_t kTurnOffset = 0;

constexpr std::uint64_t requested_offset(std::uint64_t id) {
  return kControlOffset + offsetof(Control, requested) + id * sizeof(Control::requested[0]);
}

}  // namespace

ChangeLock::ChangeLock(const Segment& segment)
    : segment_(segment), file_(open(segment.path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW)) {
  if (!file_) error_ = errno;
}

int ChangeLock::lock(int command, short type, std::uint64_t offset, std::uint64_t bytes) const {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(offset);
  range.l_len = static_cast<off_t>(bytes);
  while (fcntl(file_.get(), command, &range) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

bool ChangeLock::hold(const Words& words, Failure* failure) {
  const std::string path = escape_visible(segment_.path());
  struct stat info {};
  if (error_ == 0 && fstat(file_.get(), &info) != 0) error_ = errno;
  if (error_ == 0 && info.st_ino != segment_.inode()) {
    *failure = {0, path + ": a new server has just created it anew\n  next: run the command again"};
    return false;
  }
  int error = error_;
  const auto take = [&](std::uint64_t offset, std::uint64_t bytes) {
    if (error == 0) error = lock(F_OFD_SETLK, F_WRLCK, offset, bytes);
  };
  constexpr std::uint64_t kWord = sizeof(Control::requested[0]);
  if (words.enabled) take(kControlOffset + offsetof(Control, enabled), kWord);
  if (words.operations) take(requested_offset(0), kMaxOperations * kWord);
  for (const std::uint16_t id : words.ids) take(requested_offset(id), kWord);
  if (error == 0) return true;
  if (error == EAGAIN) {
    *failure = {0, path +
                       ": another `ringside control --for` has set this and will take it back; "
                       "nothing is changed\n  next: wait until its time is over, or end it: it "
                       "takes it back at once (`pgrep -af 'ringside control'` shows it)"};
  } else {
    *failure = system_failure(path, "can't lock its switches", error);
  }
  return false;
}

ChangeLock::Turn::Turn(ChangeLock& lock) : lock_(lock) {
  lock_.lock(F_OFD_SETLKW, F_WRLCK, kTurnOffset, 1);
}
ChangeLock::Turn::~Turn() { lock_.lock(F_OFD_SETLK, F_UNLCK, kTurnOffset, 1); }

}  // namespace ringside::tool
