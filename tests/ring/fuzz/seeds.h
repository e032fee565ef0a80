// The corpora and dictionaries that the fuzz targets begin with. A program makes them (seeds.cpp).
// The code that servers and the daemon run makes the valid parts. These files make the evil ones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace ringside::fuzz {

// A folder of seeds, and the dictionary beside it.
class Folder {
 public:
  explicit Folder(const std::filesystem::path& path);
  void add(const std::string& name, std::string_view bytes) const;
  // Words that the mutator puts into inputs.
  void word(std::string_view bytes) const;
  template <typename T>
  void number(T value) const {
    word({reinterpret_cast<const char*>(&value), sizeof value});
  }

 private:
  std::filesystem::path path_;
};

void file_seeds(const Folder& folder);   // open_segment, shown_ring
void step_seeds(const Folder& folder);   // the targets of ring_life.h
void state_seeds(const Folder& folder);  // state_file, restored_state
void text_seeds(const Folder& folder);   // texts
void http_seeds(const Folder& folder);   // http_texts
void recording_seeds(const Folder& folder);  // recording

}  // namespace ringside::fuzz
