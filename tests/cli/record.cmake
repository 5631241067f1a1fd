# flrec on whole programs (tests/programs).
if(TARGET flrec AND TARGET program_count)
  foreach(name counts death limits order others partial processes refusals transparent)
    add_test(NAME cli.record.${name}
             COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/record_${name}.sh
                     $<TARGET_FILE:flrec> $<TARGET_FILE_DIR:program_count>
                     $<TARGET_FILE:flreplay> $<TARGET_FILE:fltrace>)
    set_tests_properties(cli.record.${name} PROPERTIES LABELS cli SKIP_RETURN_CODE 77)
  endforeach()
endif()
