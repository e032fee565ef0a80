// The endpoints, each in a file of its own; for routes.cpp alone.
#pragma once

#include <string>

#include "daemon/http/routes.h"

namespace ringside::http {

Answer answer_metrics(const Request& request, const Sources& sources);
Answer answer_operation(const std::string& name, const Request& request, const Sources& sources);
Answer answer_report(const Request& request, const Sources& sources);
Answer answer_alerts(const Request& request, const Sources& sources);
Answer answer_handling(const Request& request, const Sources& sources);
Answer answer_history(const Request& request, const Sources& sources);
Response answer_healthz(const Request& request, const Sources& sources);
Response answer_readyz(const Request& request, const Sources& sources);
Response answer_openapi(const Request& request);

}  // namespace ringside::http
