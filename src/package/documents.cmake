# Run by CPack before it makes packages: their copyright and changelogs.
file(READ "${CPACK_CNN_SOURCE_DIR}/LICENSE" licence)
string(REGEX MATCH "Copyright \\(c\\) ([^\n]*)" holder "${licence}")
set(holder "${CMAKE_MATCH_1}")
string(REGEX REPLACE "^.*Copyright \\(c\\) [^\n]*\n+" "" licence "${licence}")
string(REGEX REPLACE "\n+$" "" licence "${licence}")
string(REPLACE "\n\n" "\n.\n" licence "${licence}")
string(REPLACE "\n" "\n " licence "${licence}")
set(copyright "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: libcnn

Files: *
Copyright: ${holder}
License: Expat
 ${licence}
")
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
set(version "${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}")
set(changelog "cnn (${version}) unstable; urgency=medium

  * Release ${CPACK_PACKAGE_VERSION}; see changelog.gz.

 -- ${CPACK_DEBIAN_PACKAGE_MAINTAINER}  ${date}
")

foreach(component IN LISTS CPACK_COMPONENTS_ALL)
    string(TOUPPER "${component}" upper)
    set(package "${CPACK_DEBIAN_${upper}_PACKAGE_NAME}")
    set(folder "${CPACK_TEMPORARY_DIRECTORY}/${component}/${CPACK_CNN_DOC_DIR}/${package}")
    file(WRITE "${folder}/copyright" "${copyright}")
    file(WRITE "${folder}/changelog.Debian" "${changelog}")
    configure_file("${CPACK_CNN_SOURCE_DIR}/CHANGELOG.md" "${folder}/changelog" COPYONLY)
    execute_process(COMMAND gzip -9nf "${folder}/changelog.Debian" "${folder}/changelog"
                    COMMAND_ERROR_IS_FATAL ANY)
    file(GLOB_RECURSE files LIST_DIRECTORIES ON "${CPACK_TEMPORARY_DIRECTORY}/${component}/*")
    foreach(file IN LISTS files)
        # As any packager's umask leaves them.
        if(IS_DIRECTORY "${file}")
            file(CHMOD "${file}" PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ
                 GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
        elseif(NOT IS_SYMLINK "${file}")
            file(CHMOD "${file}" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
        endif()
    endforeach()
endforeach()
