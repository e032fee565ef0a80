// Seeds for what a client of the API sends.
#include "tests/ring/fuzz/input.h"
#include "tests/ring/fuzz/seeds.h"

namespace ringside::fuzz {

void http_seeds(const Folder& folder) {
  const auto add = [&](const std::string& name, std::uint8_t what, std::string_view text) {
    folder.add(name, Output().put(what).bytes(text).text());
  };
  add("target", 0, "/api/v1/operations/SEND%20A?window=1m&a=b+c%26&d");
  add("target-absolute", 0, "http://localhost:9717/a/%2e%2e/b#c");
  add("tokens", 1,
      "# mine\na.b read 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 "
      "2027-01-31\n");
  add("accept", 2, "text/html;level=1;q=0.5, */*;q=0.1, application/json; v=\"a,\\\"b\"");
  add("encoding", 2, "gzip;q=0.5, identity;q=0, *");
  add("tags", 2, "W/\"a\", \"b\"");
  add("head", 3,
      "GET /a?b=c HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer rs_a\r\nX-Request-Id: a\r\n"
      "\r\n");
  add("head-body", 3,
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: "
      "2\r\n\r\n{}");
  add("head-chunks", 3,
      "POST / HTTP/1.1\r\nHost: [::1]:1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  add("host", 4, "[::1]:9717");
  add("host-name", 4, "a.localhost.:80");
  for (const std::string_view word : {"HTTP/1.1\r\n",
                                      "HTTP/1.0",
                                      "GET ",
                                      "POST ",
                                      "OPTIONS * ",
                                      "\r\n",
                                      "\r\n\r\n",
                                      "Host: ",
                                      "Content-Length: ",
                                      "Transfer-Encoding: ",
                                      "chunked",
                                      "Expect: 100-continue",
                                      "localhost",
                                      "127.0.0.1",
                                      "%2e",
                                      "%2f",
                                      "%00",
                                      "%c3%a4",
                                      "..",
                                      ";q=",
                                      "q=0.001",
                                      "*/*",
                                      "gzip",
                                      " admin ",
                                      " read ",
                                      "W/\"",
                                      "Content-Type: application/json"}) {
    folder.word(word);
  }
}

}  // namespace ringside::fuzz
