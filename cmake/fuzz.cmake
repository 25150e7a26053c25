# tests/fuzz/<decoder>_fuzz.c is one libFuzzer harness; its corpus is tests/fuzz/corpus/<decoder>/.
file(GLOB harnesses CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/*_fuzz.c)
foreach(source ${harnesses})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source} tests/fuzz/fuzz_options.c)
    target_link_libraries(${name} PRIVATE sync_cli)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endforeach()
# The simulators are no part of what fuzzers link; these files of theirs stand by themselves.
target_sources(sim_ntlm_fuzz PRIVATE tests/sim/exchange/sx_ntlm.c tests/sim/exchange/sx_md4.c)
