// The OpenAPI 3.1 document of the API.
//
// openapi.json is written by hand. What the API shows as the JSON report does has its schema in
// report/render/report.schema.json, and the document takes it from there: each "#/$defs/NAME" of
// the report becomes "#/components/schemas/NAME", and the report itself "report". In a schema of
// openapi.json
//
//   x-ringside-like: NAME          begins as a copy of the report's NAME
//   x-ringside-optional: [KEY...]  of the copy's required keys these are not
//   x-ringside-required: [KEY...]  and these are, too
//
// Its other keys replace those of the copy, and its properties are added to the copy's. A
// description may be a list of texts, which become one.
#pragma once

#include <string>

namespace ringside::http {

// In one line. Made at the first call, in some milliseconds; may be called from any thread.
const std::string& openapi_document();

}  // namespace ringside::http
