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

// Two threads that ask for the same at once both make it. Nobody waits for another's answer: a job
// that reads the history has a low priority, and the server's thread has not.
const Report& Present::report() const {
  {
    const std::lock_guard lock(mutex_);
    if (report_) return *report_;
  }
  auto made = std::make_unique<const Report>(*snapshot_);
  const std::lock_guard lock(mutex_);
  if (!report_) report_ = std::move(made);
  return *report_;
}

std::shared_ptr<const Rendered> Present::found(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto there = kept_.find(key);
  return there != kept_.end() ? there->second : nullptr;
}

std::shared_ptr<const Rendered> Present::kept(const std::string& key,
                                              const std::function<std::string()>& make) const {
  if (auto there = found(key)) return there;
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
