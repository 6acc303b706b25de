# SPDX-License-Identifier: MIT
# Not tried here: there was no vcpkg to build with. An overlay port: it builds the tree that it lies in.
set(VCPKG_BUILD_TYPE release) # headers only
get_filename_component(source "${CURRENT_PORT_DIR}/../.." ABSOLUTE)
vcpkg_cmake_configure(SOURCE_PATH "${source}" OPTIONS -DVQG_BUILD_TESTS=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/vqguard)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/lib" "${CURRENT_PACKAGES_DIR}/share/licenses")
vcpkg_install_copyright(FILE_LIST "${source}/LICENSE")
