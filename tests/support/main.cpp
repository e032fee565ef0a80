// Runs the test cases of one executable. A filter that matches no case is a failure here: ctest
// names the cases one by one, and a name that no longer exists must not pass.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

#include <unistd.h>

#if defined(RINGSIDE_UNDER_ADDRESS)
// LeakSanitizer asks at the exit of a process whether it must look for leaks. It must in the test
// program, and not in the children that a test forks. In a child the search takes half a second. It
// fails where the child has its own pid namespace, or where a thread that is gone held a lock.
extern "C" int __lsan_is_turned_off() {
  static const pid_t first = getpid();
  return getpid() != first;
}
#endif

namespace {

// Stays false where nothing was asked to run: --help, --list-test-cases.
bool g_ran_nothing = false;

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
#if defined(RINGSIDE_UNDER_ADDRESS)
  __lsan_is_turned_off();   // the first call notes the pid of the test program
#endif
  doctest::Context context(argc, argv);
  const int result = context.run();
  if (result == 0 && g_ran_nothing) {
    std::fprintf(stderr, "no test case matches the filter\n");
    return 1;
  }
  return result;
}
