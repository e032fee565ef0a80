// Fuzz target: what a client of the API sends, and the file of tokens.
//
//   byte 0   which of them the rest is
#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string>

#include "daemon/http/accept.h"
#include "daemon/http/head_scanner.h"
#include "daemon/http/host_check.h"
#include "daemon/http/request_head.h"
#include "daemon/http/target.h"
#include "daemon/http/tokens.h"
#include "tests/ring/fuzz/input.h"

using namespace ringside::http;
using namespace ringside::fuzz;

namespace {

bool plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// What was accepted means one thing only.
void check_target(const std::string& path,
                  const std::vector<std::pair<std::string, std::string>>& query) {
  FUZZ_REQUIRE(path == "*" || path.starts_with('/'));
  FUZZ_REQUIRE(plain(path) && path.find('\\') == std::string::npos);
  FUZZ_REQUIRE((path + "/").find("/../") == std::string::npos);
  FUZZ_REQUIRE((path + "/").find("/./") == std::string::npos);
  FUZZ_REQUIRE(query.size() <= kMostParameters);
  for (const auto& [name, value] : query) FUZZ_REQUIRE(plain(name) && plain(value));
}

void target(std::string_view text) {
  std::string why;
  const auto found = decode_target(text, &why);
  FUZZ_REQUIRE(found.has_value() == why.empty());
  if (found) check_target(found->path, found->query);
}

void tokens(std::string_view text) {
  std::vector<std::string> errors;
  const TokenTable table = TokenTable::parse(text, "FILE", &errors);
  FUZZ_REQUIRE(errors.empty() || table.size() == 0);
  FUZZ_REQUIRE(table.size() <= TokenTable::kMostTokens);
  for (const std::string& error : errors) {
    FUZZ_REQUIRE(error.starts_with("FILE:"));
    FUZZ_REQUIRE(plain(error.substr(0, error.find('\n'))));
  }
}

void accepted(std::string_view text) {
  static constexpr std::string_view kOffered[] = {"application/json", "text/html", "text/plain"};
  const auto all = parse_preferences(text);
  FUZZ_REQUIRE(all.size() <= kMostPreferences);
  for (const Preference& one : all)
    FUZZ_REQUIRE(one.quality >= 0 && one.quality <= 1000 && !one.name.empty());
  if (const auto best = best_type(text, kOffered)) FUZZ_REQUIRE(*best < std::size(kOffered));
  accepts_gzip(text);
  names_tag(text, "W/\"a\"");
}

// Byte by byte and at once the same comes out. What Beast makes of a good head has the length that
// the scanner saw, so that no byte counts for two requests.
void head(std::string_view text) {
  const HeadLimits limits{64, 512, 8};
  HeadScanner whole(limits), slow(limits);
  const auto verdict = whole.scan(text);
  auto last = HeadScanner::Verdict::more;
  for (std::size_t i = 1; i <= text.size() && last == HeadScanner::Verdict::more; ++i)
    last = slow.scan(text.substr(0, i));
  FUZZ_REQUIRE(last == verdict);
  if (verdict != HeadScanner::Verdict::complete) return;
  FUZZ_REQUIRE(slow.size() == whole.size() && whole.size() <= text.size());
  boost::beast::http::request_parser<boost::beast::http::string_body> parser;
  boost::system::error_code error;
  const std::size_t used = parser.put(boost::asio::buffer(text.data(), whole.size()), error);
  if (error) return;
  FUZZ_REQUIRE(parser.is_header_done() && used == whole.size());
  static const HttpOptions options;
  static const Handlers handlers;
  Entrance entrance;
  entrance.local = boost::asio::ip::make_address("127.0.0.1");
  Request request;
  const HeadJudgement judgement = judge_head(parser.get(), entrance, options, handlers, request);
  if (judgement.refusal) FUZZ_REQUIRE(judgement.refusal->status >= 400);
  if (judgement.refusal || judgement.answer) return;
  check_target(request.path, request.query);
  FUZZ_REQUIRE(request.header("host") != nullptr);
  FUZZ_REQUIRE(!parser.chunked() || request.header("content-length") == nullptr);
  judge_body(parser.get(), request, !parser.is_done());
}

void host(std::string_view text) {
  const auto local = boost::asio::ip::make_address("192.0.2.1");
  if (!host_is_good(text)) return;
  FUZZ_REQUIRE(plain(text) && text.find_first_of(" @/\\?#") == std::string_view::npos);
  host_is_ours(text, local, {});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  const auto what = in.take<std::uint8_t>();
  const std::string text(in.take_bytes(size));
  switch (what % 5) {
    case 0: target(text); break;
    case 1: tokens(text); break;
    case 2: accepted(text); break;
    case 3: head(text); break;
    default: host(text); break;
  }
  return 0;
}
