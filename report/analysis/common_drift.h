// What all operations of a ring have in common: the host's neighbours, its caches, its clock rate.
//
// Its level is the middle of how far the operations' medians are from usual. While it only wanders,
// it is taken off each figure before that is judged, so that less of what a figure does is chance.
// It is watched as a figure of its own. While that has risen, by 15 % at least, nothing is taken
// off: what has made all operations slower is found in each of them.
#pragma once

#include <cstdint>
#include <vector>

#include "report/analysis/figure_watch.h"

namespace ringside {

// The middle of the distances, which are reordered; 0 if there are fewer than three.
double common_of(std::vector<double>& distances);
// The same of both: what this minute shows, and what a point before it did.
double common_of(const std::vector<double>& now, const std::vector<double>& before);

class CommonDrift {
 public:
  // A minute: how far each operation's median was from usual, and the calls of all.
  void add(std::int64_t wall_s, std::vector<double>& p50, std::uint64_t calls, FigureLimits limits,
           bool learn);
  // To be taken off each figure of the present minute: a logarithm.
  double drift() const { return watch_.watched() && !watch_.risen() ? drift_ : 0; }
  bool watched() const { return watch_.watched(); }
  void set_back(std::int64_t wall_s) { watch_.set_back(wall_s); }

 private:
  FigureWatch watch_;
  bool begun_ = false;
  double drift_ = 0;
};

}  // namespace ringside
