// Reads the two text forms back, line by line, for tests. Fails on what a scraper would refuse.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace ringside::test {

struct ExpositionLines {
  std::map<std::string, double> samples;         // by name and labels, as they are written
  std::map<std::string, std::string> exemplars;  // what comes after " # " of a sample
  std::map<std::string, std::string> types, units, helps;  // by family
  std::vector<std::string> families;                       // in order
  bool ended = false;                                      // "# EOF" was the last line
};

inline ExpositionLines exposition_lines(const std::string& text) {
  ExpositionLines out;
  std::istringstream lines(text);
  REQUIRE((text.empty() || text.back() == '\n'));
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK_FALSE(out.ended);
    REQUIRE(!line.empty());
    for (const char c : line) CHECK(static_cast<unsigned char>(c) >= 0x20);
    if (line == "# EOF") {
      out.ended = true;
      continue;
    }
    if (line.rfind("# ", 0) == 0) {
      std::istringstream words(line.substr(2));
      std::string what, family, rest;
      words >> what >> family;
      std::getline(words, rest);
      auto& into = what == "HELP" ? out.helps : what == "TYPE" ? out.types : out.units;
      REQUIRE((what == "HELP" || what == "TYPE" || what == "UNIT"));
      CHECK(into.emplace(family, rest.substr(1)).second);  // once
      if (what == "HELP") out.families.push_back(family);
      CHECK(out.families.back() == family);
      continue;
    }
    const std::size_t exemplar = line.find(" # {");
    const std::string sample = line.substr(0, exemplar);
    const std::size_t space = sample.rfind(' ');
    REQUIRE(space != std::string::npos);
    const std::string key = sample.substr(0, space);
    // A family's samples stand together.
    REQUIRE(!out.families.empty());
    CHECK(key.rfind(out.families.back(), 0) == 0);
    CHECK(out.samples.emplace(key, std::stod(sample.substr(space + 1))).second);  // once
    if (exemplar != std::string::npos) out.exemplars[key] = line.substr(exemplar + 3);
  }
  return out;
}

}  // namespace ringside::test
