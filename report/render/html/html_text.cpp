#include "report/render/html/html_text.h"

namespace ringside::html {

std::string text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string script_json(std::string_view json) {
  constexpr std::string_view kSeparators[] = {"\u2028", "\u2029"};
  std::string out;
  out.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string_view rest = json.substr(i);
    if (rest.starts_with(kSeparators[0]) || rest.starts_with(kSeparators[1])) {
      out += rest.starts_with(kSeparators[0]) ? "\\u2028" : "\\u2029";
      i += 2;  // three bytes in all
      continue;
    }
    switch (json[i]) {
      case '<': out += "\\u003c"; break;
      case '>': out += "\\u003e"; break;
      case '&': out += "\\u0026"; break;
      default: out += json[i];
    }
  }
  return out;
}

}  // namespace ringside::html
