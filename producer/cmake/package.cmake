# What `cmake --install` puts where. Three components, each of use alone:
#   dev        the libraries a server links, their headers, the CMake package
#   programs   the daemon, the debug tool, the reference server and its load, the benchmark
#   doc        the guides and the licence
# Headers keep their folders below include/ringside, so that an installed header is included as it
# is in the tree.
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ringside)

install(TARGETS ringside_shm ringside_producer EXPORT ringsideTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
install(EXPORT ringsideTargets NAMESPACE ringside:: DESTINATION ${package_dir} COMPONENT dev)
foreach(folder shm producer)
  file(GLOB headers CONFIGURE_DEPENDS
    ${PROJECT_SOURCE_DIR}/${folder}/*.h
    ${PROJECT_SOURCE_DIR}/${folder}/*.hpp
    ${PROJECT_SOURCE_DIR}/${folder}/*.def)
  install(FILES ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ringside/${folder} COMPONENT dev)
endforeach()

# For the package's users in C: what C++ links and C doesn't, of the compiler that builds the
# libraries.
set(RINGSIDE_CXX_RUNTIME ${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES})
list(REMOVE_ITEM RINGSIDE_CXX_RUNTIME ${CMAKE_C_IMPLICIT_LINK_LIBRARIES})
list(REMOVE_DUPLICATES RINGSIDE_CXX_RUNTIME)
list(JOIN RINGSIDE_CXX_RUNTIME " " RINGSIDE_CXX_RUNTIME)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/ringsideConfig.cmake.in
  ${PROJECT_BINARY_DIR}/package/ringsideConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/ringsideConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/package/ringsideConfig.cmake
  ${PROJECT_BINARY_DIR}/package/ringsideConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT dev)

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
