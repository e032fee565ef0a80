// GET report: of the latest tick, or of any span of the history, in four formats.
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "daemon/history/spans.h"
#include "daemon/http/accept.h"
#include "daemon/http/envelope.h"
#include "daemon/http/parameters.h"
#include "daemon/http/past.h"
#include "daemon/http/routes_parts.h"
#include "report/render/html/html.h"
#include "report/render/json_parts.h"
#include "report/render/markdown.h"
#include "report/render/text.h"

namespace ringside::http {
namespace {

enum class Format { json, html, markdown, text };
constexpr std::array<const char*, 4> kFormats = {"json", "html", "markdown", "text"};
constexpr std::array<std::string_view, 4> kTypes = {"application/json", "text/html",
                                                    "text/markdown", "text/plain"};

// The page has its script and its style inside. In a sandbox it is of no origin, so whatever might
// run in it can't ask the API anything.
constexpr const char* kReportPolicy =
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

std::string rendered(const Report& report, Format format) {
  switch (format) {
    case Format::json: return json_text_of(detail::report_json(report, {}));
    case Format::html: return render_html(report);
    case Format::markdown: return render_markdown(report);
    case Format::text: break;
  }
  return render_text(report);
}

Response shown(const Request& request, const Sources& sources, Format format,
               const Rendered& report) {
  if (format == Format::json) {
    Response response = enveloped(request, sources, report);
    response.headers.emplace_back("Vary", "Accept");
    return response;
  }
  Response response;
  response.type = std::string(kTypes[static_cast<std::size_t>(format)]) + "; charset=utf-8";
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("Vary", "Accept");
  if (format == Format::html)
    response.headers.emplace_back("Content-Security-Policy", kReportPolicy);
  response.body = report.text;
  response.headers.emplace_back("ETag", report.etag);
  return response;
}

std::string key_of(Format format) {
  return std::string("report ") + kFormats[static_cast<std::size_t>(format)];
}

Response of_present(const Request& request, const Sources& sources, Format format) {
  const auto report = sources.present->kept(
      key_of(format), [&] { return rendered(sources.present->report(), format); });
  return shown(request, sources, format, *report);
}

Response of_past(const Request& request, const Sources& sources, Format format,
                 const PastReportQuery& query) {
  const auto read = read_past_report(query);
  if (const auto* wrong = std::get_if<PastReportProblem>(&read))
    return past_problem(request, *wrong);
  const PastReport& past = *std::get<0>(read);
  const Report report(past.snapshot, &past.span, past.comparison ? &*past.comparison : nullptr);
  std::string text = rendered(report, format);
  std::string etag = weak_etag(text);
  return shown(request, sources, format, {std::move(text), std::move(etag)});
}

std::optional<Format> format_of(Parameters& parameters, const Request& request) {
  if (const auto format = parameters.choice("format", kFormats))
    return static_cast<Format>(*format);
  const std::string* accept = request.header("accept");
  const auto best = best_type(accept == nullptr ? "" : *accept, kTypes);
  return best ? std::optional(static_cast<Format>(*best)) : std::nullopt;
}

PastReportQuery query_of(Parameters& parameters, const Request& request, const Sources& sources) {
  PastReportQuery query;
  query.history = sources.history;
  query.called = "the history";
  query.since = parameters.text("since", 40).value_or("");
  query.until = parameters.text("until", 40).value_or("");
  query.compare_to = parameters.text("compare_to", 100).value_or("");
  query.ring = parameters.text("ring", 400).value_or("");
  query.operation = parameters.text("operation").value_or("");
  query.now_wall_s = sources.now_wall_ns / kNsPerSecond;
  query.words = request_words();
  const bool past = !query.since.empty() || !query.until.empty() || !query.compare_to.empty();
  for (const char* name : {"ring", "operation"}) {
    const std::string* value = request.parameter(name);
    if (!past && value != nullptr)
      parameters.refuse_value(name, *value, "it only with since, until or compare_to");
  }
  return query;
}

}  // namespace

Answer answer_report(const Request& request, const Sources& sources) {
  Parameters parameters(request, {"format", "since", "until", "compare_to", "ring", "operation"});
  const auto format = format_of(parameters, request);
  const PastReportQuery query = query_of(parameters, request, sources);
  if (parameters.wrong()) return *parameters.wrong();
  if (!format) {
    return problem(request, 406, "not_acceptable", "Not acceptable",
                   "there are application/json, text/html, text/markdown and text/plain; send "
                   "Accept with one of them, or format=json");
  }
  if (query.since.empty() && query.until.empty() && query.compare_to.empty()) {
    if (!sources.present) return not_known_yet(request);
    if (const auto there = sources.present->found(key_of(*format)))
      return shown(request, sources, *format, *there);
    return Job{Job::Kind::reading, [request, sources, chosen = *format] {
                 return of_present(request, sources, chosen);
               }};
  }
  if (sources.history.empty()) return no_history(request);
  return Job{Job::Kind::reading, [request, sources, chosen = *format, query] {
               return of_past(request, sources, chosen, query);
             }};
}

}  // namespace ringside::http
