// The order in which a service is used, and the thread that uses it.
#include <functional>
#include <thread>

#include "daemon/run/service.h"
#include "tests/support/temp.h"
#include "tests/unit/daemon/dies.h"

namespace ringside {
namespace {

#ifdef RINGSIDE_ASSERTS

TEST_CASE("Service: calls out of order, and calls of another thread, end the program") {
  const test::TempDir directory;
  Config config;
  config.rings = {directory.file("ring")};
  config.state_directory = directory.file("state");
  resolve_paths(config, {});
  const auto dies = [&](const std::function<void(Service&)>& calls) {
    return test::dies([&] {
      Service service(config, "test");
      calls(service);
    });
  };
  const auto started = [&](const std::function<void(Service&)>& calls) {
    return dies([&](Service& service) {
      if (!service.start()) calls(service);
    });
  };
  const auto elsewhere = [](const std::function<void()>& call) { std::thread(call).join(); };
  CHECK_FALSE(started([](Service& service) { service.stop(); }));
  CHECK(started([](Service& service) { service.start(); }));
  CHECK(dies([&](Service& service) { elsewhere([&] { service.start(); }); }));
  CHECK(dies([](Service& service) { service.write_reports(); }));
  CHECK(started([&](Service& service) { elsewhere([&] { service.write_reports(); }); }));
  CHECK(started([](Service& service) {
    service.begin_stop({});
    service.begin_stop({});
  }));
  CHECK(started([&](Service& service) {
    service.begin_stop({});
    elsewhere([&] { service.stop(); });
  }));
  CHECK(started([](Service& service) {
    service.stop();
    service.stop();
  }));
  CHECK(started([&](Service& service) {
    Config other = config;
    other.state_directory += "-other";
    service.reconfigure(other);
  }));
}

#endif

}  // namespace
}  // namespace ringside
