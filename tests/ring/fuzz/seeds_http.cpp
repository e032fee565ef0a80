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
  add("host", 8, "[::1]:9717");
  add("host-name", 8, "a.localhost.:80");
  add("body", 4, R"({"action":"acknowledge","ids":["a-1","a-2"],"why":"mine","for":"1h30min"})");
  add("body-filter", 4,
      R"({"action":"silence","filter":{"alert":"high_latency","operation":"A","ring":"chat",)"
      R"("level":"critical"},"for":"2h","who":"anna","why":"\u00e4","dry_run":true})");
  add("body-all", 4, R"({"action":"clear","all":true,"why":"x"})");
  add("body-incidents", 4, R"({"action":"clear","incidents":["i-1"],"why":"x"})");
  add("body-ended", 4, R"({"action":"unsilence","ids":["s-1"],"why":"x"})");
  add("body-wrong", 4, R"({"action":"clear","action":1e999,"ids":[[[{}]]],"all":null})");
  add("cursor", 5, "313739353736363430303030303030303030303a692d31");  // 1795766400000000000:i-1
  add("cursor-before", 5, "2D313a61");                                 // -1:a
  add("parameters", 6,
      "text=a%20b&number=7&flag=true&duration=1h30min&choice=json&choices=a,json&list=x,y,z");
  add("parameters-wrong", 6, "text=&number=+7&flag=1&duration=5&choice=b&choices=,&list=a,,b&x=1");
  add("parameters-twice", 6, "number=3&number=4");
  add("instant", 7, "2026-11-27T02:00:00Z");
  add("instant-minute", 7, "2026-11-27 02:00");
  add("instant-day", 7, "2028-02-29");
  add("instant-ago", 7, "1h30min");
  add("instant-now", 7, "now");
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
                                      "Content-Type: application/json",
                                      "\"action\":",
                                      "\"ids\":",
                                      "\"incidents\":",
                                      "\"filter\":",
                                      "\"all\":true",
                                      "\"for\":",
                                      "\"who\":",
                                      "\"dry_run\":",
                                      "\"silence\"",
                                      "\"unsilence\"",
                                      "\\u0000",
                                      "&list=",
                                      "&choices=",
                                      "&duration=",
                                      "366d",
                                      "23:59:60",
                                      "-02-29",
                                      "3a"}) {
    folder.word(word);
  }
}

}  // namespace ringside::fuzz
