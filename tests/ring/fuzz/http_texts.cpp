// Fuzz target: what a client of the API sends, and the file of tokens.
//
//   byte 0   which of them the rest is
#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "daemon/config/units.h"
#include "daemon/http/accept.h"
#include "daemon/http/alert_body.h"
#include "daemon/http/head_scanner.h"
#include "daemon/http/host_check.h"
#include "daemon/http/incident_list.h"
#include "daemon/http/instants.h"
#include "daemon/http/parameters.h"
#include "daemon/http/request_head.h"
#include "daemon/http/target.h"
#include "daemon/http/tokens.h"
#include "report/model/format.h"
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
  // Where a name stands, nothing that was accepted changes, and no name leaves its place.
  const auto named = decode_target(text, &why, "/n/");
  FUZZ_REQUIRE(!found || (named && named->path == found->path && named->query == found->query));
  if (!named || found) return;
  FUZZ_REQUIRE(named->path.starts_with("/n/") && plain(named->path));
  FUZZ_REQUIRE((named->path + "/").find("/../") == std::string::npos);
  FUZZ_REQUIRE((named->path + "/").find("/./") == std::string::npos);
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

bool is_from(std::size_t least, std::size_t size, std::size_t most) {
  return least <= size && size <= most;
}

bool same_aims(const AlertBody& a, const AlertBody& b) {
  return std::equal(
      a.aims.begin(), a.aims.end(), b.aims.begin(), b.aims.end(),
      [](const auto& one, const auto& two) { return one.kind == two.kind && one.id == two.id; });
}

nlohmann::json filter_of(const ringside::AlertFilter& filter) {
  nlohmann::json json = nlohmann::json::object();
  if (filter.alert) json["alert"] = name_of(*filter.alert);
  if (filter.level) json["level"] = name_of(*filter.level);
  if (!filter.operation.empty()) json["operation"] = filter.operation;
  if (!filter.ring.empty()) json["ring"] = filter.ring;
  return json;
}

// The body that says the same.
std::string written(const AlertBody& body) {
  nlohmann::json json = {
      {"action", name_of(body.action)}, {"why", body.why}, {"dry_run", body.dry_run}};
  if (!body.who.empty()) json["who"] = body.who;
  if (body.for_ns != 0) json["for"] = ringside::write_duration(body.for_ns);
  if (body.all) json["all"] = true;
  for (const AlertBody::Aim& aim : body.aims) {
    if (aim.kind == ringside::AlertTarget::matching && !body.all)
      json["filter"] = filter_of(body.filter);
    else if (aim.kind != ringside::AlertTarget::matching)
      json[aim.kind == ringside::AlertTarget::episode ? "ids" : "incidents"].push_back(aim.id);
  }
  return json.dump();
}

void check_body(const AlertBody& body) {
  using ringside::AlertAction, ringside::AlertTarget;
  FUZZ_REQUIRE(is_from(1, body.aims.size(), 200));
  std::set<std::string> ids;
  for (const AlertBody::Aim& aim : body.aims) {
    FUZZ_REQUIRE(aim.kind == body.aims.front().kind && ids.insert(aim.id).second);
    const bool matching = aim.kind == AlertTarget::matching;
    FUZZ_REQUIRE(matching ? aim.id.empty() : is_from(1, aim.id.size(), 100));
  }
  // Everything is meant only by one who says so.
  const bool matching = body.aims.front().kind == AlertTarget::matching;
  FUZZ_REQUIRE(matching || !body.all);
  FUZZ_REQUIRE(!matching || body.all == (body.filter == ringside::AlertFilter{}));
  FUZZ_REQUIRE(body.action != AlertAction::unsilence ||
               body.aims.front().kind == AlertTarget::episode);
  FUZZ_REQUIRE(body.action != AlertAction::silence || body.for_ns != 0);
  const bool may_last =
      body.action == AlertAction::silence || body.action == AlertAction::acknowledge;
  FUZZ_REQUIRE(body.for_ns == 0 || (may_last && body.for_ns >= ringside::kSecond &&
                                    body.for_ns <= 366 * ringside::kDay));
  FUZZ_REQUIRE(is_from(1, body.why.size(), 500) && body.who.size() <= 60);
}

void alert_body(std::string_view text) {
  const auto read = read_alert_body(text);
  if (const auto* wrong = std::get_if<AlertBodyProblem>(&read)) {
    const std::string_view code = wrong->code;
    FUZZ_REQUIRE(code == "invalid_json" || code == "invalid_body");
    FUZZ_REQUIRE(!wrong->detail.empty() && plain(wrong->detail));
    return;
  }
  const AlertBody& body = std::get<AlertBody>(read);
  check_body(body);
  const auto read_again = read_alert_body(written(body));
  const auto* again = std::get_if<AlertBody>(&read_again);
  FUZZ_REQUIRE(again != nullptr && again->action == body.action && same_aims(*again, body));
  FUZZ_REQUIRE(again->filter == body.filter && again->all == body.all);
  FUZZ_REQUIRE(again->for_ns == body.for_ns && again->dry_run == body.dry_run);
  FUZZ_REQUIRE(again->who == body.who && again->why == body.why);
}

