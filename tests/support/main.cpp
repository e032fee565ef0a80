// Runs the test cases of one executable. A filter that matches no case is a failure here, not a
// pass: ctest names the cases one by one, and a name that went stale must not look green.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
// LeakSanitizer asks when a process exits whether it is to look for leaks: in this one, not in the
// children that a test forks. There it takes half a second each, and can't look at all where the
// child has a pid namespace of its own, or a thread that is gone held a lock.
extern "C" int __lsan_is_turned_off() {
  static const pid_t first = getpid();
  return getpid() != first;
}
#endif

namespace {

bool g_ran_nothing =
    false;  // stays false where nothing was asked to run: --help, --list-test-cases

struct CountCases : doctest::IReporter {
  explicit CountCases(const doctest::ContextOptions&) {}
  void test_run_end(const doctest::TestRunStats& stats) override {
    g_ran_nothing = stats.numTestCasesPassingFilters == 0;
  }
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_case_start(const doctest::TestCaseData&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};
REGISTER_LISTENER("count_cases", 1, CountCases);

}  // namespace

int main(int argc, char** argv) {
#if defined(__SANITIZE_ADDRESS__)
  __lsan_is_turned_off();   // learns who is the first
#endif
  doctest::Context context(argc, argv);
  const int result = context.run();
  if (result == 0 && g_ran_nothing) {
    std::fprintf(stderr, "no test case matches the filter\n");
    return 1;
  }
  return result;
}
