#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the bare-metal example: build.sh OUTDIR
#
#   OUTDIR/plain.elf  the retrofit driver before the retrofit, alone
#   OUTDIR/main.elf   the vqguard driver endpoint, then the retrofitted driver
#
# To run one (see check_image.py for the image):
#   qemu-system-riscv64 -machine virt -bios none -nographic -kernel OUTDIR/main.elf \
#     -global virtio-mmio.force-legacy=false \
#     -drive file=disk.img,if=none,format=raw,id=x0 \
#     -device virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0
set -eu

if [ $# -ne 1 ]; then
    echo "usage: build.sh OUTDIR" >&2
    exit 2
fi
out=$1
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=examples/baremetal/compiler.sh
. "$here/compiler.sh"
mkdir -p "$out"

flags="$flags -O2 -I$root/include"

# program NAME SOURCE...: the sources beside the common ones, from examples/
program() {
    name=$1
    shift
    objects=
    for source in baremetal/start.S baremetal/platform.c baremetal/virtio_mmio.c \
        baremetal/example.c baremetal/plain.c "$@"; do
        object=$out/$name-$(basename "$source").o
        # shellcheck disable=SC2086 # the flags are words
        "$cc" $flags -c "$here/../$source" -o "$object"
        objects="$objects $object"
    done
    # shellcheck disable=SC2086
    "$cc" $flags $link -T "$here/link.ld" $objects -o "$out/$name.elf"
    echo "$out/$name.elf"
}

program plain baremetal/plain_main.c retrofit/before.c
program main baremetal/main.c baremetal/guarded.c baremetal/request.c retrofit/after.c
