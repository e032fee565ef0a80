// The files of the dashboard, which are part of the program: nothing is read from disk, so what
// runs is what was built.
#pragma once

#include <string_view>

namespace ringside::http {

struct DashboardAsset {
  std::string_view path;  // as a browser asks for it: "/" is the page, others "/dashboard/NAME"
  std::string_view type;  // Content-Type
  std::string_view bytes;
  std::string_view etag;  // W/"...", of their SHA-256. Weak: the compressed bytes have it, too
};

// The file of that path, decoded, without a query; nullptr: there is none. Lives as long as the
// program.
const DashboardAsset* dashboard_asset(std::string_view path);

}  // namespace ringside::http
