# SPDX-License-Identifier: MIT
# Not tried here: there was no Conan to build with. Use: conan create packaging/conan
import os
import re

from conan import ConanFile
from conan.tools.files import copy, load


class VqguardConan(ConanFile):
    name = "vqguard"
    description = "Hardens virtqueues against the other side"
    license = "MIT"
    package_type = "header-library"
    no_copy_source = True

    @property
    def _tree(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        text = load(self, os.path.join(self._tree, "include", "vqguard", "vqguard.h"))
        self.version = re.search(r'#define VQG_VERSION_STRING "([0-9.]+)"', text).group(1)

    def export_sources(self):
        copy(self, "LICENSE", self._tree, self.export_sources_folder)
        copy(self, "include/*", self._tree, self.export_sources_folder)

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        copy(self, "*.h", os.path.join(self.source_folder, "include"), os.path.join(self.package_folder, "include"))

    def package_id(self):
        self.info.clear()

    def package_info(self):
        self.cpp_info.set_property("cmake_target_name", "vqguard::vqguard")
        self.cpp_info.set_property("pkg_config_name", "vqguard")
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
