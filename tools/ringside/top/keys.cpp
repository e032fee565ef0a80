#include "tools/ringside/top/keys.h"

#include <algorithm>
#include <iterator>

#include "tools/ringside/top/model.h"

namespace ringside::tool::top {

namespace {

using Ask = Action::Kind;
constexpr std::size_t kMostTyped = 1000;

void go_to(Screen screen, ViewState& state) {
  state.screen = screen;
  if (screen == Screen::help) state.place() = {};
}

void move(Key key, const Picture& picture, ViewState& state) {
  Place& place = state.place();
  const std::size_t last = place.rows > 0 ? place.rows - 1 : 0;
  switch (key) {
    case Key::up: place.row -= place.row > 0 ? 1 : 0; break;
    case Key::down: place.row = std::min(place.row + 1, last); break;
    case Key::page_up: place.row -= std::min(place.row, place.page); break;
    case Key::page_down: place.row = std::min(place.row + place.page, last); break;
    case Key::home: place.row = 0; break;
    case Key::end: place.row = last; break;
    default: return;
  }
  if (state.screen != Screen::operations) return;
  // The mark goes with the operation, wherever the order takes it. On top it stays on top.
  state.marked.reset();
  if (place.row > 0 && place.row < picture.operations.size())
    state.marked = picture.operations[place.row].id;
}

void open_marked(const Picture& picture, ViewState& state) {
  const std::size_t row = state.place().row;
  if (state.screen == Screen::operations && row < picture.operations.size()) {
    state.opened = picture.operations[row].id;
  } else if (state.screen == Screen::errors && row < picture.errors.size()) {
    state.opened = picture.errors[row].operation;
  } else {
    return;
  }
  state.behind_detail = state.screen;
  state.screen = Screen::detail;
  state.place() = {};
}

// False where there is nothing to go back to.
bool back(ViewState& state) {
  switch (state.screen) {
    case Screen::operations: return false;
    case Screen::help: state.screen = state.behind_help; return true;
    case Screen::detail: state.screen = state.behind_detail; return true;
    default: state.screen = Screen::operations; return true;
  }
}

void sort_next(int by, ViewState& state) {
  if (state.screen == Screen::actors) {
    state.actors_by_failures = !state.actors_by_failures;
  } else if (state.screen == Screen::operations) {
    const std::size_t now = static_cast<std::size_t>(state.sort);
    state.sort = static_cast<Sort>(by > 0 ? (now + 1) % kSorts : (now + kSorts - 1) % kSorts);
  }
}

void toggle_worst(ViewState& state) {
  if (state.screen != Screen::detail) return;
  state.worst = !state.worst;
  state.place() = {};
}

Action type(const KeyPress& pressed, ViewState& state) {
  switch (pressed.key) {
    case Key::text:
      if (state.typed.size() < kMostTyped) state.typed += pressed.text;
      state.complaint.clear();
      break;
    case Key::backspace:
      while (!state.typed.empty() &&
             (static_cast<unsigned char>(state.typed.back()) & 0xc0) == 0x80)
        state.typed.pop_back();
      if (!state.typed.empty()) state.typed.pop_back();
      state.complaint.clear();
      break;
    case Key::clear_line:
      state.typed.clear();
      state.complaint.clear();
      break;
    case Key::escape:
      state.prompt = Prompt::none;
      state.complaint.clear();
      break;
    case Key::enter:
      return {state.prompt == Prompt::filter ? Ask::filter : Ask::moment, state.typed};
    default: break;
  }
  return {};
}

void ask(Prompt prompt, const std::string& typed, ViewState& state) {
  state.prompt = prompt;
  state.typed = typed;
  state.complaint.clear();
}

}  // namespace

Action press(const KeyPress& pressed, const Picture& picture, const std::string& filter,
             ViewState& state) {
  if (state.prompt != Prompt::none) return type(pressed, state);
  switch (pressed.key) {
    case Key::enter: open_marked(picture, state); return {};
    case Key::tab: toggle_worst(state); return {};
    case Key::escape: back(state); return {};
    case Key::text: break;
    default: move(pressed.key, picture, state); return {};
  }
  if (pressed.text.size() != 1) return {};
  switch (pressed.text[0]) {
    case 'q':
      if (state.screen != Screen::help && state.screen != Screen::detail) return {Ask::quit};
      back(state);
      return {};
    case 'o': go_to(Screen::operations, state); return {};
    case 'l': go_to(Screen::lanes, state); return {};
    case 'e': go_to(Screen::errors, state); return {};
    case 'a': go_to(Screen::actors, state); return {};
    case 'h':
    case '?':
      if (state.screen != Screen::help) state.behind_help = state.screen;
      go_to(Screen::help, state);
      return {};
    case 'k': move(Key::up, picture, state); return {};
    case 'j': move(Key::down, picture, state); return {};
    case 'w': toggle_worst(state); return {};
    case 's':
    case '>': sort_next(1, state); return {};
    case '<': sort_next(-1, state); return {};
    case '+':
    case '=': state.window = std::min(state.window + 1, std::size(kWindowsS) - 1); return {};
    case '-': state.window -= state.window > 0 ? 1 : 0; return {};
    case '/': ask(Prompt::filter, filter, state); return {};
    case 't':
      if (picture.past || picture.from != From::records) ask(Prompt::moment, "", state);
      return {};
    case 'p':
    case ' ': return {Ask::pause};
    case '[': return {Ask::back};
    case ']': return {Ask::forth};
    case '{': return {Ask::begin};
    case '}': return {Ask::end};
    case 'n': return {Ask::newest};
    default: return {};
  }
}

}  // namespace ringside::tool::top
