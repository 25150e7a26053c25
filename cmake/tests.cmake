# tests/<tier>/<module>_test.c is one program; its label is the tier. Simulators are programs of their own.
layer(sync_test_support tests/support sync_cli)

layer(sync_sim tests/sim/common sync_net PkgConfig::XML PkgConfig::ZLIB)
layer(sim_exchange_lib tests/sim/exchange sync_sim)
layer(sim_rock_lib tests/sim/rock sync_sim)
# The simulator can take Kerberos tickets where krb5-gssapi is there.
if(GSSAPI_FOUND)
    target_link_libraries(sim_exchange_lib PUBLIC PkgConfig::GSSAPI)
    target_compile_definitions(sim_exchange_lib PRIVATE SX_WITH_GSSAPI)
endif()
program(sim-exchange tests/sim/exchange sim_exchange_lib)
program(sim-rock tests/sim/rock sim_rock_lib)

# A program that cannot run here ends with 77 and says why on its last line: skipped, by name. Arguments: the tier, then the
# libraries beyond ours. Integration programs want both cores to themselves.
function(test_tier tier)
    file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${tier}/*_test.c)
    foreach(source ${tests})
        get_filename_component(name ${source} NAME_WE)
        add_executable(${tier}_${name} ${source})
        target_link_libraries(${tier}_${name} PRIVATE sync_test_support sim_exchange_lib sim_rock_lib ${ARGN})
        add_test(NAME ${tier}/${name} COMMAND ${tier}_${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
        set_tests_properties(${tier}/${name} PROPERTIES LABELS ${tier} TIMEOUT $<IF:$<STREQUAL:${tier},integration>,300,180> SKIP_RETURN_CODE 77
            ENVIRONMENT "CONTACT_SYNC_BUILD=${CMAKE_BINARY_DIR}")
        if(tier STREQUAL "integration")
            set_tests_properties(${tier}/${name} PROPERTIES PROCESSORS 2)
        endif()
    endforeach()
endfunction()

# Criterion does not start under ThreadSanitizer, so that build has only the stress programs, each with a main of its own.
test_tier(stress)
if(NOT CONTACT_SYNC_SANITIZE MATCHES "thread")
    foreach(tier unit contract golden crash integration)
        test_tier(${tier} PkgConfig::CRITERION)
    endforeach()
endif()

add_custom_target(benches)
file(GLOB benches CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/bench/*_bench.c)
foreach(source ${benches})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE sync_test_support sim_exchange_lib sim_rock_lib)
    add_dependencies(benches ${name})
endforeach()
