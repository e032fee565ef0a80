// The document that a webhook gets: daemon/README.md describes it for whoever writes a receiver.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "report/model/alerts.h"

namespace ringside {

// Changes only when a field changes its meaning or goes. New fields may come at any time.
inline constexpr int kWebhookVersion = 1;

struct WebhookBatch {
  std::string instance;        // the host's name
  std::string receiver;        // its name in the configuration
  std::string id;              // the same in each try of this batch, and in no other batch
  std::uint64_t dropped = 0;   // transitions that this receiver did not get before this batch
};

std::string webhook_document(const WebhookBatch& batch,
                             std::span<const AlertTransition* const> transitions);

}  // namespace ringside
