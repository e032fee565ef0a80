# shm and producer built again with the named points of the protocol compiled in, for tests alone
# (shm/test_points.h). The copies are not installed. They are object libraries because their symbols
# come first: the linker then takes no object from ringside_shm's archive, which the daemon brings
# along. Each is compiled as one source in every build.
foreach(part shm producer)
  get_target_property(sources ringside_${part} SOURCES)
  list(TRANSFORM sources PREPEND ${PROJECT_SOURCE_DIR}/${part}/)
  add_library(ringside_${part}_points OBJECT EXCLUDE_FROM_ALL ${sources})
  set_target_properties(ringside_${part}_points PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
  target_compile_definitions(ringside_${part}_points PUBLIC RINGSIDE_TEST_POINTS)
  target_include_directories(ringside_${part}_points PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(ringside_${part}_points PUBLIC Threads::Threads PRIVATE ringside_warnings)
endforeach()
