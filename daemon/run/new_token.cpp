#include "daemon/run/new_token.h"

#include <cstdio>

#include "daemon/http/tokens.h"
#include "daemon/storage/files.h"

namespace ringside {
namespace {

int refuse(const std::string& what) {
  std::fprintf(stderr, "ringsided: %s\n", what.c_str());
  return 1;
}

}  // namespace

int new_token(const Config& config, const std::string& name, const std::string& scope) {
  if (!http::token_name_is_good(name)) {
    std::fprintf(stderr,
                 "ringsided: --new-token: expected a name of 1 to 64 letters, digits, '.', '_' or "
                 "'-': who will use it\n  next: ringsided --new-token grafana\n");
    return 2;
  }
  const auto made =
      http::make_token(name, scope == "admin" ? http::Scope::admin : http::Scope::read);
  if (!made) return refuse("there are no random numbers to make a token of");
  const std::string& path = config.http.tokens_file;
  if (auto failure = make_directories(directory_of(path))) return refuse(failure->message);
  if (auto failure = http::append_token(path, made->line)) return refuse(failure->message);
  std::fprintf(stderr,
               "ringsided: %s has the token's hash now (%s, scope %s); the token itself is shown "
               "this once\n  next: a daemon that runs takes it with SIGHUP\n",
               path.c_str(), name.c_str(), scope.c_str());
  std::printf("%s\n", made->secret.c_str());
  return 0;
}

}  // namespace ringside
