# schemas/sql/NNNN_name.sql become part of sync_drv (struct migrate_script of common/drv/migrate.h): a program needs no file
# beside it. Also run as a script (cmake -P) to write the C file: OUT, SOURCES.
if(CMAKE_SCRIPT_MODE_FILE)
    set(c "/* Written by cmake/sql.cmake from schemas/sql. */\n#include \"common/drv/migrate.h\"\n\n")
    set(rows "")
    set(count 0)
    foreach(file ${SOURCES})
        get_filename_component(name ${file} NAME_WE)
        string(REGEX MATCH "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)$" ok ${name})
        math(EXPR count "${count} + 1")
        if(NOT ok OR NOT CMAKE_MATCH_1 EQUAL count)
            message(FATAL_ERROR "schemas/sql: ${name} is not number ${count}: NNNN_name.sql without gaps")
        endif()
        set(title ${CMAKE_MATCH_2})
        file(READ ${file} hex HEX)
        string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
        string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
        string(APPEND c "static const unsigned char sql_${count}[] = {\n${bytes}\n0};\n")
        string(APPEND rows "    {${count}, \"${title}\", (const char *)sql_${count}, sizeof(sql_${count}) - 1},\n")
    endforeach()
    string(APPEND c "\nconst struct migrate_script migrate_scripts[] = {\n${rows}};\n")
    string(APPEND c "const size_t migrate_script_count = ${count};\n")
    file(WRITE ${OUT} "${c}")
    return()
endif()

file(GLOB sql CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/schemas/sql/*.sql)
list(SORT sql)
set(migrate_sql ${CMAKE_BINARY_DIR}/generated/migrate_sql.c)
add_custom_command(OUTPUT ${migrate_sql}
    COMMAND ${CMAKE_COMMAND} -DOUT=${migrate_sql} "-DSOURCES=${sql}" -P ${CMAKE_SOURCE_DIR}/cmake/sql.cmake
    DEPENDS ${sql} ${CMAKE_SOURCE_DIR}/cmake/sql.cmake
    COMMENT "Embedding schemas/sql" VERBATIM)
target_sources(sync_drv PRIVATE ${migrate_sql})
