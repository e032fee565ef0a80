// seeds DIRECTORY makes a folder and a dictionary for each kind of input.
#include "tests/ring/fuzz/seeds.h"

#include <fstream>
#include <iostream>
#include <stdexcept>

namespace ringside::fuzz {

Folder::Folder(const std::filesystem::path& path) : path_(path) {
  std::filesystem::create_directories(path_);
}

void Folder::add(const std::string& name, std::string_view bytes) const {
  std::ofstream file(path_ / name, std::ios::binary);
  file << bytes;
  if (!file.flush()) throw std::runtime_error((path_ / name).string() + ": cannot write");
}

void Folder::word(std::string_view bytes) const {
  std::ofstream file(path_.string() + ".dict", std::ios::app);
  file << '"';
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    file << "\\x"
         << "0123456789abcdef"[byte >> 4] << "0123456789abcdef"[byte & 15];
  }
  file << "\"\n";
  if (!file.flush()) throw std::runtime_error(path_.string() + ".dict: cannot write");
}

}  // namespace ringside::fuzz

int main(int argc, char** argv) {
  using namespace ringside::fuzz;
  if (argc != 2) {
    std::cerr << "usage: seeds DIRECTORY\n";
    return 2;
  }
  try {
    const std::filesystem::path root(argv[1]);
    file_seeds(Folder(root / "file"));
    step_seeds(Folder(root / "steps"));
    state_seeds(Folder(root / "state"));
    text_seeds(Folder(root / "texts"));
    http_seeds(Folder(root / "http"));
    recording_seeds(Folder(root / "recording"));
  } catch (const std::exception& error) {
    std::cerr << "seeds: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
