#include "report/render/html/html.h"

#include <fmt/format.h>

#include "report/render/html/assets.h"
#include "report/render/html/html_page.h"
#include "report/render/html/html_text.h"

namespace ringside {
namespace {

// Nothing is fetched, framed or sent, even if a script of somebody else stood in the page.
constexpr const char* kPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'";

// Without history there is nothing for Chart.js to draw, and the page does without it.
std::string scripts(const Report& report, const html::HtmlPage& page) {
  if (page.chart_data().empty()) return "";
  html::ChartData data = html::bands_and_marks(report);
  data["charts"] = page.chart_data();
  const std::string json = data.dump(-1, ' ', false, html::ChartData::error_handler_t::replace);
  return fmt::format(
      "<script type=\"application/json\" id=data>{}</script>\n<script>{}</script>\n"
      "<script>{}</script>\n",
      html::script_json(json), html::kChartJs, html::kScript);
}

}  // namespace

std::string render_html(const Report& report, const Limits& limits) {
  Limits whole = limits;
  whole.whole = true;
  html::HtmlPage page(report);
  write_document(page, report, whole);
  const std::string body = page.body();
  return fmt::format(
      "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
      "<meta name=color-scheme content=\"light dark\">\n"
      "<link rel=icon href=\"data:,\">\n<title>{}</title>\n<style>{}</style>\n</head>\n"
      "<body class={}>\n{}{}</body>\n</html>\n",
      kPolicy, html::text(page.name()), html::kStyle, verdict_name(report.analysis.verdict), body,
      scripts(report, page));
}

}  // namespace ringside
