#include "daemon/http/dashboard_assets.h"

#include <algorithm>
#include <span>

#include "daemon/http/dashboard_files.h"

namespace ringside::http {

const DashboardAsset* dashboard_asset(std::string_view path) {
  const std::span<const DashboardAsset> files = dashboard_files();
  const auto found = std::find_if(files.begin(), files.end(),
                                  [&](const DashboardAsset& one) { return one.path == path; });
  return found == files.end() ? nullptr : &*found;
}

}  // namespace ringside::http
