# flrec on whole programs (tests/programs).
if(TARGET flrec AND TARGET program_count)
  set(record_tests counts death environment limits lossy odd order partial processes refusals stacks table times transparent)
  if(NOT FL_SANITIZE) # flrec itself runs on the preloaded library, and a sanitizer wants to be the first
    list(APPEND record_tests others)
  endif()
  foreach(name ${record_tests})
    add_test(NAME cli.record.${name}
             COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/record_${name}.sh
                     $<TARGET_FILE:flrec> $<TARGET_FILE_DIR:program_count>
                     $<TARGET_FILE:flreplay> $<TARGET_FILE:fltrace>)
    set_tests_properties(cli.record.${name} PROPERTIES LABELS cli SKIP_RETURN_CODE 77)
  endforeach()
endif()
