# Builds for 64-bit Windows with Debian's mingw-w64 (its threads by POSIX); programs run under Wine.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc-posix)
set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-posix)
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)

# The headers that libcnn needs are the same for every system, but beside them in /usr/include lie
# Linux's own: those wanted are gathered, with their packages' CMake files, in a folder of their own.
set(gathered "${CMAKE_BINARY_DIR}/headers")
if(NOT CMAKE_IN_TRY_COMPILE AND NOT EXISTS "${gathered}/share")
    foreach(name include/nlohmann include/eigen3 include/CL share/cmake/nlohmann_json
                 share/cmake/OpenCLHeaders share/eigen3)
        get_filename_component(folder "${gathered}/${name}" DIRECTORY)
        file(COPY "/usr/${name}" DESTINATION "${folder}")
    endforeach()
endif()
set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32 "${gathered}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_CROSSCOMPILING_EMULATOR "${CMAKE_CURRENT_LIST_DIR}/wine.sh")
