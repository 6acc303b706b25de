# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# What build.sh of this example and of s3k share, to be sourced by them: the compiler and its flags.
#
# CROSS_RISCV (default riscv64-unknown-elf-) is what the names of the tools begin with.

prefix=${CROSS_RISCV:-riscv64-unknown-elf-}
cc=${prefix}gcc
if ! command -v "$cc" >/dev/null 2>&1; then
    echo "build.sh: $cc not found (Debian package: gcc-riscv64-unknown-elf)" >&2
    exit 1
fi

# shellcheck disable=SC2034 # for whoever sources it
flags="-std=c11 -Wall -Wextra -pedantic -Wconversion -Wsign-conversion -Wundef -Wshadow
    -Wcast-qual -Werror -g -ffreestanding -ffunction-sections -fdata-sections
    -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany"
# shellcheck disable=SC2034
link="-nostdlib -static -Wl,--gc-sections,--build-id=none,--fatal-warnings"
