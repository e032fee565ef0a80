// Which form a client wants. Prometheus 2.42 and 3.x send lists like
//   application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1
#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "report/render/prometheus/exposition.h"

namespace ringside {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool same(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

// Takes what comes before the next separator that is not in quotes.
std::string_view take(std::string_view& rest, char separator) {
  bool quoted = false;
  std::size_t at = 0;
  for (; at < rest.size(); ++at) {
    if (rest[at] == '"') quoted = !quoted;
    if (quoted && rest[at] == '\\') ++at;
    if (!quoted && rest[at] == separator) break;
  }
  at = std::min(at, rest.size());
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return trimmed(taken);
}

struct MediaRange {
  std::string_view type, version, proto, encoding;
  double q = 1;
};

// Absent where q is no number from 0 to 1.
std::optional<MediaRange> range_of(std::string_view text) {
  MediaRange range;
  range.type = take(text, ';');
  while (!text.empty()) {
    std::string_view value = take(text, ';');
    const std::string_view name = take(value, '=');
    value = trimmed(value);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    if (same(name, "version")) range.version = value;
    if (same(name, "proto")) range.proto = value;
    if (same(name, "encoding")) range.encoding = value;
    if (!same(name, "q")) continue;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), range.q);
    if (error != std::errc() || end != value.data() + value.size()) return std::nullopt;
    if (!(range.q >= 0 && range.q <= 1)) return std::nullopt;
  }
  return range;
}

std::optional<MetricsFormat> format_of(const MediaRange& range) {
  if (same(range.type, "application/vnd.google.protobuf")) {
    if (range.proto == "io.prometheus.client.MetricFamily" && same(range.encoding, "delimited"))
      return MetricsFormat::protobuf;
  } else if (same(range.type, "application/openmetrics-text")) {
    if (range.version.empty() || range.version == "1.0.0") return MetricsFormat::openmetrics;
    if (range.version == "0.0.1") return MetricsFormat::openmetrics_0_0_1;
  } else if (same(range.type, "text/plain")) {
    if (range.version.empty() || range.version == "0.0.4") return MetricsFormat::text;
  } else if (same(range.type, "text/*") || range.type == "*/*") {
    return MetricsFormat::text;
  }
  return std::nullopt;
}

}  // namespace

MetricsFormat metrics_format_for(std::string_view accept) {
  MetricsFormat best = MetricsFormat::text;
  double most = 0;
  while (!accept.empty()) {
    const std::optional<MediaRange> range = range_of(take(accept, ','));
    if (!range || range->q <= most) continue;
    const std::optional<MetricsFormat> format = format_of(*range);
    if (!format) continue;
    best = *format;
    most = range->q;
  }
  return best;
}

const char* content_type_of(MetricsFormat format) {
  switch (format) {
    case MetricsFormat::text: break;
    case MetricsFormat::openmetrics_0_0_1:
      return "application/openmetrics-text; version=0.0.1; charset=utf-8";
    case MetricsFormat::openmetrics:
      return "application/openmetrics-text; version=1.0.0; charset=utf-8";
    case MetricsFormat::protobuf:
      return "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
             "encoding=delimited";
  }
  return "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace ringside
