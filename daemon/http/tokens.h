// Bearer tokens: who may do what. Only their SHA-256 is kept, in a file of lines
//
//   NAME SCOPE SHA256 [EXPIRES]
//   grafana read 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 2027-01-31
//
// SCOPE is `read` or `admin`. EXPIRES is a day in UTC, on which the token is no longer valid. Empty
// lines, and those that begin with '#', count for nothing. Several lines may have the same name:
// while a token is rotated the old and the new one are valid.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/message.h"
#include "shm/failure.h"

namespace ringside::http {

using TokenDigest = std::array<unsigned char, 32>;

struct Token {
  std::string name;
  Scope scope = Scope::read;
  TokenDigest digest{};
  std::optional<std::int64_t> expires_s;  // wall time: no longer valid from then on
};

class TokenTable {
 public:
  static constexpr std::size_t kMostTokens = 256;
  static constexpr std::size_t kMostFileBytes = 64 * 1024;

  // One line of text for each error: "FILE:3: found ..., expected ...". After an error the table is
  // empty: half a file is no file.
  static TokenTable parse(std::string_view text, const std::string& file,
                          std::vector<std::string>* errors);

  // The same, from a file. One that others may write, or that is readable to everybody, or belongs
  // to another user than root and the daemon's, is an error.
  static TokenTable load(const std::string& path, std::vector<std::string>* errors);

  // Null: no such token, or it has expired. Takes the same time wherever the token stands and
  // however much of it is right.
  const Token* find(std::string_view secret, std::int64_t wall_s) const;
  // The same of a token that was found before: whether it is still valid.
  const Token* find(const TokenDigest& digest, std::int64_t wall_s) const;

  std::size_t size() const { return tokens_.size(); }

 private:
  std::vector<Token> tokens_;
};

struct NewToken {
  std::string secret;  // shown once, kept nowhere
  std::string line;    // of the file, without a line end
};

// 32 random bytes, as "rs_" and 43 characters of base64url. Nothing without random numbers.
std::optional<NewToken> make_token(std::string_view name, Scope scope);

// 1 to 64 letters, digits, '.', '_' or '-'.
bool token_name_is_good(std::string_view name);

// Appends the line to the file. Where there is none it is made with mode 0600; root gives it to the
// directory's owner, who is the daemon's user. A symbolic link is refused: that user could have
// made it.
std::optional<Failure> append_token(const std::string& path, std::string_view line);

TokenDigest token_digest(std::string_view secret);

}  // namespace ringside::http
