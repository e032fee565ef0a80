// Configuration as TOML text: what is printed reads back as the same Config (config_toml).
#pragma once

#include <string>
#include <string_view>

#include "daemon/config/config_keys.h"

namespace ringside {

// Text as a TOML string, in quotes.
std::string toml_string(std::string_view text);
// A key within a table, in quotes where TOML wants them: "thresholds.operations.SEND_MESSAGE".
std::string toml_path(const std::string& table, std::string_view key);
// The key's value in `root`, as the file writes it.
std::string value_text(const ConfigKey<Config>& key, const Config& root);
std::string value_text(const ConfigKey<OperationThresholds>& key, const OperationThresholds& root);
std::string value_text(const ConfigKey<ReceiverConfig>& key, const ReceiverConfig& root);
std::string value_text(const ConfigKey<ObjectiveConfig>& key, const ObjectiveConfig& root);

}  // namespace ringside
