// What an Alertmanager (API v2) still has to be told: the state of each label set, not transitions.
//
//   (none) --active--> firing --gone, or another level--> ended --accepted 3 times--> (none)
//                        ^                                  |
//                        +-------------active---------------+
//
//   L1  The labels are the identity (label_set.h). When a level changes, the old label set ends in
//       the post that begins the new one.
//   L2  startsAt is the begin of the episode, so it is the same after a restart of the daemon.
//   L3  A firing label set is sent when it changes and every resend_ns. Its endsAt is four times as
//       far in the future. So it lapses by itself when the daemon is gone.
//   L4  An ended one is sent with the time of its end until it is accepted kEndsAccepted times,
//       resend_ns apart. Once is not enough: an Alertmanager whose clock is behind ours still holds
//       the alert as active, and one that is restarted forgets what it has not told yet.
//   L5  After a 400 the good alerts of the post are kept there, so none is sent again before its
//       time. At that time each goes alone, and the one that is refused again is dropped, and said.
//   L6  Pending alerts, and those below min_level, are no label sets.
//   L7  If there are most_kept, the oldest that has ended goes for a new one. If all fire, the new
//       one is left out, and counted once.
#pragma once

#include <map>
#include <set>

#include "daemon/outputs/receivers/label_set.h"
#include "daemon/outputs/receivers/outbox.h"

namespace ringside {

class AlertmanagerOutbox final : public Outbox {
 public:
  static constexpr unsigned kEndsAccepted = 3;
  static constexpr std::size_t kMostInPost = 200;   // or one change more

  AlertmanagerOutbox(const ReceiverOptions& options, const Instant& now);

  void tell(const std::vector<AlertTransition>& transitions) override;
  void show(const std::vector<AlertView>& active, const Instant& now) override;
  void reconfigure(const ReceiverOptions& options, const Instant& now) override;
  std::optional<std::int64_t> due_ns() const override;
  std::optional<std::string> next(const Instant& now) override;
  std::vector<std::string> answered(Answer answer, const Instant& now) override;
  std::size_t waiting() const override;
  std::uint64_t dropped() const override { return dropped_; }

 private:
  struct Entry {
    LabelSet annotations;
    std::string id;                           // of the episode
    std::int64_t starts_ns = 0;               // wall clock, like the next
    std::optional<std::int64_t> ended_ns;     // none: firing
    std::optional<std::int64_t> due_ns;       // monotonic; none: refused, until it changes
    std::uint64_t change = 0;                 // those of one show() have the same
    bool accepted = false;                    // as it is now
    unsigned ends_accepted = 0;
    bool alone = false;                       // L5
  };
  using Entries = std::map<LabelSet, Entry>;
  using Active = std::map<LabelSet, const AlertView*>;

  Active wanted(const std::vector<AlertView>& active) const;
  void end_others(const Active& wanted, const std::vector<AlertView>& active, const Instant& now);
  void begin(const LabelSet& labels, const AlertView& view, const Instant& now);
  bool make_room();
  void watch(const Instant& now);
  void touch(Entry& entry, const Instant& now);
  void settle(Entries::iterator entry, const Instant& now);

  ReceiverOptions options_;
  Entries entries_;
  std::map<std::string, AlertTransition> resolved_;   // by episode, since the last show()
  std::set<LabelSet> left_out_;
  std::uint64_t change_ = 0;
  std::vector<std::pair<LabelSet, std::uint64_t>> in_post_;   // with their change
  std::uint64_t dropped_ = 0;
};

}  // namespace ringside
