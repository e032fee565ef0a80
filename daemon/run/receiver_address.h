// What everybody to whom the daemon posts has in common: the address in a configuration, and the
// files beside it.
#pragma once

#include <string>

#include "daemon/config/url.h"
#include "daemon/outputs/receivers/receiver_options.h"

namespace ringside {

// The host's name, or "unknown".
std::string host_name();

// Whether nobody else sees what is sent there: an address of this host, or "localhost".
bool is_loopback(const std::string& host);

// Without timeouts, token and authorities.
ReceiverAddress receiver_address(const Url& url, const std::string& version);

// Reads the authorities that are trusted for it. False, and why, if there are none in the file.
bool read_authorities(const std::string& path, ReceiverAddress& address, std::string* why);

}  // namespace ringside
