# Warnings, hardening and sanitizers, applied to every target of the project.
add_compile_definitions(_GNU_SOURCE CONTACT_SYNC_VERSION="${PROJECT_VERSION}")
include_directories(${CMAKE_SOURCE_DIR})
add_compile_options(-Wall -Wextra -Werror -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes
    -Wpointer-arith -Wcast-qual -Wformat=2 -fno-strict-aliasing -fno-common)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
    add_link_options(-Wl,-z,relro -Wl,-z,now -pie)
endif()
if(CONTACT_SYNC_SANITIZE)
    add_compile_options(-fsanitize=${CONTACT_SYNC_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${CONTACT_SYNC_SANITIZE})
endif()
