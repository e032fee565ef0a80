// The elements of a document, independent of its format. The sections (sections/) know only these.
//
// All texts are UTF-8 without control characters: foreign text has gone through escape_visible(). A
// renderer adds what its own language needs (an HTML page escapes '<').
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/render/table.h"

namespace ringside {

// A line of a timeline.
struct Moment {
  std::string time;
  // In columns, the same number for each moment of a timeline. None: the text follows the time.
  std::vector<std::string> what;
  std::string text;               // what there is to say about it; may be empty
};

// What a page that can draw shows beside the words. Every figure of a chart stands in a table, too.
enum class Chart {
  over_time,      // rate, errors and quantiles over time, with incidents, starts and deploys
  heat_map,       // how long calls took, over time
  distributions,  // of each operation, with its last records as dots
  stages,         // of each operation: of all its time, at the median, in the tail
  security        // security events over time
};

class Page {
 public:
  Page() = default;
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;
  virtual ~Page() = default;

  // The title of the document: once, before everything else.
  virtual void title(std::string_view name, std::string_view when) = 0;
  // The headings of a section and of a part of it.
  virtual void heading(std::string_view text) = 0;
  virtual void subheading(std::string_view text) = 0;

  virtual void sentence(std::string_view text) = 0;
  virtual void bullet(std::string_view text) = 0;
  // An empty name continues the field before it.
  virtual void field(std::string_view name, std::string_view text) = 0;
  virtual void table(const Table& table) = 0;
  // An item of a numbered list and its named details.
  virtual void numbered(std::size_t number, std::string_view text,
                        const std::vector<std::pair<std::string, std::string>>& details) = 0;
  virtual void timeline(const std::vector<Moment>& moments) = 0;
  // A line that is kept as it is, as in a configuration.
  virtual void verbatim(std::string_view line) = 0;
  // A page of text leaves charts out.
  virtual void chart(Chart) {}
};

}  // namespace ringside
