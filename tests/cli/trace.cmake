# fltrace, on traces made by make_trace.
add_test(NAME cli.trace.verbs COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/trace_verbs.sh
  $<TARGET_FILE:fltrace> $<TARGET_FILE:make_trace>)
set_tests_properties(cli.trace.verbs PROPERTIES LABELS cli TIMEOUT 120)
add_test(NAME cli.trace.rewrite COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/trace_rewrite.sh
  $<TARGET_FILE:fltrace> $<TARGET_FILE:make_trace> $<TARGET_FILE:flreplay> $<TARGET_FILE:flrec>)
set_tests_properties(cli.trace.rewrite PROPERTIES LABELS cli TIMEOUT 240)
add_test(NAME cli.trace.stats COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/trace_stats.sh
  $<TARGET_FILE:fltrace> $<TARGET_FILE:make_trace> $<TARGET_FILE:flrec> $<TARGET_FILE:program_crossfree>)
set_tests_properties(cli.trace.stats PROPERTIES LABELS cli TIMEOUT 120)
add_test(NAME cli.trace.import COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/trace_import.sh
  $<TARGET_FILE:fltrace> $<TARGET_FILE:flreplay> $<TARGET_FILE:make_trace>)
set_tests_properties(cli.trace.import PROPERTIES LABELS cli TIMEOUT 240)
add_test(NAME cli.import.mtrace COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/import_mtrace.sh
  $<TARGET_FILE:fltrace> $<TARGET_FILE:flreplay> $<TARGET_FILE:program_mtrace>)
set_tests_properties(cli.import.mtrace PROPERTIES LABELS cli SKIP_RETURN_CODE 77)
add_test(NAME cli.import.logs COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/import_logs.sh
  $<TARGET_FILE:fltrace> $<TARGET_FILE:flreplay> $<TARGET_FILE:program_mtrace>)
set_tests_properties(cli.import.logs PROPERTIES LABELS cli SKIP_RETURN_CODE 77 TIMEOUT 120)
add_test(NAME cli.trace.merge COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/trace_merge.sh
  $<TARGET_FILE:fltrace> $<TARGET_FILE:make_trace> $<TARGET_FILE:flreplay> $<TARGET_FILE:flrec> $<TARGET_FILE_DIR:program_count>)
set_tests_properties(cli.trace.merge PROPERTIES LABELS cli TIMEOUT 240)
add_test(NAME cli.trace.diff COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/trace_diff.sh
  $<TARGET_FILE:fltrace> $<TARGET_FILE:make_trace> $<TARGET_FILE:flrec> $<TARGET_FILE_DIR:program_count>)
set_tests_properties(cli.trace.diff PROPERTIES LABELS cli SKIP_RETURN_CODE 77 TIMEOUT 240)
add_test(NAME cli.import.heaptrack COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/import_heaptrack.sh
  $<TARGET_FILE:fltrace> $<TARGET_FILE:flreplay> $<TARGET_FILE:program_mtrace> ${CMAKE_CURRENT_LIST_DIR}/samples)
set_tests_properties(cli.import.heaptrack PROPERTIES LABELS cli TIMEOUT 120)
add_test(NAME cli.import.malloc_bench COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/import_malloc_bench.sh
  $<TARGET_FILE:fltrace> $<TARGET_FILE:flreplay> ${CMAKE_CURRENT_LIST_DIR}/samples)
set_tests_properties(cli.import.malloc_bench PROPERTIES LABELS cli TIMEOUT 120)

# A recorded trace, damaged everywhere; fewer places where a sanitizer slows it down.
add_executable(trace_damage trace_damage.c)
target_link_libraries(trace_damage PRIVATE fl_test_trace PkgConfig::ZSTD PkgConfig::XXHASH fl_warnings)
set(FL_DAMAGE_FLIPS 10000 1)
if(FL_SANITIZE)
  set(FL_DAMAGE_FLIPS 1000 29)
endif()
if(TARGET flrec AND TARGET flreplay)
  add_test(NAME cli.trace.damage COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/trace_damage.sh $<TARGET_FILE:flrec>
    $<TARGET_FILE:fltrace> $<TARGET_FILE:flreplay> $<TARGET_FILE:trace_damage> ${FL_DAMAGE_FLIPS})
  set_tests_properties(cli.trace.damage PROPERTIES LABELS "cli;slow" SKIP_RETURN_CODE 77)
endif()
