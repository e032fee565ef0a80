#include "tools/ringside/commands/registered.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <tuple>
#include <vector>

#include "report/model/format.h"
#include "report/render/table.h"
#include "shm/labels.h"
#include "shm/words.h"

namespace ringside::tool {

void print_names(const RingFile& file) {
  Table names({{"id"},
               {"name", Align::left},
               {"category", Align::left},
               {"threshold", Align::span},
               {"stages", Align::prose}});
  for (std::uint16_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
    const NameEntry* entry = file.entry(id);
    if (entry == nullptr) continue;
    std::string stages;
    for (const std::string& stage : entry->stages) {
      if (!stage.empty()) stages += (stages.empty() ? "" : ", ") + stage;
    }
    names.row({std::to_string(id), entry->name, entry->category.empty() ? "–" : entry->category,
               entry->threshold_ns == 0
                   ? "–"
                   : format_span_cell(static_cast<double>(entry->threshold_ns)),
               stages.empty() ? "–" : stages});
  }
  if (!names.empty()) std::printf("\n%s", names.render(0, 100).c_str());
  Table errors({{"error"}, {"name", Align::left}});
  for (const auto& [code, name] : file.errors()) errors.row({std::to_string(code), name});
  if (!errors.empty()) std::printf("\n%s", errors.render(0, 100).c_str());
}

void print_labels(const RingFile& file) {
  Table table({{"kind", Align::left}, {"id"}, {"label", Align::left}});
  std::vector<LabelEntry> labels = all_labels(file.segment());
  std::sort(labels.begin(), labels.end(), [](const LabelEntry& a, const LabelEntry& b) {
    return std::tie(a.kind, a.id) < std::tie(b.kind, b.id);
  });
  for (const LabelEntry& label : labels) {
    table.row(
        {label_kind_word(label.kind),
         label.kind == LabelKind::address ? format_address(label.id) : std::to_string(label.id),
         escape_visible(label.text)});
  }
  if (table.empty()) {
    std::printf("\nno labels\n");
  } else {
    std::printf("\n%s", table.render(0, 100).c_str());
  }
}

}  // namespace ringside::tool
