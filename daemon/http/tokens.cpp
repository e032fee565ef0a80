#include "daemon/http/tokens.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <sstream>

#include "daemon/storage/files.h"
#include "shm/file_descriptor.h"

namespace ringside::http {
namespace {

constexpr mode_t kForbidden = S_IWGRP | S_IWOTH | S_IROTH;

std::optional<TokenDigest> parse_digest(std::string_view text) {
  TokenDigest digest{};
  if (text.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const char* begin = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(begin, begin + 2, digest[i], 16);
    if (error != std::errc{} || end != begin + 2) return std::nullopt;
  }
  return digest;
}

// "2027-01-31": the begin of that day in UTC.
std::optional<std::int64_t> parse_day(const std::string& text) {
  tm day{};
  if (text.size() != 10) return std::nullopt;
  const char* end = strptime(text.c_str(), "%Y-%m-%d", &day);
  if (end == nullptr || *end != '\0') return std::nullopt;
  const tm wanted = day;
  const time_t begin = timegm(&day);  // carries over: 31 April becomes 1 May
  if (day.tm_mday != wanted.tm_mday || day.tm_mon != wanted.tm_mon) return std::nullopt;
  return begin;
}

// The error, or nothing. A line is never quoted: who mistakes the file may have put a token there.
std::string parse_line(const std::string& line, std::vector<Token>& tokens) {
  std::istringstream in(line);
  std::string name, scope, digest, expires, more;
  in >> name >> scope >> digest >> expires >> more;
  Token token;
  token.name = name;
  if (!token_name_is_good(name))
    return "found another first word, expected a name of 1 to 64 letters, digits, '.', '_' or '-'";
  if (scope != "read" && scope != "admin")
    return "found another second word, expected the scope `read` or `admin`";
  token.scope = scope == "admin" ? Scope::admin : Scope::read;
  const auto parsed = parse_digest(digest);
  if (!parsed) {
    return fmt::format(
        "found a third word of {} characters, expected the token's SHA-256: 64 hexadecimal digits",
        digest.size());
  }
  token.digest = *parsed;
  if (!expires.empty()) {
    token.expires_s = parse_day(expires);
    if (!token.expires_s) return "found a fourth word that is no day, expected one as 2027-01-31";
  }
  if (!more.empty()) return "found more than four words, expected NAME SCOPE SHA256 [EXPIRES]";
  tokens.push_back(std::move(token));
  return "";
}

std::string wrong_type_or_mode(const std::string& path, const struct stat& facts, bool any_owner) {
  if (!S_ISREG(facts.st_mode))
    return path + ": found no regular file\n  next: name a file of tokens in http.tokens_file";
  if ((facts.st_mode & kForbidden) != 0) {
    return fmt::format(
        "{0}: found mode {1:04o}, expected one that nobody else may write and not everybody may "
        "read\n  next: chmod 0640 {0}",
        path, facts.st_mode & 07777U);
  }
  if (!any_owner && facts.st_uid != 0 && facts.st_uid != geteuid()) {
    return fmt::format(
        "{0}: found the owner uid {1}, expected uid {2} or root\n  next: chown {2} {0}", path,
        facts.st_uid, geteuid());
  }
  return "";
}

std::string base64url(const unsigned char* bytes, std::size_t count) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  unsigned bits = 0;
  int held = 0;
  for (std::size_t i = 0; i < count; ++i) {
    bits = bits << 8 | bytes[i];
    for (held += 8; held >= 6; held -= 6) out += kDigits[bits >> (held - 6) & 63U];
  }
  if (held > 0) out += kDigits[bits << (6 - held) & 63U];
  return out;
}

}  // namespace

bool token_name_is_good(std::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
             std::string_view::npos;
}

TokenDigest token_digest(std::string_view secret) {
  TokenDigest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), digest.data());
  return digest;
}

