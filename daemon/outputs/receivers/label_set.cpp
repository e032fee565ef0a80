#include "daemon/outputs/receivers/label_set.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/model/format.h"

namespace ringside {
namespace {

// An empty label is as good as none. Alertmanager drops it.
LabelSet finished(LabelSet set) {
  std::erase_if(set, [](const auto& label) { return label.second.empty(); });
  for (auto& [name, value] : set) value = escape_visible(value);
  std::sort(set.begin(), set.end());
  return set;
}

}  // namespace

LabelSet labels_of(const AlertTransition& t, const std::string& instance) {
  return finished({{"alertname", name_of(t.alert)},
                   {"severity", name_of(t.level)},
                   {"instance", instance},
                   {"ring", t.ring},
                   {"operation", t.operation},
                   {"figure", t.figure}});
}

LabelSet annotations_of(const AlertTransition& t) {
  return finished({{"summary", t.message},
                   {"state", name_of(t.state)},
                   {"value", fmt::format("{}", t.value)},
                   {"threshold", fmt::format("{}", t.threshold)},
                   {"unit", name_of(t.unit)},
                   {"id", t.id},
                   {"suspect", t.suspect},
                   {"incident", t.incident}});
}

LabelSet watchdog_labels(const std::string& instance) {
  return finished({{"alertname", "Watchdog"}, {"severity", "none"}, {"instance", instance}});
}

LabelSet watchdog_annotations() {
  return finished({{"summary",
                    "ringsided runs and reaches this Alertmanager. If this alert goes, it does "
                    "not."}});
}

}  // namespace ringside
