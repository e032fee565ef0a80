#include "daemon/alerts/explain_words.h"

#include <sstream>

#include "daemon/config/config_keys.h"
#include "daemon/config/config_print.h"
#include "report/model/format.h"

namespace ringside {
namespace {

constexpr std::size_t kColumns = 80;

bool is_default(std::string_view path, const Config& config) {
  for (const auto& key : config_keys()) {
    if (key.path == path) return value_text(key, config) == value_text(key, Config{});
  }
  return true;
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t indent) {
  const std::string begin(indent, ' ');
  std::string out;
  std::string line = begin;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    if (line.size() > indent && display_width(line) + 1 + display_width(word) > kColumns) {
      out += line + '\n';
      line = begin;
    }
    if (line.size() > indent) line += ' ';
    line += word;
  }
  return out + line + '\n';
}

std::string padded(const std::string& text, std::size_t columns) {
  const std::size_t width = display_width(text);
  return text + std::string(width < columns ? columns - width : 1, ' ');
}

std::string origin(std::string_view path, const Config& config) {
  return is_default(path, config) ? "default" : "configured";
}

}  // namespace ringside
