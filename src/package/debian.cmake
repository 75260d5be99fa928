# The Debian packages libcnn0 and libcnn-dev, built by `cpack` from a build folder configured with
# -DCMAKE_INSTALL_PREFIX=/usr (the preset "debian").
set(CNN_PACKAGER "libcnn contributors <libcnn@packages.invalid>" CACHE STRING
    "The packages' maintainer")
set(CNN_PACKAGE_RELEASE 1 CACHE STRING "The packages' revision")
mark_as_advanced(CNN_PACKAGER CNN_PACKAGE_RELEASE)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cnn)
set(CPACK_PACKAGE_VENDOR "libcnn contributors")
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGING_INSTALL_PREFIX "${CMAKE_INSTALL_PREFIX}")
set(CPACK_COMPONENTS_ALL cnn_runtime cnn_development)
set(CPACK_STRIP_FILES ON)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${CNN_PACKAGER}")
set(CPACK_DEBIAN_PACKAGE_RELEASE "${CNN_PACKAGE_RELEASE}")
set(CPACK_DEBIAN_PACKAGE_SOURCE cnn)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_COMPONENT_CNN_DEVELOPMENT_DEPENDS cnn_runtime)

set(about "libcnn is a small shared library with which a C or C++ program, or one in
any language that calls C, creates, trains and runs convolutional networks
in its own process: on the CPU, or on any OpenCL device, chosen at run time.")
set(CPACK_DEBIAN_CNN_RUNTIME_PACKAGE_NAME "libcnn${PROJECT_VERSION_MAJOR}")
set(CPACK_DEBIAN_CNN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_CNN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_CNN_RUNTIME_PACKAGE_RECOMMENDS
    "ocl-icd-libopencl1 | libopencl1, libmimalloc2.0")
set(CPACK_COMPONENT_CNN_RUNTIME_DESCRIPTION "${about}")
set(CPACK_DEBIAN_CNN_DEVELOPMENT_PACKAGE_NAME libcnn-dev)
set(CPACK_DEBIAN_CNN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_COMPONENT_CNN_DEVELOPMENT_DESCRIPTION "${about}

This package has the headers for C and C++, the static library, and the
files by which CMake and pkg-config find them.")

# Which version of the package has a symbol: programs need the newest of those they use.
list(TRANSFORM CNN_SYMBOLS REPLACE "(.+)" " \\1@CNN_1 ${PROJECT_VERSION}" OUTPUT_VARIABLE symbols)
list(JOIN symbols "\n" symbols)
set(library "libcnn.so.${PROJECT_VERSION_MAJOR} libcnn${PROJECT_VERSION_MAJOR}")
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/debian/symbols" @ONLY CONTENT
    "${library} #MINVER#\n CNN_1@CNN_1 ${PROJECT_VERSION}\n${symbols}\n")
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/debian/shlibs" @ONLY CONTENT
    "libcnn ${PROJECT_VERSION_MAJOR} libcnn${PROJECT_VERSION_MAJOR} (>= ${PROJECT_VERSION})\n")
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/debian/triggers" @ONLY CONTENT
    "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_CNN_RUNTIME_PACKAGE_CONTROL_EXTRA "${PROJECT_BINARY_DIR}/debian/symbols"
    "${PROJECT_BINARY_DIR}/debian/shlibs" "${PROJECT_BINARY_DIR}/debian/triggers")

# Each package has its licence and changelogs where Debian looks for them.
set(CPACK_PRE_BUILD_SCRIPTS "${CMAKE_CURRENT_LIST_DIR}/documents.cmake")
set(CPACK_CNN_SOURCE_DIR "${PROJECT_SOURCE_DIR}")
set(CPACK_CNN_DOC_DIR "usr/share/doc")

include(CPack)
