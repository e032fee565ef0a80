// Two files of the source tree, as strings. daemon/CMakeLists.txt writes their source.
#pragma once

#include <string_view>

namespace ringside::http {

extern const std::string_view kOpenapiSource;       // openapi.json
extern const std::string_view kReportSchemaSource;  // report/render/report.schema.json

}  // namespace ringside::http
