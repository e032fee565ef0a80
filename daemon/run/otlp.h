// From the configuration's table [otlp] to what the exporter is told: the files that the table
// names are read here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/outputs/otlp_exporter.h"

namespace ringside {

struct OtlpTarget {
  std::optional<OtlpOptions> options;  // nothing: no collector is configured
  // Files that can't be read or used. Then the options are not to be used either. No text of a file
  // is in a message.
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
};

// After resolve_paths().
OtlpTarget otlp_of(const Config& config, const std::string& version);

}  // namespace ringside
