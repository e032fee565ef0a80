#include "tools/chat/build_id.h"

#include <elf.h>
#include <link.h>

#include <cstddef>
#include <cstring>
#include <string_view>

#include "producer/version.h"

namespace chatd {
namespace {

constexpr std::size_t kShownBytes = 6;

std::string hex_of(const unsigned char* bytes, std::size_t count) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += {kDigits[bytes[i] >> 4], kDigits[bytes[i] & 15]};
  return text;
}

std::size_t padded(std::size_t bytes) { return (bytes + 3) / 4 * 4; }

// The linker's id among the notes of a segment, in hex; empty when it is not there.
std::string linker_id_in(const char* notes, std::size_t bytes) {
  std::size_t at = 0;
  ElfW(Nhdr) note;
  while (at + sizeof note <= bytes) {
    std::memcpy(&note, notes + at, sizeof note);
    const std::size_t name = at + sizeof note;
    const std::size_t text = name + padded(note.n_namesz);
    if (text + note.n_descsz > bytes) break;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_descsz >= kShownBytes &&
        std::string_view(notes + name, note.n_namesz) == std::string_view("GNU", 4)) {
      return hex_of(reinterpret_cast<const unsigned char*>(notes) + text, kShownBytes);
    }
    at = text + padded(note.n_descsz);
  }
  return {};
}

// The first object that it is called for is the program itself.
int look_at_program(dl_phdr_info* info, std::size_t, void* out) {
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    auto* id = static_cast<std::string*>(out);
    *id = linker_id_in(reinterpret_cast<const char*>(info->dlpi_addr + segment.p_vaddr),
                       segment.p_memsz);
    if (!id->empty()) break;
  }
  return 1;
}

}  // namespace

std::string build_id() {
  std::string linker_id;
  dl_iterate_phdr(&look_at_program, &linker_id);
  return RINGSIDE_VERSION_STRING + (linker_id.empty() ? "" : "+" + linker_id);
}

}  // namespace chatd
