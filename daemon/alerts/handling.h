// What people say about alerts, and how long it holds.
//
//   acknowledge   somebody has it in hand: nobody is told again. Holds until the alert is over, its
//                 level rises, or the given time has come.
//   silence       nobody is called, for one alert or incident, or for all that a filter matches.
//                 The alert log has it all the same. Holds until the given time.
//   unsilence     ends a silence before its time
//   clear         the alert is resolved by hand. If its cause goes on, it returns as a new episode.
//
// Each of them is a line of the alert log, with who and why. Saying the same again changes nothing
// and writes nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/storage/codec.h"
#include "report/model/alerts.h"
#include "report/model/incidents.h"

namespace ringside {

// What is left out matches everything.
struct AlertFilter {
  std::optional<AlertType> alert;
  std::string operation;
  std::string ring;
  std::optional<AlertLevel> level;  // this one and those below it
  bool matches(const AlertTransition& t, AlertLevel at) const;
  friend bool operator==(const AlertFilter&, const AlertFilter&) = default;
};

enum class AlertAction : std::uint8_t { acknowledge, silence, unsilence, clear };
enum class AlertTarget : std::uint8_t { episode, incident, matching };

struct AlertRequest {
  AlertAction action = AlertAction::acknowledge;
  AlertTarget target = AlertTarget::episode;
  std::string id;      // of the episode or incident; of the silence that is to end
  AlertFilter filter;  // for AlertTarget::matching
  std::string who;     // needed; 1 to 100 bytes
  std::string why;     // up to 500 bytes
  // Wall clock. A silence needs it; at most 366 days ahead. 0: an acknowledgement without an end.
  std::int64_t until_wall_ns = 0;
};

struct AlertAnswer {
  bool done = false;
  std::string text;                    // what was done, or what is wrong with the request
  std::string id;                      // of the silence
  std::vector<AlertTransition> lines;  // for the sinks
  bool changed = false;                // there is something to save
  bool unknown = false;                // not done: there is no such alert, incident or silence
};

class Handling {
 public:
  // The most acknowledgements, and the most silences, at one time.
  static constexpr std::size_t kMost = 1000;

  struct Mark {
    AlertTarget target = AlertTarget::episode;
    std::string id;
    AlertLevel level = AlertLevel::info;  // it does not hold above this one
    std::string who;
    std::string why;
    std::int64_t until_wall_ns = 0;  // 0: no end
  };
  struct Silence {
    std::string id;
    AlertTarget target = AlertTarget::episode;
    std::string target_id;
    AlertFilter filter;
    std::string who;
    std::string why;
    std::int64_t until_wall_ns = 0;
  };

  // "anna: looking at it", in visible form.
  static std::string said_by(const std::string& who, const std::string& why);

  // Who has acknowledged the episode, or its incident, at this level. Null: nobody.
  const Mark* acknowledged(const AlertTransition& t, AlertLevel at) const;
  bool silenced(const AlertTransition& t, AlertLevel at) const;

  // How many marks there would be with these. A newer mark of the same target takes the place of
  // the older one.
  std::size_t count_with(const std::vector<Mark>& marks) const;
  // There must be room: count_with() is at most kMost.
  void add(Mark mark);
  // False when there is no room.
  bool add(Silence silence);
  Silence* same_target(const AlertRequest& request);
  std::optional<Silence> remove(const std::string& silence_id);

  // Forgets what no longer holds. `lives` says whether an episode or incident is there.
  void prune(std::int64_t wall_ns,
             const std::function<bool(AlertTarget, const std::string& id)>& lives);

  std::vector<SilenceView> view() const;
  void encode(Encoder& out) const;
  void decode(Decoder& in);  // leaves the decoder failed when the bytes are no such thing

 private:
  std::vector<Mark> marks_;
  std::vector<Silence> silences_;
};

}  // namespace ringside
