# What `cmake --install` puts where. Three components, each of use alone:
#   dev        the library that a server links, static and shared, its headers, the CMake package,
#              ringside.pc
#   programs   the daemon, the debug tool, the reference server and its load, the benchmark
#   doc        the guides and the licence
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ringside)

# One library has the ring and the producer. Its static form is made of the objects that the tree
# links, and its shared form is compiled for itself: the first exports nothing.
add_library(ringside_static STATIC
  $<TARGET_OBJECTS:ringside_shm> $<TARGET_OBJECTS:ringside_producer>)
set_target_properties(ringside_static PROPERTIES EXPORT_NAME producer LINKER_LANGUAGE CXX)
add_library(ringside_shared SHARED)
foreach(part shm producer)
  get_target_property(sources ringside_${part} SOURCES)
  list(TRANSFORM sources PREPEND ${PROJECT_SOURCE_DIR}/${part}/)
  target_sources(ringside_shared PRIVATE ${sources})
  # In a unity build the two stay apart, as elsewhere: names need to be unique within each alone.
  set_source_files_properties(${sources} PROPERTIES UNITY_GROUP ${part})
endforeach()
configure_file(${CMAKE_CURRENT_LIST_DIR}/exported.map.in ${PROJECT_BINARY_DIR}/package/exported.map
  @ONLY)
target_link_options(ringside_shared PRIVATE
  -Wl,--version-script=${PROJECT_BINARY_DIR}/package/exported.map)
set_target_properties(ringside_shared PROPERTIES EXPORT_NAME producer_shared UNITY_BUILD_MODE GROUP
  SOVERSION ${RINGSIDE_ABI} LINK_DEPENDS ${PROJECT_BINARY_DIR}/package/exported.map)
target_include_directories(ringside_shared PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(ringside_shared PRIVATE $<BUILD_INTERFACE:ringside_warnings>)
foreach(target ringside_static ringside_shared)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ringside
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_compile_features(${target} PUBLIC cxx_std_17)
  target_link_libraries(${target} PUBLIC Threads::Threads)
  target_include_directories(${target} INTERFACE
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()
add_library(ringside_reader INTERFACE)
set_target_properties(ringside_reader PROPERTIES EXPORT_NAME shm)
target_link_libraries(ringside_reader INTERFACE ringside_static)

install(TARGETS ringside_static ringside_shared ringside_reader EXPORT ringsideTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
install(EXPORT ringsideTargets NAMESPACE ringside:: DESTINATION ${package_dir} COMPONENT dev)

file(GLOB headers CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/producer/*.h ${PROJECT_SOURCE_DIR}/producer/*.hpp
  ${PROJECT_SOURCE_DIR}/shm/*.h ${PROJECT_SOURCE_DIR}/shm/*.def)
add_custom_command(OUTPUT ${PROJECT_BINARY_DIR}/package/include/ringside/ringside.h
  COMMAND ${CMAKE_COMMAND} -D ROOT=${PROJECT_SOURCE_DIR} -D TO=${PROJECT_BINARY_DIR}/package/include
    -P ${CMAKE_CURRENT_LIST_DIR}/headers.cmake
  DEPENDS ${headers} ${CMAKE_CURRENT_LIST_DIR}/headers.cmake
  COMMENT "Writing the installed headers" VERBATIM)
add_custom_target(ringside_headers ALL
  DEPENDS ${PROJECT_BINARY_DIR}/package/include/ringside/ringside.h)
install(DIRECTORY ${PROJECT_BINARY_DIR}/package/include/ringside
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)

# For servers in C that link the static library: what C++ links and C doesn't, of the compiler that
# builds it.
set(RINGSIDE_CXX_RUNTIME ${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES})
list(REMOVE_ITEM RINGSIDE_CXX_RUNTIME ${CMAKE_C_IMPLICIT_LINK_LIBRARIES})
list(REMOVE_DUPLICATES RINGSIDE_CXX_RUNTIME)
list(TRANSFORM RINGSIDE_CXX_RUNTIME PREPEND -l OUTPUT_VARIABLE RINGSIDE_CXX_LIBRARIES)
list(JOIN RINGSIDE_CXX_RUNTIME " " RINGSIDE_CXX_RUNTIME)
list(JOIN RINGSIDE_CXX_LIBRARIES " " RINGSIDE_CXX_LIBRARIES)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/ringsideConfig.cmake.in
  ${PROJECT_BINARY_DIR}/package/ringsideConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/ringsideConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/package/ringsideConfig.cmake
  ${PROJECT_BINARY_DIR}/package/ringsideConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT dev)
# The prefix is found from where the file lies, so a tree that is moved stays whole.
file(RELATIVE_PATH RINGSIDE_PREFIX_FROM_PC /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" RINGSIDE_PREFIX_FROM_PC ${RINGSIDE_PREFIX_FROM_PC})
configure_file(${CMAKE_CURRENT_LIST_DIR}/ringside.pc.in ${PROJECT_BINARY_DIR}/package/ringside.pc
  @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/package/ringside.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)

foreach(program ringsided ringside ringside-chatd ringside-chatload ringside-bench)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT programs)
  endif()
endforeach()

# The guides link to each other by folder, so they keep them.
file(GLOB_RECURSE guides CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
  ${PROJECT_SOURCE_DIR}/shm/README.md
  ${PROJECT_SOURCE_DIR}/producer/README.md
  ${PROJECT_SOURCE_DIR}/report/README.md
  ${PROJECT_SOURCE_DIR}/daemon/README.md
  ${PROJECT_SOURCE_DIR}/tools/README.md)
foreach(guide ${guides})
  cmake_path(GET guide PARENT_PATH folder)
  install(FILES ${PROJECT_SOURCE_DIR}/${guide}
    DESTINATION ${CMAKE_INSTALL_DOCDIR}/${folder} COMPONENT doc)
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT doc)
if(EXISTS ${PROJECT_SOURCE_DIR}/README.md)
  install(FILES ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT doc)
endif()