TokenTable TokenTable::parse(std::string_view text, const std::string& file,
                             std::vector<std::string>* errors) {
  TokenTable table;
  std::istringstream in{std::string(text)};
  std::size_t number = 0;
  bool good = true;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos || line.front() == '#') continue;
    std::string wrong = parse_line(line, table.tokens_);
    if (wrong.empty() && table.tokens_.size() > kMostTokens)
      wrong = fmt::format("found more than {} tokens", kMostTokens);
    if (wrong.empty()) continue;
    good = false;
    errors->push_back(fmt::format(
        "{}:{}: {}\n  next: mend the line, or make a new one with ringsided --new-token", file,
        number, wrong));
    if (table.tokens_.size() > kMostTokens) break;
  }
  if (!good) table.tokens_.clear();
  return table;
}

TokenTable TokenTable::load(const std::string& path, std::vector<std::string>* errors) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts {};
  if (!file || fstat(file.get(), &facts) != 0) {
    errors->push_back(system_failure(path, "open", errno,
                                     errno == EACCES
                                         ? "give the file to the daemon's user"
                                         : "make the first token: ringsided --new-token")
                          .message);
    return {};
  }
  if (std::string wrong = wrong_type_or_mode(path, facts, false); !wrong.empty()) {
    errors->push_back(std::move(wrong));
    return {};
  }
  std::string text(kMostFileBytes + 1, '\0');
  std::size_t size = 0;
  for (ssize_t n = 1; n > 0 && size < text.size(); size += static_cast<std::size_t>(n)) {
    n = read(file.get(), text.data() + size, text.size() - size);
    if (n < 0) {
      errors->push_back(system_failure(path, "read", errno).message);
      return {};
    }
  }
  if (size > kMostFileBytes) {
    errors->push_back(fmt::format("{}: found more than {} bytes\n  next: remove old tokens", path,
                                  kMostFileBytes));
    return {};
  }
  text.resize(size);
  return parse(text, path, errors);
}

const Token* TokenTable::find(std::string_view secret, std::int64_t wall_s) const {
  return find(token_digest(secret), wall_s);
}

const Token* TokenTable::find(const TokenDigest& digest, std::int64_t wall_s) const {
  const Token* found = nullptr;
  for (const Token& token : tokens_) {
    const bool equal = CRYPTO_memcmp(token.digest.data(), digest.data(), digest.size()) == 0;
    if (equal && (!token.expires_s || wall_s < *token.expires_s)) found = &token;
  }
  return found;
}

std::optional<NewToken> make_token(std::string_view name, Scope scope) {
  std::array<unsigned char, 32> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) return std::nullopt;
  NewToken made;
  made.secret = "rs_" + base64url(random.data(), random.size());
  made.line = fmt::format("{} {} ", name, scope == Scope::admin ? "admin" : "read");
  for (const unsigned char byte : token_digest(made.secret))
    made.line += fmt::format("{:02x}", byte);
  return made;
}

std::optional<Failure> append_token(const std::string& path, std::string_view line) {
  constexpr int kFlags = O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW;
  int fd = open(path.c_str(), kFlags | O_CREAT | O_EXCL, 0600);
  const bool is_new = fd >= 0;
  if (!is_new && errno == EEXIST) fd = open(path.c_str(), kFlags);
  const FileDescriptor file(fd);
  struct stat facts {};
  if (!file || fstat(file.get(), &facts) != 0) return system_failure(path, "open", errno);
  if (is_new && geteuid() == 0) {
    struct stat directory {};
    if (stat(directory_of(path).c_str(), &directory) != 0 ||
        fchown(file.get(), directory.st_uid, directory.st_gid) != 0)
      return system_failure(path, "chown", errno);
  }
  const bool any_owner = geteuid() == 0;
  if (std::string wrong = wrong_type_or_mode(path, facts, any_owner); !wrong.empty())
    return Failure{0, std::move(wrong)};
  std::string text;
  char last = '\n';
  // An editor may have left the last line without an end.
  if (facts.st_size > 0 && pread(file.get(), &last, 1, facts.st_size - 1) != 1)
    return system_failure(path, "read", errno);
  if (last != '\n') text += '\n';
  text += line;
  text += '\n';
  if (const int error = write_and_sync(file.get(), text))
    return system_failure(path, "write", error);
  return std::nullopt;
}

}  // namespace ringside::http
