// Another program, run beside the benchmark: started, measured from /proc, stopped, and never left
// behind.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ringside::bench {

class Program {
 public:
  // Output goes to `output` (a file). `cpu` -1 leaves it where the kernel puts it.
  Program(const std::vector<std::string>& command, const std::string& output,
          const std::vector<std::pair<std::string, std::string>>& environment = {}, int cpu = -1);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  // Ends it in order; its exit code, or -1 when it had to be killed after `seconds`.
  int stop(double seconds = 10);
  // Waits for it to end by itself.
  std::optional<int> wait(double seconds);

  double cpu_seconds() const;            // used so far
  std::size_t resident_bytes() const;

 private:
  pid_t pid_ = -1;
  bool ended_ = false;
};

std::size_t resident_bytes_of(pid_t pid);
// Waits until the file holds something; false after `seconds`.
bool wait_for_file(const std::string& path, double seconds);
std::string read_text(const std::string& path);
// Where $PATH has it; empty when it hasn't.
std::string program_in_path(const std::string& name);

// A fresh folder that is removed at the end: below /tmp, or below the scratch folder of the process
// that runs this part, so that it goes even when this process is killed.
class Scratch {
 public:
  Scratch();
  // From now on every Scratch of this process and its children lies in that folder.
  static void lie_in(const std::string& folder);
  static const std::string& holder();
  ~Scratch();
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace ringside::bench
