# Writes the installed headers: the public ones and what they include, nothing else.
#
#   cmake -D ROOT=<the tree> -D TO=<folder> -P headers.cmake
#
#   in the tree                                     installed
#   producer/*.hpp, producer/ringside.h, version.h  ringside/
#   other headers of producer/                      ringside/detail/
#   shm/                                            ringside/shm/
#
# In the tree an include says the folder ("shm/record.h"). A server may have a folder shm of its
# own, so here it becomes <ringside/shm/record.h>.
cmake_minimum_required(VERSION 3.25)

file(GLOB public RELATIVE ${ROOT} ${ROOT}/producer/*.hpp)
list(APPEND public producer/ringside.h producer/version.h)
# For a reader of one's own (ringside::shm).
set(reader shm/lane_reader.h shm/names.h shm/processes.h shm/segment.h shm/words.h)

function(installed_name out header)
  if(header IN_LIST public)
    string(REGEX REPLACE "^producer/" "ringside/" name "${header}")
  else()
    string(REGEX REPLACE "^producer/" "ringside/detail/" name "${header}")
    string(REGEX REPLACE "^shm/" "ringside/shm/" name "${name}")
  endif()
  set(${out} ${name} PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${TO})
set(waiting ${public} ${reader})
set(done "")
while(waiting)
  list(POP_FRONT waiting header)
  if(header IN_LIST done)
    continue()
  endif()
  list(APPEND done ${header})
  file(READ ${ROOT}/${header} text)
  string(REGEX MATCHALL "#include \"[a-z_./]+\"" lines "${text}")
  list(REMOVE_DUPLICATES lines)
  foreach(line ${lines})
    string(REGEX REPLACE "#include \"(.*)\"" "\\1" included "${line}")
    installed_name(name ${included})
    string(REPLACE "${line}" "#include <${name}>" text "${text}")
    list(APPEND waiting ${included})
  endforeach()
  installed_name(name ${header})
  file(WRITE ${TO}/${name} "${text}")
endwhile()
