#include "daemon/run/new_token.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "daemon/http/tokens.h"
#include "daemon/storage/files.h"

namespace ringside {
namespace {

int refuse(const std::string& what) {
  std::fprintf(stderr, "ringsided: %s\n", what.c_str());
  return 1;
}

// systemd copies a credential for each start of a unit. What is written into the copy is lost with
// it, where it can be written at all.
bool is_credential(const std::string& path) {
  const char* given = std::getenv("CREDENTIALS_DIRECTORY");
  std::string directory = given == nullptr ? "" : given;
  while (directory.ends_with('/')) directory.pop_back();
  return (!directory.empty() && path.starts_with(directory + "/")) ||
         path.starts_with("/run/credentials/");
}

std::optional<Failure> store(const std::string& path, const std::string& line) {
  if (auto failure = make_directories(directory_of(path))) return failure;
  return http::append_token(path, line);
}

// The token works once its line is in the file's source. So both are printed, and the exit code
// tells a script that nothing was stored.
int not_stored(const std::string& path, const http::NewToken& made, std::string_view found,
               std::string_view next) {
  std::fputs(fmt::format("ringsided: {}: found {}, expected a file to add the token's hash to: the "
                         "token is not stored, and not valid yet\n  next: {}. The line is\n{}\n",
                         path, found, next, made.line)
                 .c_str(),
             stderr);
  std::printf("%s\n", made.secret.c_str());
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
  if (is_credential(path)) {
    return not_stored(path, *made, "systemd's copy of a credential",
                      "add the line below to the credential's source, which LoadCredential= in the "
                      "unit names, and restart the unit");
  }
  if (const auto failure = store(path, made->line)) {
    if (failure->error_number != EROFS) return refuse(failure->message);
    return not_stored(path, *made, "a read-only file system",
                      "add the line below to the file where it can be written, and send SIGHUP to "
                      "the daemon; or name another file in http.tokens_file");
  }
  std::fprintf(stderr,
               "ringsided: %s has the token's hash now (%s, scope %s); the token itself is shown "
               "this once\n  next: a daemon that runs takes it with SIGHUP\n",
               path.c_str(), name.c_str(), scope.c_str());
  std::printf("%s\n", made->secret.c_str());
  return 0;
}

}  // namespace ringside
