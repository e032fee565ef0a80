// The sections as the body of an HTML page.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/render/html/charts.h"
#include "report/render/page.h"

namespace ringside::html {

class HtmlPage final : public Page {
 public:
  explicit HtmlPage(const Report& report) : report_(report) {}

  void title(std::string_view name, std::string_view when) override;
  void heading(std::string_view text) override;
  void subheading(std::string_view text) override;
  void sentence(std::string_view text) override;
  void bullet(std::string_view text) override;
  void field(std::string_view name, std::string_view text) override;
  void table(const Table& table) override;
  void numbered(std::size_t number, std::string_view text,
                const std::vector<std::pair<std::string, std::string>>& details) override;
  void timeline(const std::vector<Moment>& moments) override;
  void verbatim(std::string_view line) override;
  void chart(Chart chart) override;

  // Header, links to the sections, and the sections.
  std::string body();
  const std::string& name() const { return name_; }
  const ChartData& chart_data() const { return charts_; }

 private:
  enum class Part { none, bullets, fields, verbatim };
  void begin(Part part);

  const Report& report_;
  ChartData charts_ = ChartData::array();
  std::string name_;
  std::string when_;
  std::string out_;
  std::vector<std::pair<std::string, std::string>> sections_;  // id and heading
  Part open_ = Part::none;
};

}  // namespace ringside::html
