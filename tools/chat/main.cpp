// ringside-chatd: wires command line, log, tracing and server together.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "daemon/storage/standard_streams.h"
#include "tools/chat/options.h"
#include "tools/chat/net/server.h"
#include "tools/chat/trace.h"

namespace {

// Each connection needs a file descriptor. The soft limit is often 1024 and the hard limit much
// higher.
void raise_descriptor_limit(std::size_t connections) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = connections + 128;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted) {
    spdlog::warn("at most {} file descriptors; --max-connections {} needs {}", limit.rlim_cur,
                 connections, wanted);
  }
}

// Written beside and renamed: a script that waits for the file never reads half a number.
void write_port_file(const std::string& file, std::uint16_t port) {
  const std::string unfinished = file + ".tmp";
  std::ofstream out(unfinished);
  out << port << '\n';
  out.close();
  if (!out)
    throw std::runtime_error(
        "--port-file " + file +
        ": can't be written\n  next: name a file in a directory that you may write");
  std::filesystem::rename(unfinished, file);
}

int run(int argc, char** argv) {
  int exit_code = 0;
  const auto line = chatd::parse_command_line(argc, argv, exit_code);
  if (!line) return exit_code;
  spdlog::set_default_logger(spdlog::stderr_logger_mt("ringside-chatd"));
  spdlog::set_level(spdlog::level::from_str(line->log_level));
  std::signal(SIGPIPE, SIG_IGN);
  try {
    raise_descriptor_limit(line->server.max_connections);
    spdlog::info("{}", chatd::trace::start(line->configuration_digest));
    if (const std::string remarks = chatd::trace::remarks(); !remarks.empty())
      spdlog::warn("{}", remarks);
    boost::asio::io_context signals_io;
    // Before the server starts: from here on these signals no longer end the process by default.
    boost::asio::signal_set signals(signals_io, SIGTERM, SIGINT);
    chatd::Server server(line->server);
    server.start();
    if (!line->port_file.empty()) write_port_file(line->port_file, server.port());
    // A failure here does not end the server: the log has the address, and --port-file the port.
    if (dprintf(STDOUT_FILENO, "listening on %s\n", server.address().c_str()) < 0) {
      spdlog::warn("listening on {}; standard output: cannot write: {}", server.address(),
                   std::strerror(errno));
    }
    signals.async_wait(
        [&](const auto&, int number) { spdlog::info("signal {}: stopping", number); });
    signals_io.run();
    server.stop();
    chatd::trace::stop();
    spdlog::info("stopped");
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ringside-chatd: %s\n", error.what());
    return 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  ringside::secure_streams();
  return ringside::finish_output("ringside-chatd", run(argc, argv));
}
