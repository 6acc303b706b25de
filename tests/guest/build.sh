#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the guests for hostile peers: build.sh OUTDIR
#
#   OUTDIR/guarded.elf    the victim: the vqguard driver endpoint
#   OUTDIR/unguarded.elf  the victim of the same device: examples/retrofit/before.c
#   OUTDIR/hostile.elf    attacks the device on one queue, works honestly on the other
#
# run.py boots them.
set -eu

if [ $# -ne 1 ]; then
    echo "usage: build.sh OUTDIR" >&2
    exit 2
fi
out=$1
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=examples/baremetal/compiler.sh
. "$root/examples/baremetal/compiler.sh"
mkdir -p "$out"

flags="$flags -O2 -I$root/include -I$root/examples/baremetal -I$root/examples/retrofit -I$root/tests/attacks"
common="examples/baremetal/start.S examples/baremetal/platform.c examples/baremetal/virtio_mmio.c
    examples/baremetal/example.c"

# program NAME SOURCE...: the sources beside the common ones
program() {
    name=$1
    shift
    objects=
    for source in $common "$@"; do
        object=$out/$name-$(basename "$source").o
        # shellcheck disable=SC2086 # the flags are words
        "$cc" $flags -c "$root/$source" -o "$object"
        objects="$objects $object"
    done
    # shellcheck disable=SC2086
    "$cc" $flags $link -T "$root/examples/baremetal/link.ld" $objects -o "$out/$name.elf"
    echo "$out/$name.elf"
}

honest="tests/guest/honest.c tests/guest/configuration.c"

# shellcheck disable=SC2086 # the sources are words
program guarded tests/guest/guarded.c $honest
program unguarded tests/guest/unguarded.c examples/retrofit/before.c
# shellcheck disable=SC2086
program hostile tests/guest/hostile.c tests/guest/hostile_life.c tests/guest/raw.c tests/guest/malformed.c $honest \
    tests/attacks/driver_to_device.c tests/attacks/driver_to_device_packed.c
