#include "shm/identity.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

namespace ringside {

namespace {

// Uses no streams: a forked child calls this at its first record.
std::size_t read_file(const char* path, char* buffer, std::size_t bytes) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  std::size_t got = 0;
  while (got < bytes) {
    const ssize_t n = read(fd, buffer + got, bytes - got);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  close(fd);
  return got;
}

// A numeric field of /proc/PID/stat, counted from 1 as in proc(5); 0 when it isn't there.
std::uint64_t stat_field(std::string_view stat, int wanted) {
  // The name (field 2) stands in parentheses and may hold some itself. So fields are counted from
  // the last parenthesis.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return 0;
  std::size_t at = name_end + 1;
  for (int field = 2; field < wanted; ++field) {
    at = stat.find(' ', at);
    if (at == std::string_view::npos) return 0;
    ++at;
  }
  std::uint64_t value = 0;
  const auto result = std::from_chars(stat.data() + at, stat.data() + stat.size(), value);
  return result.ec == std::errc{} ? value : 0;
}

constexpr int kThreadsField = 20;
constexpr int kStartTimeField = 22;

}  // namespace

std::uint64_t start_time_from_stat(std::string_view stat) {
  return stat_field(stat, kStartTimeField);
}

bool ended_in_stat(std::string_view stat) {
  const std::size_t state = stat.rfind(')') + 2;
  return state < stat.size() && (stat[state] == 'Z' || stat[state] == 'X') &&
         stat_field(stat, kThreadsField) <= 1;
}

std::uint64_t process_start_time(std::uint32_t pid) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%u/stat", pid);
  char text[1024];
  const std::size_t bytes = read_file(path, text, sizeof text);
  return start_time_from_stat({text, bytes});
}

Liveness process_liveness(std::uint32_t pid, std::uint64_t start_time) {
  // Larger numbers are no pids. As negative ones they would stand for groups in kill(), or for
  // every process.
  if (pid == 0 || pid > static_cast<std::uint32_t>(INT32_MAX)) return Liveness::dead;
  if (kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH) return Liveness::dead;
  if (start_time == 0) return Liveness::alive;
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%u/stat", pid);
  char text[1024];
  const std::size_t bytes = read_file(path, text, sizeof text);
  const std::string_view stat(text, bytes);
  const std::uint64_t now = start_time_from_stat(stat);
  if (now == 0) return Liveness::unknown;
  if (now != start_time) return Liveness::dead;
  return ended_in_stat(stat) ? Liveness::dead : Liveness::alive;
}

std::uint64_t self_pid_namespace() {
  struct stat info {};
  return stat("/proc/self/ns/pid", &info) == 0 ? static_cast<std::uint64_t>(info.st_ino) : 0;
}

ProcessIdentity self_identity() {
  const auto pid = static_cast<std::uint32_t>(getpid());
  return {pid, process_start_time(pid), self_pid_namespace()};
}

BootId boot_id_from_text(std::string_view text) {
  BootId id;
  unsigned digits = 0;
  for (const char c : text) {
    unsigned value = 0;
    if (c >= '0' && c <= '9') {
      value = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = static_cast<unsigned>(c - 'a') + 10;
    } else {
      continue;
    }
    std::uint64_t& word = id.words[digits < 16 ? 0 : 1];
    word = word << 4 | value;
    if (++digits == 32) break;
  }
  return id;
}

BootId current_boot_id() {
  char text[64];
  const std::size_t bytes = read_file("/proc/sys/kernel/random/boot_id", text, sizeof text);
  return boot_id_from_text({text, bytes});
}

bool other_boot(const BootId& a, const BootId& b) {
  const auto known = [](const BootId& id) { return (id.words[0] | id.words[1]) != 0; };
  return known(a) && known(b) && std::memcmp(a.words, b.words, sizeof a.words) != 0;
}

}  // namespace ringside
