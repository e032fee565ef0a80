#include "daemon/http/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <map>
#include <mutex>
#include <utility>

namespace ringside::http {

bool is_compressible(std::string_view type) {
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (type.starts_with("text/") || type.ends_with("json") || type.ends_with("xml")) return true;
  const std::string_view others[] = {"application/javascript", "application/openmetrics-text",
                                     "application/vnd.google.protobuf"};
  return std::find(std::begin(others), std::end(others), type) != std::end(others);
}

namespace {

std::optional<std::string> gzip(std::string_view body, int level) {
  if (body.size() > std::numeric_limits<uInt>::max()) return std::nullopt;
  z_stream stream{};
  constexpr int kGzipHeader = 16;  // added to the window's bits (zlib.h, deflateInit2)
  if (deflateInit2(&stream, level, Z_DEFLATED, MAX_WBITS + kGzipHeader, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    return std::nullopt;
  std::string out(deflateBound(&stream, static_cast<uLong>(body.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));  // zlib only reads
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) return std::nullopt;
  return out;
}

}  // namespace

std::optional<std::string> gzip(std::string_view body) { return gzip(body, Z_BEST_SPEED); }

const std::string* gzipped_once(std::string_view body) {
  static std::mutex mutex;
  static std::map<const char*, std::string> made;  // empty: not worth it
  const std::lock_guard lock(mutex);
  const auto [entry, is_new] = made.try_emplace(body.data());
  if (is_new && body.size() >= kLeastGzipBytes) {
    auto smaller = gzip(body, Z_BEST_COMPRESSION);
    if (smaller && smaller->size() < body.size()) entry->second = std::move(*smaller);
  }
  return entry->second.empty() ? nullptr : &entry->second;
}

}  // namespace ringside::http
