// From the configuration's tables [[receivers]] to what the outputs are told: the files that the
// tables name are read here.
#pragma once

#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/outputs/receivers/receiver_options.h"

namespace ringside {

struct Receivers {
  std::vector<ReceiverOptions> options;
  // Files that can't be read or used. Then the options are not to be used either. No text of a file
  // is in a message.
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
};

Receivers receivers_of(const Config& config, const std::string& version);

}  // namespace ringside
