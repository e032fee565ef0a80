// Where a report goes.
#pragma once

#include <string>

#include "tools/ringside/commands/commands.h"

namespace ringside::tool {

// To standard output, or to the file of options.output, whole or not at all; never over the history
// that it was made of. Returns the exit code.
int deliver(const ReportOptions& options, const std::string& bytes);

}  // namespace ringside::tool
