// The words of a chat server: its operations, stages and events. Registered by start() unless
// Setup::chat_names is false; a server's own operations take the ids after them.
#pragma once

#include "producer/ids.h"

namespace ringside {
namespace chat {

// Operations, by category.
inline constexpr OperationId CREATE_ROOM{0}, JOIN_ROOM{1}, LEAVE_ROOM{2}, LIST_ROOMS{3};
inline constexpr OperationId SEND_MESSAGE{4}, DIRECT_MESSAGE{5}, EDIT_MESSAGE{6}, DELETE_MESSAGE{7};
inline constexpr OperationId INVITE_USER{8}, ACCEPT_INVITATION{9}, DECLINE_INVITATION{10}, LIST_INVITATIONS{11};
inline constexpr OperationId REQUEST_USER_LIST{12}, AUTHENTICATION{13}, REGISTRATION{14};
inline constexpr OperationId MESSAGE_REACTIONS{15}, MESSAGE_SEARCH{16}, MESSAGE_HISTORY{17}, THREADED_REPLIES{18};
inline constexpr unsigned kOperationCount = 19;

// Stages of every operation.
inline constexpr unsigned kValidation = 0, kSecurity = 1, kDatabase = 2, kDelivery = 3;

// Events. What `value`, `duration` and `outcome` mean where they mean something:
inline constexpr EventId RETRY{kFirstEvent + 0};             // value: attempt; error: what it is for; duration: backoff
inline constexpr EventId BREAKER{kFirstEvent + 1};           // value: new state, 0 closed 1 open 2 half-open; duration: in the old one
inline constexpr EventId RECOVERY{kFirstEvent + 2};          // duration: first error to first success
inline constexpr EventId VALIDATION_REJECT{kFirstEvent + 3}; // error: why
inline constexpr EventId RATE_LIMIT{kFirstEvent + 4};        // outcome: ok (mostly only counted) or limited
inline constexpr EventId DB_TRANSACTION{kFirstEvent + 5};    // duration; outcome: ok committed, error rolled back
inline constexpr EventId SLOW_QUERY{kFirstEvent + 6};        // duration
inline constexpr EventId LOGIN_FAILED{kFirstEvent + 7};      // subject: address
inline constexpr EventId TOKEN_REJECTED{kFirstEvent + 8};
inline constexpr EventId THREAT_PATTERN{kFirstEvent + 9};    // value: 1 password guessing, 2 injection, 3 invalid burst
inline constexpr EventId IP_BLOCK{kFirstEvent + 10};         // subject: address; value: attempts before it
inline constexpr EventId BLOCKED_ATTEMPT{kFirstEvent + 11};  // subject: address
inline constexpr EventId USER_SUSPENDED{kFirstEvent + 12};   // subject: user
inline constexpr EventId AUDIT_WRITE{kFirstEvent + 13};      // duration
inline constexpr EventId BAD_LINE{kFirstEvent + 14};         // a line that is no command
inline constexpr unsigned kEventCount = 15;

}  // namespace chat
}  // namespace ringside
