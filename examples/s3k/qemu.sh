#!/bin/sh
# SPDX-License-Identifier: MIT
# Boots a kernel with applications and ends QEMU when a line has come:
#
#   qemu.sh LOG LINE SECONDS KERNEL IMAGE... [-- QEMU-ARGUMENT...]
#
# LOG gets the console. LINE is a regular expression; the status is 0 if it came
# within SECONDS; when it did not, what is to be saved is saved all the same.
# IMAGE is an ELF file, or FILE@ADDRESS for anything else.
# QEMU_SHIFT (default 6): an instruction takes 2 to the power of it nanoseconds.
# QEMU_DUMP (ADDRESS:BYTES:FILE, several with blanks between): what to save of the
# memory when the line has come; the processor is stopped by then.
set -eu

if [ $# -lt 5 ]; then
    sed -n 's/^# *\(qemu.sh .*\)/usage: \1/p' "$0" >&2
    exit 2
fi
log=$1
line=$2
seconds=$3
kernel=$4
shift 4

count=$#
loaders=true
while [ "$count" -gt 0 ]; do
    arg=$1
    shift
    count=$((count - 1))
    if ! $loaders; then
        set -- "$@" "$arg"
        continue
    fi
    case $arg in
        --) loaders=false ;;
        *@*) set -- "$@" -device "loader,file=${arg%@*},addr=${arg##*@},force-raw=on" ;;
        *) set -- "$@" -device "loader,file=$arg" ;;
    esac
done

: >"$log"
commands=$log.commands # QEMU's monitor reads what is written here
rm -f "$commands"
mkfifo "$commands"
qemu-system-riscv64 -machine virt -bios none -m 512M -display none -monitor stdio -serial "file:$log" -no-reboot \
    -icount "shift=${QEMU_SHIFT:-6},sleep=off" -global virtio-mmio.force-legacy=false \
    -device "loader,file=$kernel,cpu-num=0" "$@" <>"$commands" >"$log.monitor" 2>"$log.err" &
qemu=$!
trap 'kill "$qemu" 2>/dev/null || true; wait "$qemu" 2>/dev/null || true; rm -f "$commands"' EXIT
trap 'exit 1' INT TERM

# Ends QEMU in good order: the disk's image is whole, and what is to be saved is there. One that does not
# listen is killed.
finish() {
    {
        echo stop
        for dump in ${QEMU_DUMP:-}; do
            echo "$dump" | sed 's/\([^:]*\):\([^:]*\):\(.*\)/pmemsave \1 \2 "\3"/'
        done
        echo quit
    } >"$commands"
    patience=100
    while kill -0 "$qemu" 2>/dev/null; do
        [ "$patience" -gt 0 ] || kill -KILL "$qemu"
        patience=$((patience - 1))
        sleep 0.1
    done
    wait "$qemu"
}

tenths=$((seconds * 10))
while [ "$tenths" -gt 0 ] && kill -0 "$qemu" 2>/dev/null; do
    if grep -Eq "$line" "$log"; then
        finish
        exit 0
    fi
    sleep 0.1
    tenths=$((tenths - 1))
done
cat "$log.err" >&2
if kill -0 "$qemu" 2>/dev/null; then
    echo "qemu.sh: no line '$line' within $seconds s; give it more time if the machine is busy" >&2
    finish || echo "qemu.sh: QEMU did not end by itself and was killed" >&2
else
    echo "qemu.sh: QEMU ended before a line '$line' came" >&2
fi
echo "qemu.sh: the console is in $log, what QEMU said in $log.err and $log.monitor" >&2
exit 1