// An accepted cursor names a place, and the server's own cursor of that place is read back.
void cursor(std::string_view text) {
  if (const auto place = read_cursor(text)) {
    FUZZ_REQUIRE(!place->second.empty());
    FUZZ_REQUIRE(read_cursor(write_cursor(*place)) == place);
  }
  const IncidentPlace made{static_cast<std::int64_t>(text.size()) - 200, "i" + std::string(text)};
  FUZZ_REQUIRE(read_cursor(write_cursor(made)) == made);
}

// What each kind of parameter gives is within its limits. A value that is there and gives nothing
// is told.
void parameters(std::string_view text) {
  static constexpr const char* kChoices[] = {"a", "json", "critical"};
  std::string why;
  const auto found = decode_target("/?" + std::string(text), &why);
  if (!found) return;
  Request request;
  request.id = "request-1";
  request.query = found->query;
  Parameters all(request, {"text", "number", "flag", "duration", "choice", "choices", "list"});
  std::set<std::string> names;
  bool good = true;
  for (const auto& [name, value] : request.query) {
    const bool known = name == "text" || name == "number" || name == "flag" || name == "duration" ||
                       name == "choice" || name == "choices" || name == "list";
    good = good && known && names.insert(name).second;
  }
  FUZZ_REQUIRE(good == !all.wrong());
  const auto there = [&](const char* name) { return request.parameter(name) != nullptr; };
  const auto check = [&](const char* name, bool given) {
    FUZZ_REQUIRE(!given || there(name));
    good = good && (given || !there(name));
    FUZZ_REQUIRE(good == !all.wrong());
  };
  const auto a_text = all.text("text", 10);
  check("text", a_text.has_value());
  FUZZ_REQUIRE(!a_text || is_from(1, a_text->size(), 10));
  const auto number = all.number("number", 3, 200);
  check("number", number.has_value());
  FUZZ_REQUIRE(!number || is_from(3, *number, 200));
  check("flag", all.flag("flag").has_value());
  const auto span = all.duration("duration", "1s", "366d");
  check("duration", span.has_value());
  FUZZ_REQUIRE(!span || (*span >= ringside::kSecond && *span <= 366 * ringside::kDay));
  FUZZ_REQUIRE(!span || ringside::parse_duration(ringside::write_duration(*span)) == span);
  const auto choice = all.choice("choice", kChoices);
  check("choice", choice.has_value());
  FUZZ_REQUIRE(!choice || kChoices[*choice] == *request.parameter("choice"));
  const auto choices = all.choices("choices", kChoices);
  check("choices", !choices.empty());
  FUZZ_REQUIRE(choices.size() <= std::size(kChoices));
  const auto list = all.list("list", 3);
  check("list", !list.empty());
  FUZZ_REQUIRE(list.size() <= 3 &&
               std::set<std::string>(list.begin(), list.end()).size() == list.size());
  if (all.wrong()) {
    FUZZ_REQUIRE(all.wrong()->status == 400);
    const auto told = nlohmann::json::parse(all.wrong()->body);
    FUZZ_REQUIRE(plain(told.at("detail").get<std::string>()));
  }
}

// An instant lies between 1970 and the last time, and is read back from its usual spelling.
void instant(std::string_view text) {
  constexpr std::int64_t kNowS = 1'795'766'400;
  constexpr std::int64_t kLastS = 9'000'000'000;
  const auto found = ringside::parse_instant(std::string(text), kNowS);
  if (!found) return;
  FUZZ_REQUIRE(plain(text));
  FUZZ_REQUIRE(*found >= 0 && *found <= kLastS);
  std::string usual = ringside::format_wall_exact(*found * ringside::kSecond).substr(0, 19);
  usual[10] = 'T';
  usual += 'Z';
  FUZZ_REQUIRE(ringside::parse_instant(usual, kNowS) == found);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  const auto what = in.take<std::uint8_t>();
  const std::string text(in.take_bytes(size));
  switch (what % 9) {
    case 0: target(text); break;
    case 1: tokens(text); break;
    case 2: accepted(text); break;
    case 3: head(text); break;
    case 4: alert_body(text); break;
    case 5: cursor(text); break;
    case 6: parameters(text); break;
    case 7: instant(text); break;
    default: host(text); break;
  }
  return 0;
}
