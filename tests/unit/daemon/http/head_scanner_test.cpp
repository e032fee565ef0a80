#include "daemon/http/head_scanner.h"

#include <doctest/doctest.h>

#include <string>

namespace ringside::http {
namespace {

using Verdict = HeadScanner::Verdict;

Verdict scanned(const std::string& bytes, const HeadLimits& limits = {}) {
  HeadScanner whole(limits);
  const Verdict at_once = whole.scan(bytes);
  // The same comes out when the bytes come one by one.
  HeadScanner slow(limits);
  Verdict verdict = Verdict::more;
  for (std::size_t i = 1; i <= bytes.size() && verdict == Verdict::more; ++i)
    verdict = slow.scan(std::string_view(bytes).substr(0, i));
  CHECK(verdict == at_once);
  if (at_once == Verdict::complete) CHECK(slow.size() == whole.size());
  return at_once;
}

TEST_CASE("HttpHead: a head ends at its empty line, and what follows belongs to the body") {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nEmpty:\r\nX: \t\xe4 \r\n\r\n";
  HeadScanner scanner{HeadLimits{}};
  CHECK(scanner.scan(head + "\nbody\x01") == Verdict::complete);
  CHECK(scanner.size() == head.size());
  CHECK(scanned(head.substr(0, head.size() - 1)) == Verdict::more);
  CHECK(scanned("") == Verdict::more);
}

TEST_CASE("HttpHead: what different programs read differently is bad") {
  const std::string bad[] = {
      "GET / HTTP/1.1\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n\n",
      "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
      "GET / HTTP/1.1\r\n folded: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n",
      "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost\r\n\r\n",
      "GET / HTTP/1.1\r\n: a\r\n\r\n",
      "GET / HTTP/1.1\r\nH(st: a\r\n\r\n",
      std::string("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 28),
      "GET / HTTP/1.1\r\nHost: \x7f\r\n\r\n",
      "GET  / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1 \r\n\r\n",
      "GET / x HTTP/1.1\r\n\r\n",
      "GET /\xe4 HTTP/1.1\r\n\r\n",
      "GET\t/ HTTP/1.1\r\n\r\n",
      "GET /\r\n\r\n",
      "GET / HTTP/11\r\n\r\n",
      "GET / http/1.1\r\n\r\n",
      " GET / HTTP/1.1\r\n\r\n",
      "\x16\x03\x01\x02\x01",
      "\r\n\r\n",
  };
  for (const std::string& bytes : bad) {
    CAPTURE(bytes);
    CHECK(scanned(bytes) == Verdict::bad);
  }
}

TEST_CASE("HttpHead: target, bytes and fields are bounded before the head is whole") {
  HeadLimits limits{20, 200, 3};
  const auto line = [](std::size_t target) {
    return "GET /" + std::string(target - 1, 'a') + " HTTP/1.1\r\n";
  };
  CHECK(scanned(line(20) + "\r\n", limits) == Verdict::complete);
  CHECK(scanned(line(21), limits) == Verdict::target_too_long);
  CHECK(scanned(std::string(100, 'a'), limits) == Verdict::target_too_long);
  CHECK(scanned(line(1) + "a:b\r\na:b\r\na:b\r\n\r\n", limits) == Verdict::complete);
  CHECK(scanned(line(1) + "a:b\r\na:b\r\na:b\r\na:b\r\n", limits) == Verdict::too_large);
  CHECK(scanned(line(1) + "a:" + std::string(200, 'b'), limits) == Verdict::too_large);
}

}  // namespace
}  // namespace ringside::http
