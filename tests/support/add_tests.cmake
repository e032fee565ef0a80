# How tests are registered. README.md in the folder above says what belongs where.
#
# A test has one place label: the folder of tests/ that holds the test, which is unit, ring,
# programs or source. LONG adds the label `long`. `tools/test` runs `long` tests only when it is
# given --long.
#
# UNDER names the sanitizers that can find something in a test. Each one costs a build of its own.
#   address   (with undefined) code that handles memory in C++. This is the default.
#   thread    several threads of a process that use the same memory.
#   none      scripts, models, the source text, measurements: a sanitizer changes nothing.
# A build without a sanitizer has every test.
include(doctest)

# Everything that the tests need. A sanitizer build builds only this.
add_custom_target(ringside_tests)

# The folder of tests/ that the calling CMakeLists.txt is in.
function(ringside_place out)
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR}/tests ${CMAKE_CURRENT_SOURCE_DIR})
  string(REGEX REPLACE "/.*" "" place "${folder}")
  if(NOT place MATCHES "^(unit|ring|programs|source)$")
    message(FATAL_ERROR "tests/${folder}: tests stand in unit, ring, programs or source")
  endif()
  set(${out} ${place} PARENT_SCOPE)
endfunction()

# Whether this build runs a test for which UNDER names these sanitizers.
function(ringside_runs_here out)
  set(here ON)
  foreach(sanitizer address thread)
    if(RINGSIDE_SANITIZE MATCHES "${sanitizer}" AND NOT sanitizer IN_LIST ARGN)
      set(here OFF)
    endif()
  endforeach()
  set(${out} ${here} PARENT_SCOPE)
endfunction()

# `tools/test --only` reads this list: the program, or the targets, that a test needs.
#   program|<target>|<source>;<source>...    a doctest program, whose cases are in these sources and
#                                            are tests of their own
#   files|<target>|<source>;<source>...      the same, but a test is a source: <target>/<its name>
#   test|<name>|<target>;<target>...         a test with that name
function(ringside_list_test line)
  set_property(GLOBAL APPEND_STRING PROPERTY RINGSIDE_TEST_LIST "${line}\n")
endfunction()
function(ringside_write_test_list)
  get_property(lines GLOBAL PROPERTY RINGSIDE_TEST_LIST)
  file(WRITE ${PROJECT_BINARY_DIR}/tests/list.txt "${lines}")
endfunction()

