// All files of the dashboard. dashboard.cmake writes the source that has them.
#pragma once

#include <span>

#include "daemon/http/dashboard_assets.h"

namespace ringside::http {

std::span<const DashboardAsset> dashboard_files();

}  // namespace ringside::http
