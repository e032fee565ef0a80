// The one shape of a JSON answer: {"data": ..., "meta": ...}. Data that changes is not stored by
// anybody (Cache-Control), and has a weak ETag, of the data alone: meta has the time of the answer.
// The server compares it with If-None-Match and makes the 304.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "daemon/http/message.h"
#include "daemon/http/present.h"
#include "daemon/http/routes.h"

namespace ringside::http {

using Json = nlohmann::ordered_json;

// Bytes that are not UTF-8 become U+FFFD.
std::string json_text_of(const Json& json);

// With the snapshot's part of meta; a part without a snapshot is null.
Response enveloped(const Request& request, const Sources& sources, const Rendered& data);
Response enveloped(const Request& request, const Sources& sources, const Json& data);
// With members of meta beside those that every answer has.
Response enveloped(const Request& request, const Sources& sources, const Json& data,
                   const Json& more_meta);
// The answer to something that was done. Without an ETag.
Response enveloped_deed(const Request& request, const Sources& sources, const Json& data);
// For answers about the process alone. The server tags it as it tags all: by the whole text, which
// has the time, so no two are the same.
Response short_enveloped(const Request& request, const Sources& sources, const Json& data);

// A problem that may pass by itself.
Response problem_for_now(const Request& request, std::string_view code, std::string_view title,
                         std::string_view detail, std::int64_t retry_after_s);
// With another member beside those of problem().
Response with_member(Response problem, const char* name, const Json& value);

// Before the first tick.
Response not_known_yet(const Request& request);

}  // namespace ringside::http
