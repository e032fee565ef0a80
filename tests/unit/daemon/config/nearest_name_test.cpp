// Which name was meant? Single cases, and the rule once more, written differently.
#include <map>
#include <utility>

#include "daemon/config/config_keys.h"
#include "tests/support/random.h"

namespace ringside {
namespace {

// How many mistakes lead from one word to the other: a letter too many, too few, wrong, or two
// neighbours swapped. From the front, by trying every mistake.
class Mistakes {
 public:
  std::size_t between(const std::string& a, const std::string& b) {
    const auto known = known_.find({a, b});
    if (known != known_.end()) return known->second;
    std::size_t least = std::max(a.size(), b.size());
    if (!a.empty() && !b.empty()) {
      const std::size_t wrong = a[0] == b[0] ? 0 : 1;
      least = std::min(least, between(a.substr(1), b.substr(1)) + wrong);
      least = std::min(least, between(a.substr(1), b) + 1);
      least = std::min(least, between(a, b.substr(1)) + 1);
      if (a.size() > 1 && b.size() > 1 && a[0] == b[1] && a[1] == b[0])
        least = std::min(least, between(a.substr(2), b.substr(2)) + 1);
    }
    known_[{a, b}] = least;
    return least;
  }

 private:
  std::map<std::pair<std::string, std::string>, std::size_t> known_;
};

std::string after_last_dot(const std::string& path) {
  std::string part;
  for (const char c : path) {
    if (c == '.')
      part.clear();
    else
      part += c;
  }
  return part;
}

// Two mistakes are forgiven, or one in three letters of the last part. The wrong table is one
// mistake. A last part of four letters or more that is right, or right as far as it goes, is two
// mistakes at most, whatever the table.
std::string nearest_by_trial(Mistakes& mistakes, const std::string& written,
                             const std::vector<std::string>& names) {
  const std::string last = after_last_dot(written);
  std::size_t most = 2;
  if (last.size() > 8) most = last.size() / 3;
  for (std::size_t allowed = 0; allowed <= most; ++allowed) {
    for (const std::string& name : names) {
      const std::string meant = after_last_dot(name);
      bool near = mistakes.between(written, name) <= allowed;
      const bool cut = last.size() >= 4 && meant.substr(0, last.size()) == last;
      if (cut)
        near = near || allowed >= 2;
      else if (allowed > 0)
        near = near || mistakes.between(last, meant) <= allowed - 1;
      if (near) return name;
    }
  }
  return "";
}

std::string nearest(const std::string& written, const std::vector<std::string>& names) {
  return nearest_name(written, names);
}

TEST_CASE("NearestName: one mistake, two mistakes, and one too many") {
  CHECK(nearest("tick", {"rings", "tick"}) == "tick");
  CHECK(nearest("tik", {"rings", "tick"}) == "tick");
  CHECK(nearest("tikc", {"rings", "tick"}) == "tick");
  CHECK(nearest("xtick", {"rings", "tick"}) == "tick");
  CHECK(nearest("tack", {"rings", "tick"}) == "tick");
  CHECK(nearest("ab", {"tick"}) == "");
  CHECK(nearest("tixx", {"tick"}) == "tick");
  CHECK(nearest("txxx", {"tick"}) == "");
  CHECK(nearest("tixxx", {"tick"}) == "");
  // Twelve letters forgive four mistakes, eleven forgive three.
  CHECK(nearest("abcdefghijkl", {"abcdefgh"}) == "abcdefgh");
  CHECK(nearest("abcdefghijklm", {"abcdefgh"}) == "");
  CHECK(nearest("abcdefghijk", {"abcdefgh"}) == "abcdefgh");
  CHECK(nearest("abcdefghijk", {"abcdefg"}) == "");
}

TEST_CASE(
    "NearestName: the nearest of several, the first of equals, a right name in a wrong table") {
  CHECK(nearest("abcd", {"abxx", "abcx", "abxd"}) == "abcx");
  CHECK(nearest("abcd", {"abxd", "abcx"}) == "abxd");
  CHECK(nearest("abcd", {"abcx", "abcd"}) == "abcd");
  CHECK(nearest("state.top", {"metrics.last", "metrics.top"}) == "metrics.top");
  CHECK(nearest("state.tpo", {"metrics.last", "metrics.top"}) == "metrics.top");
  CHECK(nearest("top", {"metrics.top"}) == "metrics.top");
  CHECK(nearest("state.txx", {"metrics.top"}) == "");
  // One letter wrong is as near as another table, and the first of equals is taken.
  CHECK(nearest("t.abc", {"long.abc", "t.abx"}) == "long.abc");
  CHECK(nearest("t.abc", {"t.abx", "long.abc"}) == "t.abx");
  // A long name is rather one letter wrong than in the wrong table.
  CHECK(nearest("reports.format", {"alert_log.format", "reports.formats"}) == "reports.formats");
}

TEST_CASE("NearestName: a name that was cut short after four letters") {
  CHECK(nearest("t.resp", {"t.response_time"}) == "t.response_time");
  CHECK(nearest("t.res", {"t.response_time"}) == "");
  CHECK(nearest("x.respo", {"t.response_time"}) == "t.response_time");
  CHECK(nearest("t.espo", {"t.response_time"}) == "");
  // It counts as two mistakes.
  CHECK(nearest("t.resp", {"t.response_time", "t.repsx"}) == "t.response_time");
  CHECK(nearest("t.resp", {"t.response_time", "t.resx"}) == "t.resx");
}

TEST_CASE("NearestName: random words of few letters, against the rule by trial") {
  std::mt19937_64 random(test::seed());
  Mistakes mistakes;
  const auto word = [&](std::size_t most) {
    std::string out;
    for (std::size_t size = random() % (most + 1); out.size() < size;)
      out += random() % 8 == 0 ? '.' : static_cast<char>('a' + random() % 3);
    return out;
  };
  std::size_t found = 0;
  for (int i = 0; i < 400; ++i) {
    const std::string written = word(i % 8 == 0 ? 14 : 7);
    std::vector<std::string> names;
    while (names.size() < 3) names.push_back(word(written.size() + 2));
    CAPTURE(written);
    CAPTURE(names[0]);
    CAPTURE(names[1]);
    CAPTURE(names[2]);
    const std::string expected = nearest_by_trial(mistakes, written, names);
    CHECK(nearest(written, names) == expected);
    found += expected.empty() ? 0 : 1;
  }
  CHECK(found > 50);
}

}  // namespace
}  // namespace ringside
