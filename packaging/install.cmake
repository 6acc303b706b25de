# SPDX-License-Identifier: MIT
# What `cmake --install` installs: headers, the CMake package, vqguard.pc, and
# the libraries when they are built. All of it can be moved as a whole.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Headers alone serve every architecture, libraries only their own. While the
# major version is 0 a new minor version may break users.
set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/vqguard)
set(any_architecture ARCH_INDEPENDENT)
if(VQG_BUILD_LIBRARY)
  set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/vqguard)
  unset(any_architecture)
  install(TARGETS vqguard_static vqguard_shared EXPORT vqguard)
endif()
set(compatible SameMajorVersion)
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(compatible SameMinorVersion)
endif()

install(TARGETS vqguard EXPORT vqguard FILE_SET HEADERS)

# It depends on no other package, so that the targets are the whole configuration.
install(EXPORT vqguard FILE vqguard-config.cmake NAMESPACE vqguard:: DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/vqguard-config-version.cmake
  COMPATIBILITY ${compatible} ${any_architecture})
install(FILES ${PROJECT_BINARY_DIR}/vqguard-config-version.cmake DESTINATION ${package_dir})

file(RELATIVE_PATH prefix ${CMAKE_INSTALL_FULL_DATADIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" prefix "\${pcfiledir}/${prefix}")
cmake_path(APPEND includedir "\${prefix}" ${CMAKE_INSTALL_INCLUDEDIR})
configure_file(packaging/vqguard.pc.in vqguard.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/vqguard.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)

install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/licenses/vqguard)
