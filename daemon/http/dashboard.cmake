# The dashboard's files become strings of the program. A library of its own: it needs nothing but
# the standard library.
set(dashboard ${CMAKE_CURRENT_LIST_DIR}/dashboard)
set(dashboard_names
  index.html style.css parts.css
  acting.js api.js charts.js dom.js events.js figures.js format.js history.js incidents.js keys.js
  live.js login.js main.js operation.js operations.js panels.js points.js store.js traffic.js
  verdict.js)
# What nobody lists would be missing in the program only.
file(GLOB dashboard_found RELATIVE ${dashboard} CONFIGURE_DEPENDS ${dashboard}/*)
list(SORT dashboard_found)
set(dashboard_listed ${dashboard_names})
list(SORT dashboard_listed)
if(NOT dashboard_found STREQUAL dashboard_listed)
  message(FATAL_ERROR "daemon/http/dashboard has ${dashboard_found}, dashboard.cmake lists "
    "${dashboard_listed}: list each file once")
endif()

function(ringside_dashboard_file file path out)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} text)
  file(SHA256 ${file} hash)
  string(SUBSTRING ${hash} 0 32 hash)
  get_filename_component(extension ${file} LAST_EXT)
  set(type "text/javascript; charset=utf-8")
  if(extension STREQUAL ".html")
    set(type "text/html; charset=utf-8")
  elseif(extension STREQUAL ".css")
    set(type "text/css; charset=utf-8")
  endif()
  string(APPEND ${out} "    {\"${path}\", \"${type}\",\n"
    "     R\"asset(${text})asset\"sv, R\"(W/\"${hash}\")\"},\n")
  set(${out} "${${out}}" PARENT_SCOPE)
endfunction()

set(dashboard_entries "")
ringside_dashboard_file(${chart_js} /dashboard/chart.js dashboard_entries)
foreach(name ${dashboard_names})
  set(path /dashboard/${name})
  if(name STREQUAL "index.html")
    set(path /)
  endif()
  ringside_dashboard_file(${dashboard}/${name} ${path} dashboard_entries)
endforeach()
list(LENGTH dashboard_names dashboard_count)
math(EXPR dashboard_count "${dashboard_count} + 1")
set(dashboard_source "#include \"daemon/http/dashboard_files.h\"

#include <array>
#include <string_view>

namespace ringside::http {
namespace {

using std::string_view_literals::operator\"\"sv;

// Literals of string_view have their length; to count it would be too much for clang.
constexpr std::array<DashboardAsset, ${dashboard_count}> kFiles = {{
${dashboard_entries}}};

}  // namespace

std::span<const DashboardAsset> dashboard_files() { return kFiles; }

}  // namespace ringside::http
")
set(dashboard_files ${PROJECT_BINARY_DIR}/generated/daemon/http/dashboard_files.cpp)
file(CONFIGURE OUTPUT ${dashboard_files} CONTENT "@dashboard_source@" @ONLY)
# As for the HTML report: every compiler here takes long literals.
set_source_files_properties(${dashboard_files} PROPERTIES COMPILE_OPTIONS -Wno-overlength-strings)

add_library(ringside_dashboard STATIC http/dashboard_assets.cpp ${dashboard_files})
target_link_libraries(ringside_dashboard PRIVATE ringside_warnings)
target_include_directories(ringside_dashboard PUBLIC ${PROJECT_SOURCE_DIR})
