// Which form of /metrics a client gets.
#include <doctest/doctest.h>

#include <cstring>

#include "report/render/prometheus/exposition.h"

using namespace ringside;

namespace {

constexpr auto kText = MetricsFormat::text;
constexpr auto kOpen = MetricsFormat::openmetrics;
constexpr auto kOlder = MetricsFormat::openmetrics_0_0_1;
constexpr auto kProtobuf = MetricsFormat::protobuf;

const char* const kProtobufType =
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

}  // namespace

TEST_CASE("MetricsAccept: what Prometheus sends") {
  const std::string protobuf = kProtobufType;
  // 2.42 without and with --enable-feature=native-histograms.
  CHECK(metrics_format_for("application/openmetrics-text;version=1.0.0,"
                           "application/openmetrics-text;version=0.0.1;q=0.75,"
                           "text/plain;version=0.0.4;q=0.5,*/*;q=0.1") == kOpen);
  CHECK(metrics_format_for(protobuf + ",application/openmetrics-text;version=1.0.0;q=0.8,"
                                      "application/openmetrics-text;version=0.0.1;q=0.75,"
                                      "text/plain;version=0.0.4;q=0.5,*/*;q=0.1") == kProtobuf);
  // 3.x, with its default and with native histograms.
  const std::string texts =
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
      "application/openmetrics-text;version=0.0.1;q=0.4,"
      "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2";
  CHECK(metrics_format_for(texts + ",*/*;q=0.1") == kOpen);
  CHECK(metrics_format_for(protobuf + ";q=0.6," + texts + ",*/*;q=0.1") == kProtobuf);
}

TEST_CASE("MetricsAccept: one by one") {
  const std::string protobuf = kProtobufType;
  const std::pair<std::string, MetricsFormat> cases[] = {
      {"", kText},
      {"*/*", kText},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", kText},
      {"application/json", kText},
      {"application/openmetrics-text", kOpen},
      {"APPLICATION/OpenMetrics-Text; Version=\"1.0.0\"", kOpen},
      {"application/openmetrics-text;version=0.0.1", kOlder},
      {"application/openmetrics-text;version=2.0.0", kText},
      {protobuf, kProtobuf},
      {"application/vnd.google.protobuf", kText},
      {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
       kText},
      {"application/vnd.google.protobuf;proto=other;encoding=delimited", kText},
      {protobuf + ";q=0", kText},
      {protobuf + ";q=0.4,application/openmetrics-text;q=0.5", kOpen},
      {"text/plain;q=0.5,application/openmetrics-text;q=0.5", kText},
      {"application/openmetrics-text;q=0.5,text/plain;q=0.5", kOpen},
      {"application/openmetrics-text;q=0.5,text/*;q=0.6", kText},
      {"application/openmetrics-text;q=2", kText},
      {"application/openmetrics-text;q=nan", kText},
      {"application/openmetrics-text;q=-1", kText},
      {"application/openmetrics-text;q=", kText},
      {"application/openmetrics-text;q=1;x=\",text/plain\"", kOpen},
      {",, ,;;,application/openmetrics-text ; q = 1 ,", kOpen},
  };
  for (const auto& one : cases) {
    CAPTURE(one.first);
    CHECK(metrics_format_for(one.first) == one.second);
  }
}

TEST_CASE("MetricsAccept: any bytes may come") {
  for (const char* bytes : {"\"", "\"\\", ";", "=", ",=;\"", "q=1", "a;q=\"", "\xff\xfe;\x01"})
    CHECK(metrics_format_for(bytes) == kText);
  // Every beginning of a good one.
  const std::string whole = std::string(kProtobufType) + ";q=0.6,text/plain;version=\"0.0.4\"";
  for (std::size_t length = 0; length <= whole.size(); ++length)
    (void)metrics_format_for(whole.substr(0, length));
}

TEST_CASE("MetricsAccept: each form names itself so that it is asked for by that name") {
  for (const MetricsFormat format : {kText, kOlder, kOpen, kProtobuf})
    CHECK(metrics_format_for(content_type_of(format)) == format);
}
