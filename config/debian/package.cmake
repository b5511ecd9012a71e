# The Debian package: cmake --build build --target package. The program, documentation, manual pages and completion come
# from the install rules of CMakeLists.txt; stage.cmake adds what only a package has.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME verbgate)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The verbgate authors <maintainers@verbgate.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "reverse proxy that knows what each backend can do")
set(CPACK_PACKAGE_DESCRIPTION
"verbgate stands in front of servers that implement only a few HTTP methods.
It answers what they cannot: 501 for methods that they do not implement,
405 with the right Allow field for those that a resource does not allow,
400 for requests that two parsers could read in two ways. What it forwards
is what the policy, an INI file, says.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/stage.cmake)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
                                                WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE ${VERBGATE_DEBIAN_ARCHITECTURE}) # of arm64.cmake; empty: of this machine
set(CPACK_DEBIAN_PACKAGE_SECTION httpd)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS logrotate)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_LIST_DIR}/conffiles ${CMAKE_CURRENT_LIST_DIR}/postinst
                                       ${CMAKE_CURRENT_LIST_DIR}/prerm ${CMAKE_CURRENT_LIST_DIR}/postrm)
configure_file(${CMAKE_CURRENT_LIST_DIR}/changelog.in ${CMAKE_BINARY_DIR}/debian/changelog @ONLY)
set(CPACK_VERBGATE_SOURCE_DIR ${CMAKE_SOURCE_DIR})
set(CPACK_VERBGATE_CHANGELOG ${CMAKE_BINARY_DIR}/debian/changelog)
include(CPack)
