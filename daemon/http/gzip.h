// Compresses the bodies of answers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ringside::http {

// Smaller bodies fit into one packet anyhow.
inline constexpr std::size_t kLeastGzipBytes = 1024;

// Whether bodies of this Content-Type become smaller: text, JSON, SVG, scripts, protobuf.
bool is_compressible(std::string_view type);

// RFC 1952. Nothing where zlib has no memory.
std::optional<std::string> gzip(std::string_view body);

// The same for bytes that never change and live as long as the program, as small as zlib makes
// them. Made at the first call for these bytes, in some milliseconds, and kept. Null where it is
// not worth it. Any thread.
const std::string* gzipped_once(std::string_view body);

}  // namespace ringside::http
