#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Makes the Linux guest from Debian's packages, in build/linux: vmlinuz, initrd.img, and
# initrd-fio.img, which has fio too. Nothing is installed on the host but the tools that
# go into the guest, and nothing is made again while what it is made of stays the same.
# shellcheck source=../../scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"

[ $# -eq 0 ] || usage_error "takes no arguments"
need busybox=busybox-static mkfs.ext4=e2fsprogs fio=fio cpio=cpio dpkg-deb=dpkg

here=$ROOT/tests/linux
out=$BUILD/linux
# The image for virtual machines: smaller than the general one, with ext4 and PCI hot plug built in.
meta=linux-image-cloud-amd64
modules=(virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_mmio virtio_blk)

current() { apt-cache depends "$meta" 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p'; }

# What apt knows may be too old for what the mirror has.
refresh() {
    [ "$(id -u)" -eq 0 ] || die "$1; on Debian 12: sudo apt-get update"
    apt-get update >"$out/apt.log" 2>&1 || die "apt-get update failed; its output is in $out/apt.log"
}

download() { (cd "$out" && apt-get download "$image") >"$out/download.log" 2>&1; }

mkdir -p "$out"
image=$(current)
[ -n "$image" ] || refresh "apt knows no kernel of $meta"
image=$(current)
[ -n "$image" ] || die "apt knows no kernel of $meta; on Debian 12: sudo apt-get update"

inputs=$(
    printf '%s\n' "$image"
    # shellcheck disable=SC2016 # the format is dpkg-query's
    dpkg-query -W -f '${Package} ${Version}\n' busybox-static e2fsprogs fio
    sha256sum <"$here/init"
    sha256sum <"$here/build.sh"
)
if [ -e "$out/inputs" ] && [ "$inputs" = "$(cat "$out/inputs")" ]; then
    exit 0
fi
rm -rf "$out/inputs" "$out/kernel" "$out/root" "$out/root-fio"
mkdir -p "$out/kernel"

say "Linux guest: $image"
deb=$(find "$out" -maxdepth 1 -name "${image}_*.deb" | head -n 1)
if [ -z "$deb" ]; then
    if ! download; then
        refresh "$image cannot be downloaded"
        image=$(current)
        download || die "$image cannot be downloaded; see $out/download.log"
    fi
    deb=$(find "$out" -maxdepth 1 -name "${image}_*.deb" | head -n 1)
fi
dpkg-deb -x "$deb" "$out/kernel"
cp "$out/kernel/boot/vmlinuz-${image#linux-image-}" "$out/vmlinuz"

# program ROOT FILE: into the guest, with the libraries that it is linked with, at the same places
program() {
    local file
    # A static program has none, which ldd calls a failure.
    { printf '%s\n' "$2" && { ldd "$2" || true; }; } 2>/dev/null | grep -o '/[^ ]*' | while read -r file; do
        mkdir -p "$1$(dirname "$file")"
        cp -L "$file" "$1$file"
    done
}

# archive ROOT FILE
archive() { (cd "$1" && find . -mindepth 1 | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 --reproducible) >"$2"; }

root=$out/root
mkdir -p "$root"/{bin,dev,m,modules,proc,run,sys,tmp}
cp "$here/init" "$root/init"
chmod 755 "$root/init"
program "$root" "$(command -v busybox)"
ln -s "$(command -v busybox)" "$root/bin/sh"
program "$root" "$(command -v mkfs.ext4)"
for module in "${modules[@]}"; do
    file=$(find "$out/kernel" -name "$module.ko")
    [ -n "$file" ] || die "$image has no module $module"
    cp "$file" "$root/modules"
done
printf '%s\n' "${modules[@]}" >"$root/modules/order"
archive "$root" "$out/initrd.img"

# An archive behind the other adds to it.
mkdir -p "$out/root-fio"
program "$out/root-fio" "$(command -v fio)"
archive "$out/root-fio" "$out/fio.img"
cat "$out/initrd.img" "$out/fio.img" >"$out/initrd-fio.img"
rm -r "$out/fio.img" "$out/kernel" "$out/root" "$out/root-fio"
printf '%s\n' "$inputs" >"$out/inputs"
