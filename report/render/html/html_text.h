// Text in its place in an HTML page.
#pragma once

#include <string>
#include <string_view>

namespace ringside::html {

// For the content of an element, and for an attribute in double quotes.
std::string text(std::string_view text);
// JSON for the content of a script element. Nothing in it ends the element, begins a comment, or is
// a line break to a reader of JavaScript: '<', '>', '&', U+2028 and U+2029 become \u escapes.
std::string script_json(std::string_view json);

}  // namespace ringside::html
