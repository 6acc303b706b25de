#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the s3k example: build.sh OUTDIR
#
#   OUTDIR/kernel.elf   the stand-in kernel
#   OUTDIR/victim.elf   app1
#   OUTDIR/payload.bin  app2, as it is put on the disk
#   OUTDIR/open.elf     process 1 without a monitor
#   OUTDIR/monitor.elf  process 1 with one; monitor_trusting.elf takes every rule for granted,
#                       to see what the rules cost
#   OUTDIR/driver.elf   app0
#   OUTDIR/client.elf   a second client
#   OUTDIR/calls.elf    process 1 of the tests of the system calls
#   OUTDIR/overwrite.elf process 1 of the test of app1 and app2
#
# MONITOR_OPTIMIZE (default -O2) is how the monitor is compiled. README.md says how
# to run all of it.
set -eu

if [ $# -ne 1 ]; then
    echo "usage: build.sh OUTDIR" >&2
    exit 2
fi
out=$1
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=examples/baremetal/compiler.sh
. "$here/../baremetal/compiler.sh"
mkdir -p "$out"

flags="$flags -I$here/include -I$here/apps -I$here/../baremetal -I$here/../../include"
link="$link,--no-warn-rwx-segments"
optimize=-O2

# program NAME SCRIPT FLAG... -- SOURCE...: the sources, linked by the script
program() {
    name=$1
    script=$2
    shift 2
    more=
    while [ "$1" != -- ]; do
        more="$more $1"
        shift
    done
    shift
    objects=
    for source in "$@"; do
        object=$out/$name-$(basename "$source").o
        own=
        case $source in
            */platform.c) own=-fno-lto ;;  # what is in it the compiler may call at the very end
            */vqguard.c) own=-UVQG_API ;; # the one that has the library's functions
        esac
        # shellcheck disable=SC2086 # the flags are words
        "$cc" $flags $optimize $more $own -c "$here/$source" -o "$object"
        objects="$objects $object"
    done
    # The script takes its addresses from the same header as the sources.
    # shellcheck disable=SC2086
    "$cc" -E -P -x c $more -I"$here/include" "$here/$script" -o "$out/$name.ld"
    # shellcheck disable=SC2086
    "$cc" $flags $optimize $link -T "$out/$name.ld" $objects -o "$out/$name.elf"
    echo "$out/$name.elf"
}

# app NAME PLACE SOURCE...: an application where layout.h has PLACE
app() {
    name=$1
    place=$2
    shift 2
    # shellcheck disable=SC2086 # words, or none
    program "$name" apps/app.ld $assume "-DAPP_BASE=${place}_BASE" "-DAPP_SIZE=${place}_SIZE" -- \
        apps/start.S apps/app.c ../baremetal/platform.c "$@"
}

assume=
program kernel kernel/kernel.ld -mno-relax -- kernel/entry.S kernel/process.c kernel/capability.c \
    kernel/derive.c kernel/pmp.c kernel/ipc.c kernel/time.c kernel/syscall.c
app victim VICTIM apps/victim.c
program payload apps/payload.ld -- apps/payload.c
"${prefix}objcopy" -O binary "$out/payload.elf" "$out/payload.bin"
app open FIRST apps/open.c
# Reading a register, waiting for a reset and pinning are done where their rule is tested.
done_by_rules='(rule)!=VQG_RULE_REGISTER_ACCESS&&(rule)!=VQG_RULE_RESET_BOUNDED&&(rule)!=VQG_RULE_PIN'
# Each function of the library once.
optimize="${MONITOR_OPTIMIZE:--O2} -flto"
for assume in "-DVQG_API=inline" "-DVQG_API=inline -DVQG_CONFIG_ASSUME(rule)=($done_by_rules)"; do
    name=monitor
    [ "$assume" = -DVQG_API=inline ] || name=monitor_trusting
    app $name FIRST ../../src/vqguard.c apps/monitor.c apps/seat.c apps/seat_request.c apps/seat_registers.c \
        apps/client_caps.c apps/back.c apps/registers.c apps/loan.c apps/liar.c
done
assume=
optimize=-O2
for client in driver:DRIVER client:CLIENT; do
    app "${client%:*}" "${client#*:}" apps/client.c apps/alone.c apps/honest.c apps/cost.c apps/lender.c \
        apps/deceived.c apps/hostile.c apps/hostile_queues.c apps/hostile_times.c apps/raw.c apps/remote.c \
        apps/plain_disk.c apps/queue_disk.c apps/registers.c ../baremetal/example.c ../retrofit/before.c
done
app overwrite FIRST tests/overwrite.c
app calls FIRST tests/calls.c tests/calls_memory.c tests/calls_pmp.c tests/calls_fault.c \
    tests/calls_monitor.c tests/calls_time.c tests/calls_ipc.c tests/calls_ipc_caps.c \
    tests/tap.c tests/puppet.c tests/puppet.S
