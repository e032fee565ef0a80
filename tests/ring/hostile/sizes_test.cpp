// Counts and sizes in a header whose product overflows, contradicts the file, or is too large.

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "shm/file_descriptor.h"
#include "shm/segment_check.h"
#include "tests/ring/hostile/hostile.h"
#include "tests/support/ring.h"
#include "tests/support/temp.h"

using namespace ringside;
using namespace ringside::test;

namespace {

__extension__ typedef unsigned __int128 Wide;

constexpr std::uint32_t kCounts[] = {0,         1,
                                     2,         3,
                                     63,        64,
                                     65,        127,
                                     128,       4095,
                                     4096,      4097,
                                     1U << 16,  (1U << 20) - 1,
                                     1U << 20,  (1U << 20) + 1,
                                     1U << 21,  1U << 26,
                                     1U << 31,  (1U << 31) + 64,
                                     0xffffffff};

// The length of a ring with these counts: the formula of shm/README.md, in numbers that don't
// overflow.
Wide bytes_of(std::uint32_t lanes, std::uint32_t capacity, std::uint32_t overflow) {
  const auto pages = [](Wide bytes) { return (bytes + 4095) / 4096 * 4096; };
  return pages(Wide{163840} + Wide{192} * (Wide{lanes} + 1)) + Wide{640} * 4096 + Wide{64} * 4096 +
         Wide{lanes} * pages(Wide{16384} + Wide{64} * capacity) +
         pages(Wide{16384} + Wide{64} * overflow);
}

bool power_of_two_within(std::uint32_t n, std::uint32_t least, std::uint32_t most) {
  for (std::uint64_t power = least; power <= most; power *= 2) {
    if (n == power) return true;
  }
  return false;
}

bool acceptable(std::uint32_t lanes, std::uint32_t capacity, std::uint32_t overflow) {
  return lanes >= 1 && lanes <= 4096 && power_of_two_within(capacity, 64, 1U << 20) &&
         power_of_two_within(overflow, 64, 1U << 20) &&
         bytes_of(lanes, capacity, overflow) <= Wide{4} << 30;
}

HeaderBytes valid_header(const std::string& path) {
  const auto ring = make_ring(path, {1, 64, 64});
  HeaderBytes header;
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(read_header(file.get(), &header));
  return header;
}

// A file that begins with the header. The rest is a hole.
void write_file(const std::string& path, const HeaderBytes& header, std::uint64_t bytes) {
  const FileDescriptor file(open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600));
  REQUIRE(pwrite(file.get(), header.bytes, sizeof header.bytes, 0) ==
          static_cast<ssize_t>(sizeof header.bytes));
  REQUIRE(ftruncate(file.get(), static_cast<off_t>(bytes)) == 0);
}

}  // namespace

TEST_CASE(
    "Sizes: of all counts at every boundary exactly those are taken whose bytes fit, in the header "
    "and the file") {
  TempDir dir;
  HeaderBytes header = valid_header(dir.file("valid"));
  auto* fields = reinterpret_cast<SegmentHeader*>(header.bytes);
  std::uint64_t wrong = 0;
  std::uint64_t taken = 0;
  for (const std::uint32_t lanes : kCounts) {
    for (const std::uint32_t capacity : kCounts) {
      for (const std::uint32_t overflow : kCounts) {
        fields->lane_count = lanes;
        fields->lane_capacity = capacity;
        fields->overflow_capacity = overflow;
        const Wide bytes = bytes_of(lanes, capacity, overflow);
        // The true size, its lower 64 and 32 bits, and sizes close to it.
        const auto low = static_cast<std::uint64_t>(bytes);
        for (const std::uint64_t said : {low, low & 0xffffffff, low - 1, low + 1, low - 4096,
                                         std::uint64_t{0}, ~std::uint64_t{0}}) {
          fields->segment_bytes = said;
          for (const std::uint64_t file :
               {said, said - 1, said + 1, std::uint64_t{1024}, ~std::uint64_t{0}}) {
            const bool expected =
                acceptable(lanes, capacity, overflow) && said == bytes && file >= bytes;
            SegmentFacts facts;
            Failure failure;
            const bool found = check_header(header.bytes, file, "ring", &facts, &failure);
            wrong += found != expected || (!found && failure.message.empty());
            taken += found;
          }
        }
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(taken > 0);
}

TEST_CASE("Sizes: what is taken can be read to its last byte, and not one byte further") {
  TempDir dir;
  const std::string path = dir.file("ring");
  HeaderBytes header = valid_header(dir.file("valid"));
  auto* fields = reinterpret_cast<SegmentHeader*>(header.bytes);
  int opened = 0;
  for (const std::uint32_t lanes : kCounts) {
    for (const std::uint32_t capacity : kCounts) {
      const Geometry geometry{lanes, capacity, 64};
      if (!acceptable(lanes, capacity, 64) || geometry.segment_bytes() > std::uint64_t{256} << 20)
        continue;
      fields->lane_count = lanes;
      fields->lane_capacity = capacity;
      fields->overflow_capacity = 64;
      fields->segment_bytes = geometry.segment_bytes();
      SegmentFacts facts;
      Failure failure;
      write_file(path, header, fields->segment_bytes - 1);
      CHECK(open_segment(path, {}, &facts, &failure) == nullptr);
      CHECK(failure.message.find("is cut off") != std::string::npos);
      write_file(path, header, fields->segment_bytes);
      const auto reader = open_segment(path, {}, &facts, &failure);
      REQUIRE_MESSAGE(reader != nullptr, failure.message);
      ++opened;
      const auto* begin = reinterpret_cast<const unsigned char*>(&reader->header());
      const auto* end = begin + fields->segment_bytes;
      for (std::uint32_t lane = 0; lane <= lanes; ++lane) {
        // Only the first and the last lane are touched: a read allocates a page.
        const Slot* last = reader->slots(lane) + geometry.capacity(lane) - 1;
        REQUIRE(reinterpret_cast<const unsigned char*>(last + 1) <= end);
        if (lane == 0 || lane == lanes) CHECK(last->sequence.load() == 0);
      }
      CHECK(end[-1] == 0);
      CHECK_FALSE(reader->broken());
    }
  }
  CHECK(opened > 20);
  // A read outside of the mapping ends the process, so the reads above were inside.
  SegmentFacts facts;
  Failure failure;
  const auto reader = open_segment(path, {}, &facts, &failure);
  REQUIRE(reader != nullptr);
  const auto* begin = reinterpret_cast<const volatile unsigned char*>(&reader->header());
  for (const std::ptrdiff_t outside :
       {std::ptrdiff_t{-1}, static_cast<std::ptrdiff_t>(facts.geometry.segment_bytes())}) {
    CHECK_FALSE(run([&] {
      // Hides a sanitizer's report of the crash.
      close(STDERR_FILENO);
      signal(SIGSEGV, SIG_DFL);
      return begin[outside] * 0;
    }).exited(0));
  }
}
