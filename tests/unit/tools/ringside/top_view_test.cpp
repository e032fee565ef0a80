// The view of `ringside top`: every screen in every size, and what keys do.
#include <string>
#include <vector>

#include "doctest/doctest.h"
#include "report/model/format.h"
#include "tools/ringside/top/keys.h"
#include "tools/ringside/top/view.h"

namespace ringside::tool::top {
namespace {

OperationRow row(std::uint16_t id, const char* name, double rate, double share, double p95_ms) {
  OperationRow one;
  one.id = id;
  one.event = id >= 256;
  one.name = name;
  one.rate = rate;
  one.time_share = share;
  one.p50_ns = p95_ms * 4e5;
  one.p95_ns = p95_ms * 1e6;
  one.p99_ns = p95_ms * 2e6;
  one.count = one.timed = static_cast<std::uint64_t>(rate * 10);
  one.trend = std::vector<double>(60, rate);
  return one;
}

CallRow call(const char* actor, const char* subject) {
  CallRow one;
  one.time = "02:13:00.123";
  one.place = "3:12345";
  one.outcome = "ok";
  one.actor = actor;
  one.subject = subject;
  one.duration_ns = 12.3e6;
  one.stages_ns = {1e6, 0, 0, 10e6, 0, 0};
  return one;
}

Picture sample() {
  Picture picture;
  picture.ring = "chat";
  picture.program = "ringside-chatd";
  picture.state = RingState::live;
  picture.pid = 1234;
  picture.uptime_ns = 7'500'000'000'000;
  picture.wall_ns = 1'772'000'000'000'000'000;
  picture.seconds = 10;
  picture.rate = 1234;
  picture.trend = std::vector<double>(60, 7);
  picture.counts.read = 5000;
  picture.shown = 4000;
  picture.filtered = 1000;
  picture.counts.lost = 77;
  picture.operations = {row(0, "SEND_MESSAGE", 900, 0.6, 5), row(1, "LIST_ROOMS", 200, 0.1, 50),
                        row(2, "AUTHENTICATION", 3, 0.3, 90), row(256, "RETRY", 9, 0, 1)};
  picture.operations[1].errors = 4;
  LaneRow lane;
  lane.life = "owned";
  lane.thread = "worker-1";
  lane.tid = 77;
  lane.rate = 12;
  lane.in_flight = "SEND_MESSAGE";
  lane.since_ns = 3'000'000'000;
  picture.lanes = {lane, lane, lane};
  picture.errors = {
      {1, "LIST_ROOMS", "timeout", "7 DB_TIMEOUT", true, 4, 0.4, "02:13:00.1", "bob"}};
  picture.actors = {{"alice (user 42)", 400, 1, 2, 9e9, 0.5, false},
                    {"田中さん (user 7)", 40, 0, 0, 1e9, 0.1, true},
                    {"👩‍🚀 e\u0301mile (user 8)", 4, 0, 0, 1e8, 0.01, false}};
  picture.actors_seconds = 90;
  Detail& detail = picture.detail;
  detail.row = picture.operations[0];
  detail.category = "message";
  detail.latency.buckets = {{-320, 10}, {-300, 500}, {-290, 90}, {-200, 1}};
  detail.stages[0] = {"queue", 10, 0.2, 1e6, 2e6};
  detail.stages[3] = {"database", 10, 0.7, 3e6, 9e6};
  detail.unmarked_share = 0.1;
  for (int i = 0; i < 100; ++i) detail.recent.push_back(call("田中さん田中さん田中", "tea 👩‍🚀"));
  detail.worst = {call("alice (user 42)", "tea time (room 7)")};
  return picture;
}

constexpr Screen kAll[] = {Screen::operations, Screen::lanes,  Screen::errors,
                           Screen::actors,     Screen::detail, Screen::help};

std::string text_of(const Frame& frame) {
  std::string text;
  for (const Line& line : frame.lines) text += line.text() + '\n';
  return text;
}

std::string drawn(const Picture& picture, ViewState& state, Size size) {
  Picture shown = picture;
  arrange(shown, state);
  return text_of(draw(shown, state, size));
}

TEST_CASE("TopView: every screen fits every size, and its cells are as wide as they say") {
  std::vector<Size> sizes = {{24, 80}, {10, 40}, {50, 200}, {1, 1}, {0, 0}, {2, 3}, {1000, 1000}};
  for (std::size_t rows = 1; rows < 30; ++rows)
    for (std::size_t columns = 1; columns < 130; columns += 3) sizes.push_back({rows, columns});
  for (const bool empty : {false, true}) {
    for (const Screen screen : kAll) {
      for (const Prompt prompt : {Prompt::none, Prompt::filter, Prompt::moment}) {
        for (const Size size : sizes) {
          Picture picture = empty ? Picture{} : sample();
          picture.notice = "the server has died: waiting for it to come back";
          ViewState state;
          state.screen = screen;
          state.prompt = prompt;
          state.typed = "latency > 50ms 田中";
          state.complaint = "found `>`, expected a value\n  latency >> 50ms\n           ^";
          arrange(picture, state);
          const Frame frame = draw(picture, state, size);
          bool good = frame.lines.size() <= size.rows;
          for (const Line& line : frame.lines) {
            good = good && line.columns() <= size.columns;
            for (const Cell& cell : line.cells)
              good = good && display_width(cell.text) == cell.columns;
          }
          if (frame.cursor)
            good = good && frame.cursor->first < size.rows && frame.cursor->second < size.columns;
          if (good) continue;
          CAPTURE(size.rows);
          CAPTURE(size.columns);
          CAPTURE(static_cast<int>(screen));
          FAIL_CHECK(text_of(frame));
        }
      }
    }
  }
}

TEST_CASE("TopView: a wide label moves no column") {
  ViewState state;
  state.screen = Screen::actors;
  Picture picture = sample();
  arrange(picture, state);
  const Frame frame = draw(picture, state, {24, 80});
  // The column of each figure's last digit: "400" and "≈40" end where "4" ends.
  std::vector<std::size_t> ends;
  for (const Line& line : frame.lines) {
    const std::string text = line.text();
    for (const char* figure : {"9.00 s ", "1.00 s ", "100 ms"}) {
      const std::size_t at = text.find(figure);
      if (at != std::string::npos)
        ends.push_back(display_width(text.substr(0, at + std::string(figure).size())));
    }
  }
  REQUIRE(ends.size() == 3);
  CHECK(ends[0] == ends[1]);
  CHECK(ends[1] == ends[2]);
}

TEST_CASE("TopView: the operations are in the order that is asked for, events after them") {
  const auto order = [](Sort sort) {
    Picture picture = sample();
    ViewState state;
    state.sort = sort;
    arrange(picture, state);
    std::string ids;
    for (const OperationRow& one : picture.operations) ids += std::to_string(one.id) + " ";
    return ids;
  };
  CHECK(order(Sort::time) == "0 2 1 256 ");
  CHECK(order(Sort::rate) == "0 1 2 256 ");
  CHECK(order(Sort::p95) == "2 1 0 256 ");
  CHECK(order(Sort::errors) == "1 0 2 256 ");
}

TEST_CASE("TopView: the mark goes with its operation, and stays on top where nobody moved it") {
  Picture picture = sample();
  ViewState state;
  arrange(picture, state);
  draw(picture, state, {24, 80});
  press({Key::down, {}}, picture, "", state);
  REQUIRE(state.marked == 2);
  state.sort = Sort::errors;
  picture = sample();
  arrange(picture, state);
  CHECK(state.places[0].row == 2);
  press({Key::enter, {}}, picture, "", state);
  CHECK(state.screen == Screen::detail);
  CHECK(state.opened == 2);
  press({Key::text, "q"}, picture, "", state);
  press({Key::home, {}}, picture, "", state);
  CHECK_FALSE(state.marked.has_value());
  state.sort = Sort::p95;
  arrange(picture, state);
  CHECK(state.places[0].row == 0);
}

TEST_CASE("TopView: the header tells the truth about what is shown") {
  ViewState state;
  const Picture picture = sample();
  const std::string text = drawn(picture, state, {24, 80});
  CHECK(text.find("written 5,077 = shown 4,000 + filtered 1,000 + lost 77") != std::string::npos);
  CHECK(text.find(" LIVE ") != std::string::npos);
  CHECK(text.find("pid 1234") != std::string::npos);
  CHECK(drawn(picture, state, {10, 40}).find("lost 77") != std::string::npos);
  Picture past = picture;
  past.past = true;
  past.state = RingState::crashed;
  past.counts.read += 500;
  past.last_wall_ns = past.wall_ns + 3'000'000'000;
  const std::string then = drawn(past, state, {24, 80});
  CHECK(then.find("+ later 500") != std::string::npos);
  CHECK(then.find("3.00 s before the end") != std::string::npos);
  CHECK(then.find(" CRASHED ") != std::string::npos);
  Picture paused = picture;
  paused.paused = true;
  paused.unread = 34'000;
  CHECK(drawn(paused, state, {24, 80}).find("34,000 unread") != std::string::npos);
}

TEST_CASE("TopView: a list scrolls to its end and back, a page at a time") {
  Picture picture = sample();
  ViewState state;
  state.screen = Screen::detail;
  draw(picture, state, {24, 80});
  Place& place = state.place();
  REQUIRE(place.rows == 100);
  press({Key::page_down, {}}, picture, "", state);
  CHECK(place.row == place.page);
  press({Key::end, {}}, picture, "", state);
  draw(picture, state, {24, 80});
  CHECK(place.row == 99);
  CHECK(place.top == 100 - place.page);
  press({Key::down, {}}, picture, "", state);
  CHECK(place.row == 99);
  press({Key::home, {}}, picture, "", state);
  press({Key::up, {}}, picture, "", state);
  CHECK(place.row == 0);
  // A list that became shorter has no mark beyond its end.
  press({Key::end, {}}, picture, "", state);
  press({Key::text, "w"}, picture, "", state);
  draw(picture, state, {24, 80});
  CHECK(place.rows == 1);
  CHECK(place.row == 0);
}

TEST_CASE("TopKeys: each screen has its key, and q goes back before it quits") {
  Picture picture = sample();
  ViewState state;
  arrange(picture, state);
  draw(picture, state, {24, 80});
  const auto type = [&](const char* text) { return press({Key::text, text}, picture, "", state); };
  type("l");
  CHECK(state.screen == Screen::lanes);
  type("e");
  CHECK(state.screen == Screen::errors);
  type("a");
  CHECK(state.screen == Screen::actors);
  type("s");
  CHECK(state.actors_by_failures);
  type("?");
  CHECK(state.screen == Screen::help);
  CHECK(type("q").kind == Action::Kind::none);
  CHECK(state.screen == Screen::actors);
  press({Key::escape, {}}, picture, "", state);
  CHECK(state.screen == Screen::operations);
  CHECK(press({Key::escape, {}}, picture, "", state).kind == Action::Kind::none);
  CHECK(type("q").kind == Action::Kind::quit);
  type(">");
  CHECK(state.sort == Sort::rate);
  type("<");
  type("<");
  CHECK(state.sort == Sort::errors);
  type("+");
  type("+");
  CHECK(state.window == 2);
  type("-");
  CHECK(state.window == 1);
  CHECK(type("p").kind == Action::Kind::pause);
  CHECK(type(" ").kind == Action::Kind::pause);
  CHECK(type("[").kind == Action::Kind::back);
  CHECK(type("]").kind == Action::Kind::forth);
  CHECK(type("é").kind == Action::Kind::none);
}

TEST_CASE("TopKeys: what is typed is edited by whole characters, and handed over with Enter") {
  Picture picture = sample();
  ViewState state;
  press({Key::text, "/"}, picture, "op = A", state);
  CHECK(state.typed == "op = A");
  press({Key::clear_line, {}}, picture, "", state);
  for (const char* text : {"q", "é", "田"}) press({Key::text, text}, picture, "", state);
  press({Key::backspace, {}}, picture, "", state);
  CHECK(state.typed == "qé");
  press({Key::backspace, {}}, picture, "", state);
  CHECK(state.typed == "q");
  const Action action = press({Key::enter, {}}, picture, "", state);
  CHECK(action.kind == Action::Kind::filter);
  CHECK(action.text == "q");
  state.complaint = "no";
  press({Key::escape, {}}, picture, "", state);
  CHECK(state.prompt == Prompt::none);
  CHECK(state.complaint.empty());
}

TEST_CASE("TopView: on a terminal without UTF-8 every cell has its columns in ASCII") {
  for (const std::string text : {"≈18.3 µs", "田中 ▁▄█ ▼TIME", "…–·", "e\u0301"}) {
    const std::string ascii = to_ascii(text);
    CHECK(ascii.size() == display_width(text));
    for (const char c : ascii) CHECK(static_cast<unsigned char>(c) < 0x80);
  }
}

}  // namespace
}  // namespace ringside::tool::top
