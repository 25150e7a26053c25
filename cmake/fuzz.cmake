# tests/fuzz/<decoder>_fuzz.c is one libFuzzer harness; its corpus is tests/fuzz/corpus/<decoder>/.
file(GLOB harnesses CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/*_fuzz.c)
foreach(source ${harnesses})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source} tests/fuzz/fuzz_options.c)
    target_link_libraries(${name} PRIVATE sync_cli)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endforeach()
