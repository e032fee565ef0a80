// Writes the dashboard's files as the program has them into the directory that it is given, and
// files.json: what each is served as.
#include <cstdio>
#include <fstream>
#include <string>

#include "daemon/http/dashboard_files.h"

using ringside::http::DashboardAsset;

namespace {

bool write(const std::string& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  file.close();
  if (!file) std::fprintf(stderr, "dashboard_files: cannot write %s\n", path.c_str());
  return static_cast<bool>(file);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: ringside_dashboard_files DIRECTORY\n", stderr);
    return 2;
  }
  const std::string directory = std::string(argv[1]) + "/";
  std::string list;
  for (const DashboardAsset& one : ringside::http::dashboard_files()) {
    const std::string path(one.path);
    const std::string name = path == "/" ? "index.html" : path.substr(path.rfind('/') + 1);
    if (!write(directory + name, one.bytes)) return 1;
    // Nothing of it needs an escape but the tag's quotes.
    const std::string tag(one.etag.substr(3, one.etag.size() - 4));
    list += (list.empty() ? "" : ",\n") + ("\"" + path + "\": {\"name\": \"" + name) +
            "\", \"type\": \"" + std::string(one.type) + "\", \"etag\": \"W/\\\"" + tag + "\\\"\"}";
  }
  return write(directory + "files.json", "{" + list + "}\n") ? 0 : 1;
}
