// The whole report, section by section, onto whatever page it is given.
#pragma once

#include <cstddef>

#include "report/analysis/analysis.h"
#include "report/render/page.h"

namespace ringside {

// How long the lists are.
struct Limits {
  // A quiet night, too, section by section. Otherwise it is half a page.
  bool whole = false;
  std::size_t stories = 5;       // incidents told in full, the gravest first
  std::size_t more = 30;         // of the others, a line of each
  std::size_t evidence = 8;      // lines of each
  std::size_t transitions = 10;  // latest alert transitions
  std::size_t errors = 15;       // kinds of errors, failures first
  std::size_t top = 5;           // actors, subjects, blocks and slowest operations
  std::size_t unseen = 5;        // names that nobody has used
};

void write_document(Page& page, const Report& report, const Limits& limits);

}  // namespace ringside
