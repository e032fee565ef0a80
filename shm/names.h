// The tables of names that travel in the ring, so that no reader needs the server's headers.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "shm/segment.h"

namespace ringside {

struct NameEntry {
  std::string name;
  std::string category;
  std::array<std::string, kStageCount> stages{};
  // What the server declares of an operation.
  bool waits_for_client = false;
  std::uint64_t threshold_ns = 0;  // of its response time; 0 none
};

// Read a name as far as a reader may believe it: cut at its table's width, with every byte but
// printable ASCII shown as '?' (a space too). False while the entry is free or being written.
bool read_name(const Segment& segment, std::uint16_t id, NameEntry* out);
bool read_gauge_name(const Segment& segment, std::uint32_t index, std::string* out);
bool read_error_name(const Segment& segment, std::uint32_t index, std::uint16_t* code,
                     std::string* out);

// Writers: enters a name at a given id. False when the id is taken by another name; the same name
// is fine. An entry whose writer died before it was ready is taken over. All three wait 100 ms at
// most for another process that registers something, and then refuse.
bool enter_name(Segment& segment, std::uint16_t id, const NameEntry& entry);
// Returns the index of the gauge of that name, and enters the name if it is new. kMaxGauges when
// the table is full.
std::uint32_t enter_gauge(Segment& segment, const std::string& name);
// False when the table is full, or when the code has another name.
bool enter_error_name(Segment& segment, std::uint16_t code, const std::string& name);

}  // namespace ringside
