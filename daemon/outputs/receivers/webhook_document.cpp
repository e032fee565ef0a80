#include "daemon/outputs/receivers/webhook_document.h"

#include <nlohmann/json.hpp>

#include "report/model/format.h"

namespace ringside {
namespace {

using nlohmann::ordered_json;

ordered_json text_or_null(const std::string& text) {
  return text.empty() ? ordered_json(nullptr) : ordered_json(escape_visible(text));
}

// A number that is not finite becomes null: JSON has none.
ordered_json document_of(const AlertTransition& t) {
  return {{"time", format_wall(t.wall_ns)},
          {"id", t.id},
          {"incident", text_or_null(t.incident)},
          {"alert", name_of(t.alert)},
          {"figure", text_or_null(t.figure)},
          {"level", name_of(t.level)},
          {"state", name_of(t.state)},
          {"ring", text_or_null(t.ring)},
          {"operation", text_or_null(t.operation)},
          {"suspect", text_or_null(t.suspect)},
          {"value", t.value},
          {"threshold", t.threshold},
          {"unit", name_of(t.unit)},
          {"message", escape_visible(t.message)}};
}

}  // namespace

std::string webhook_document(const WebhookBatch& batch,
                             std::span<const AlertTransition* const> transitions) {
  ordered_json alerts = ordered_json::array();
  for (const AlertTransition* t : transitions) alerts.push_back(document_of(*t));
  const ordered_json document = {{"version", kWebhookVersion},
                                 {"source", "ringside"},
                                 {"instance", batch.instance},
                                 {"receiver", batch.receiver},
                                 {"batch", batch.id},
                                 {"dropped", batch.dropped},
                                 {"alerts", std::move(alerts)}};
  return document.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace ringside
