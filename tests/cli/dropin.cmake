# libflmalloc.so under programs (allocator/dropin), for every allocator of the registry.
if(TARGET flmalloc AND TARGET family AND TARGET program_count)
  set(dropin_arguments $<TARGET_FILE:flmalloc> $<TARGET_FILE:family> $<TARGET_FILE_DIR:program_count>)
  foreach(name family settings)
    add_test(NAME cli.dropin.${name}
             COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/dropin_${name}.sh ${dropin_arguments})
    set_tests_properties(cli.dropin.${name} PROPERTIES LABELS cli)
  endforeach()
  set(dropin_programs g++ c++-program python3 sqlite3 perl git tar stress-ng)
  if(NOT FL_SANITIZE) # flrec itself runs on it then, and a sanitizer wants to be the first library
    list(APPEND dropin_programs flrec)
  endif()
  foreach(program ${dropin_programs})
    add_test(NAME cli.dropin.${program}
             COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/dropin_programs.sh ${dropin_arguments} c++ ${program})
    set_tests_properties(cli.dropin.${program} PROPERTIES LABELS cli SKIP_RETURN_CODE 77)
  endforeach()
  set_tests_properties(cli.dropin.g++ PROPERTIES LABELS "cli;slow" TIMEOUT 1200) # lists on a busy machine
endif()
