#!/bin/sh
# SPDX-License-Identifier: MIT
# Plays a scene on a fresh disk and judges it: scene.sh DIR KERNEL SCENE
#
# DIR has what build.sh built. The scene's own files are in DIR/SCENE; the status
# is 0 when the scene went as it must (judge.py). SCENE_SECONDS (default 60): when
# to give up.
set -eu

if [ $# -ne 3 ]; then
    sed -n 's/^#.*\(scene.sh DIR.*\)/usage: \1/p' "$0" >&2
    exit 2
fi
built=$1
kernel=$2
scene=$3
here=$(cd "$(dirname "$0")" && pwd)
dir=$built/$scene

# number NAME: as layout.h has it
number() { sed -n "s/^#define $1 \([0-9a-fx]*\).*/\1/p" "$here/include/layout.h"; }

device=packed=on
drive=
ended=0
word=SCENE_HONEST
case $scene in
    unguarded)
        end='^driver: end'
        images="open victim driver"
        ;;
    honest | honest-split)
        end='^monitor: end'
        images="monitor victim driver client"
        [ "$scene" = honest ] || device=packed=off
        ;;
    hostile)
        end='^monitor: end'
        images="monitor victim driver client"
        word=SCENE_HOSTILE
        ;;
    loans)
        end='^monitor: end'
        images="monitor victim driver"
        word=SCENE_LOANS
        drive=,throttling.iops-total=50 # so that something is in flight for a while
        ;;
    lies)
        end='^monitor: end'
        images="monitor victim driver client"
        word=SCENE_LIES
        device=packed=off # as liar.c rewrites a split queue
        ;;
    cost-unguarded)
        end='^driver: end'
        images="open driver"
        word=SCENE_COST
        ;;
    cost | cost-trusting)
        end='^monitor: end'
        images="monitor driver"
        [ "$scene" = cost ] || images="monitor_trusting driver"
        word=SCENE_COST
        ;;
    *)
        echo "scene.sh: no scene '$scene'" >&2
        exit 2
        ;;
esac

rm -rf "$dir"
mkdir -p "$dir"
cp "$built/payload.bin" "$dir"
cross=${CROSS_RISCV:-riscv64-unknown-elf-}
"${cross}objcopy" -O binary "$built/victim.elf" "$dir/victim.bin"
[ "$scene" != cost ] || "${cross}size" -A "$built/monitor.elf" >"$built/monitor.size"
python3 "$here/judge.py" disk "$dir"
set --
for image in $images; do
    set -- "$@" "$built/$image.elf"
done
[ "$word" != SCENE_COST ] || export QEMU_SHIFT=0 # one instruction is one in QEMU's counter
loans=$(($(number LOAN_SIZE) * $(number LOANS)))
# A scene that does not come to its end is judged too: what is not as it must be says how far it came.
QEMU_DUMP="$(number VICTIM_BASE):$(number VICTIM_SIZE):$dir/victim.ram $(number LOAN_BASE):$loans:$dir/loans.ram" \
    "$here/qemu.sh" "$dir/console.log" "$end" "${SCENE_SECONDS:-60}" "$kernel" "$@" -- \
    -drive "file=$dir/disk.img,if=none,format=raw,id=x0$drive" \
    -device "loader,addr=$(number SCENE_WORD),data=$(number $word),data-len=4" \
    -device "virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0,$device" || ended=$?
# Of what is said over and over, what is new.
tr -d '\r' <"$dir/console.log" |
    awk '/^(victim: this|payload|client: round)/ { next } /^victim/ { if ($5 == hash) next; hash = $5 }
        $0 != last { print } { last = $0 }'
python3 "$here/judge.py" "$scene" "$dir" && exit "$ended"
