# What is installed where, for find_package(cnn) and pkg-config. Installed trees can be moved.
include(CMakePackageConfigHelpers)

set(CNN_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/cnn")
set(cnn_parts
    RUNTIME COMPONENT cnn_runtime
    LIBRARY COMPONENT cnn_runtime NAMELINK_COMPONENT cnn_development
    ARCHIVE COMPONENT cnn_development)
install(TARGETS cnn EXPORT cnnTargets ${cnn_parts})
install(EXPORT cnnTargets NAMESPACE cnn:: DESTINATION "${CNN_PACKAGE_DIR}"
        COMPONENT cnn_development)
if(TARGET cnn_static)
    install(TARGETS cnn_static EXPORT cnnStaticTargets ${cnn_parts})
    install(EXPORT cnnStaticTargets NAMESPACE cnn:: DESTINATION "${CNN_PACKAGE_DIR}"
            COMPONENT cnn_development)
endif()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/cnn" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        COMPONENT cnn_development FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/cnnConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/cnnConfig.cmake" INSTALL_DESTINATION "${CNN_PACKAGE_DIR}"
    NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/cnnConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/cnnConfig.cmake"
              "${PROJECT_BINARY_DIR}/cnnConfigVersion.cmake"
        DESTINATION "${CNN_PACKAGE_DIR}" COMPONENT cnn_development)

# The prefix is told from where cnn.pc lies.
file(RELATIVE_PATH CNN_PC_PREFIX "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig"
     "${CMAKE_INSTALL_PREFIX}")
set(CNN_PC_PRIVATE "-lstdc++ -lm")
if(WIN32)
    string(APPEND CNN_PC_PRIVATE " -lpthread -lsynchronization")
else()
    string(APPEND CNN_PC_PRIVATE " -lpthread -ldl")
endif()
set(CNN_PC_REQUIRES "")
if(CNN_OPENCL AND CNN_OPENCL_LINK)
    set(CNN_PC_REQUIRES OpenCL)
endif()
configure_file("${CMAKE_CURRENT_LIST_DIR}/cnn.pc.in" "${PROJECT_BINARY_DIR}/cnn.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/cnn.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
        COMPONENT cnn_development)
