// A page in a fixed-width font.
#pragma once

#include "report/render/page.h"

namespace ringside {

class TextPage final : public Page {
 public:
  explicit TextPage(std::size_t width) : width_(width) {}
  std::string take() { return std::move(out_); }

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

 private:
  // What was written last. A change from one kind to another may need an empty line in between.
  enum class Part {
    nothing,
    heading,
    sentence,
    bullet,
    field,
    table,
    numbered,
    timeline,
    verbatim
  };
  void begin(Part part);

  std::size_t width_;
  std::string out_;
  Part last_ = Part::nothing;
};

}  // namespace ringside
