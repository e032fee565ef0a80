// Advice as rows: what was suggested, and what became of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/history/database.h"
#include "report/model/advice.h"

namespace ringside {

// What is suggested again within two days of when it last was is one row, and another one later.
void write_advice(Database& database, const std::vector<AdviceLook>& looks);

// What was suggested in the two days before that time: whose figure the next look must tell.
std::vector<AdviceKey> open_advice(Database& database, std::int64_t wall_ns);

// Given before `end_ns`, and last looked at in the week before `begin_ns` or later, by when it was
// first given. With what was done near its end. `ring` empty: all;
// else those of that ring alone, as the figures of all rings are no figures of one.
std::vector<HistoryAdvice> read_advice(Database& database, std::int64_t begin_ns,
                                       std::int64_t end_ns, const std::string& ring);

// Removes what was last looked at before that time.
void remove_advice_before(Database& database, std::int64_t wall_ns);

}  // namespace ringside