# ringside_add_tests(<target> <source>... [LIBRARIES <library>...] [TIMEOUT <seconds>]
#                    [UNDER <sanitizer>...] [NEEDS <target>...] [LONG] [OPTIMISED])
#
# One doctest program. ctest runs its cases one by one, so a crash fails one case and the others
# still run. Under a sanitizer or an emulator a process takes a tenth of a second to start. ctest
# then runs the cases of one source in one process, and the test is called <target>/<source>.
# TIMEOUT is for each test: 60 s unless given, and six times as much where a test is a source.
# NEEDS names the programs that the cases start. A case's name must not contain `;`, because
# doctest's script would split it. A build that does not run the program has no target for it.
# OPTIMISED is for programs that run a server's inline code or count millions of records. The
# sources of the others are compiled with -Og, which takes two thirds of the time. Under a sanitizer
# nothing of the tests is optimised. The code under test is compiled as it is shipped.
function(ringside_add_tests target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "LONG;OPTIMISED" "TIMEOUT" "LIBRARIES;UNDER;NEEDS")
  if(NOT arg_UNDER)
    set(arg_UNDER address)
  endif()
  ringside_runs_here(here ${arg_UNDER})
  if(NOT here)
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  set(by_source OFF)
  if(RINGSIDE_SANITIZE OR CMAKE_CROSSCOMPILING)
    set(by_source ON)
    math(EXPR arg_TIMEOUT "6 * ${arg_TIMEOUT}")
  endif()
  add_executable(${target} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${target} PRIVATE ringside_test_main ${arg_LIBRARIES} doctest::doctest
    ringside_warnings)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  if(NOT arg_OPTIMISED AND NOT RINGSIDE_SANITIZE)
    target_compile_options(${target} PRIVATE -Og)
  endif()
  if(CMAKE_UNITY_BUILD)
    # A tenth less to compile. An exception inside of a CHECK still fails the case. It is shown
    # without the expression that threw it, which the preset `edit` shows.
    target_compile_definitions(${target} PRIVATE DOCTEST_CONFIG_NO_TRY_CATCH_IN_ASSERTS)
  else()
    target_precompile_headers(${target} PRIVATE <doctest/doctest.h>)
  endif()
  target_link_options(${target} PRIVATE ${test_linker})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests
    UNITY_BUILD_BATCH_SIZE 24)
  add_dependencies(ringside_tests ${target})
  if(arg_NEEDS)
    add_dependencies(${target} ${arg_NEEDS})
  endif()
  if(CMAKE_CROSSCOMPILING_EMULATOR)
    target_compile_definitions(${target} PRIVATE RINGSIDE_TEST_EMULATED)
  endif()

  ringside_place(labels)
  if(arg_LONG)
    list(APPEND labels long)
  endif()
  if(by_source)
    set(kind files)
    foreach(source ${arg_UNPARSED_ARGUMENTS})
      if(source MATCHES "([a-z0-9_]+_test)\\.cpp$")
        add_test(NAME ${target}/${CMAKE_MATCH_1} COMMAND ${target} --source-file=*/${source})
        set_tests_properties(${target}/${CMAKE_MATCH_1} PROPERTIES TIMEOUT ${arg_TIMEOUT}
          LABELS "${labels}")
      endif()
    endforeach()
  else()
    set(kind program)
    doctest_discover_tests(${target} PROPERTIES TIMEOUT ${arg_TIMEOUT})
    # doctest's script sets one label at most. The tests it found get theirs when ctest reads this.
    set(path ${CMAKE_CURRENT_BINARY_DIR}/${target}_labels.cmake)
    file(WRITE ${path} "foreach(test IN LISTS ${target}_TESTS)
  set_tests_properties(\"\${test}\" PROPERTIES LABELS \"${labels}\")
endforeach()\n")
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${path})
  endif()

  list(TRANSFORM arg_UNPARSED_ARGUMENTS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  ringside_list_test("${kind}|${target}|${arg_UNPARSED_ARGUMENTS}")
endfunction()

# ringside_add_test(<name> COMMAND <word>... [TIMEOUT <seconds>] [UNDER <sanitizer>...]
#                   [NEEDS <target>...] [LONG] [PROPERTIES <property> <value>...])
#
# One test that is a command. TIMEOUT is 120 s unless given. NEEDS names the targets that it runs.
# The property COST, in seconds, makes ctest begin with the tests that take minutes. One that is
# left for the end would have a core to itself.
function(ringside_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "LONG" "TIMEOUT" "COMMAND;UNDER;NEEDS;PROPERTIES")
  if(NOT arg_UNDER)
    set(arg_UNDER address)
  endif()
  ringside_runs_here(here ${arg_UNDER})
  if(NOT here)
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  ringside_place(labels)
  if(arg_LONG)
    list(APPEND labels long)
  endif()
  add_test(NAME ${name} COMMAND ${arg_COMMAND})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${labels}"
    ${arg_PROPERTIES})
  if(arg_NEEDS)
    add_dependencies(ringside_tests ${arg_NEEDS})
  endif()
  ringside_list_test("test|${name}|${arg_NEEDS}")
endfunction()

# ringside_scenarios(<out> <file>): the tests of a Python file, each as Class.test_name. The file is
# read again whenever it changes, so a new test needs no other entry.
function(ringside_scenarios out path)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  file(STRINGS ${path} lines REGEX "^(class [A-Za-z]+\\(|    def test_)")
  set(found "")
  foreach(line ${lines})
    if(line MATCHES "^class ([A-Za-z]+)")
      set(class ${CMAKE_MATCH_1})
    else()
      string(REGEX MATCH "test_[a-z0-9_]+" scenario "${line}")
      list(APPEND found ${class}.${scenario})
    endif()
  endforeach()
  set(${out} ${found} PARENT_SCOPE)
endfunction()
