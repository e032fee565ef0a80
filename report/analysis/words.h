// The words of a name, which '_' separates. IP_BLOCKED has the words IP and BLOCKED, and does not
// contain LOCK.
#pragma once

#include <initializer_list>
#include <string_view>

namespace ringside {

inline bool has_word(std::string_view name, std::string_view word) {
  while (true) {
    const std::size_t end = name.find('_');
    if (name.substr(0, end) == word) return true;
    if (end == std::string_view::npos) return false;
    name.remove_prefix(end + 1);
  }
}

inline bool has_any_word(std::string_view name, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (has_word(name, word)) return true;
  }
  return false;
}

}  // namespace ringside
