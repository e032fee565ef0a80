// The latest snapshot, with what is made of it once and then shown to everybody who asks: its
// analysis, and answers as text.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "report/analysis/analysis.h"
#include "report/model/snapshot.h"

namespace ringside::http {

// The data of an answer, as JSON text.
struct Rendered {
  std::string text;
  std::string etag;  // weak, of the text: W/"0123456789abcdef"
};
std::string weak_etag(std::string_view text);

// May be used by several threads at once.
class Present {
 public:
  // Not null.
  explicit Present(std::shared_ptr<const Snapshot> snapshot) : snapshot_(std::move(snapshot)) {}

  const Snapshot& snapshot() const { return *snapshot_; }
  // Made at the first call, in milliseconds, and kept.
  const Report& report() const;
  // What `make` returned for this key, kept while there is room: up to kMostKept answers of
  // kMostKeptBytes together.
  std::shared_ptr<const Rendered> kept(const std::string& key,
                                       const std::function<std::string()>& make) const;

  // The answer that is kept for this key; null: none is.
  std::shared_ptr<const Rendered> found(const std::string& key) const;

  static constexpr std::size_t kMostKept = 32;
  // 256 operations with their last 100 calls are 8.6 MB, and their JSON report 10 MB.
  static constexpr std::size_t kMostKeptBytes = std::size_t{32} << 20;

 private:
  const std::shared_ptr<const Snapshot> snapshot_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<const Report> report_;
  mutable std::unordered_map<std::string, std::shared_ptr<const Rendered>> kept_;
  mutable std::size_t kept_bytes_ = 0;
};

}  // namespace ringside::http
