// A plug-in that traces what its server gives it.
#include <ringside/ringside.hpp>

extern "C" __attribute__((visibility("default"))) int plugin_open() {
  ringside::Setup setup;
  setup.program = "plugin";
  setup.keep = true;
  return ringside::start(setup) ? 1 : 0;
}

extern "C" __attribute__((visibility("default"))) void plugin_serve() {
  static const ringside::OperationId served = ringside::register_operation("SERVED", "plug-in");
  ringside::Operation(served).finish(ringside::Outcome::ok);
}
