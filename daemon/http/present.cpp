#include "daemon/http/present.h"

#include <fmt/format.h>

#include <cstdint>

namespace ringside::http {

std::string weak_etag(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  return fmt::format("W/\"{:016x}\"", hash);
}

const Report& Present::report() const {
  std::call_once(once_, [this] { report_.emplace(*snapshot_); });
  return *report_;
}

// Two threads that ask for the same at once both make it: nobody waits for another's answer.
std::shared_ptr<const Rendered> Present::kept(const std::string& key,
                                              const std::function<std::string()>& make) const {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = kept_.find(key); found != kept_.end()) return found->second;
  }
  auto made = std::make_shared<Rendered>();
  made->text = make();
  made->etag = weak_etag(made->text);
  const std::lock_guard lock(mutex_);
  const std::size_t bytes = key.size() + made->text.size();
  if (kept_.size() < kMostKept && kept_bytes_ + bytes <= kMostKeptBytes &&
      kept_.emplace(key, made).second)
    kept_bytes_ += bytes;
  return made;
}

}  // namespace ringside::http
