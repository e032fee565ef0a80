// Another program that runs beside the benchmark. It is started, measured from /proc, stopped, and
// never left behind.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ringside::bench {

class Program {
 public:
  // The program's output goes to the file `output`. A variable of `environment` with an empty value
  // is unset. `cpu` -1 leaves the program where the kernel puts it.
  Program(const std::vector<std::string>& command, const std::string& output,
          const std::vector<std::pair<std::string, std::string>>& environment = {}, int cpu = -1);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  // Ends the program in order. Returns its exit code, or -1 when it had to be killed after
  // `seconds`.
  int stop(double seconds = 10);
  // Waits until the program ends by itself. Returns nothing after `seconds`.
  std::optional<int> wait(double seconds);

  double cpu_seconds() const;            // CPU time used so far
  std::size_t resident_bytes() const;

 private:
  pid_t pid_ = -1;
  bool ended_ = false;
};

std::size_t resident_bytes_of(pid_t pid);
// Waits until the file is not empty. Returns false after `seconds`.
bool wait_for_file(const std::string& path, double seconds);
std::string read_text(const std::string& path);
// The path of a program in $PATH. Empty when there is none.
std::string program_in_path(const std::string& name);

// A fresh folder that the destructor removes. It lies below /tmp, or below the scratch folder of
// the parent process, which removes it even if this process is killed.
class Scratch {
 public:
  Scratch();
  // From now on every Scratch of this process and of its forks lies in that folder.
  static void lie_in(const std::string& folder);
  static const std::string& holder();
  ~Scratch();
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace ringside::bench
