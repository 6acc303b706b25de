#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A campaign finds the bug of the example; without the bug it finds nothing.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../../scripts/lib.sh"

need cmake=cmake make=make clang-14=clang-14 \
    /usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.fuzzer-x86_64.a=libclang-rt-14-dev
for fixed in OFF ON; do
    out=$BUILD/fuzz-your-driver-$fixed
    mkdir -p "$out/found"
    rm -f "$out"/found/*
    { cmake -S "$ROOT/examples/fuzz-your-driver" -B "$out" -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang-14 \
        -DVQG_FUZZ_ENGINE=libfuzzer -DVQG_FUZZ_SANITIZE=address,undefined -DFIXED=$fixed &&
        cmake --build "$out" --target console_fuzzer; } >"$out/build.log" 2>&1 || die "the build failed; see $out/build.log"
    started=$SECONDS status=0
    "$out/console_fuzzer" -max_total_time=10 -max_len=528 -len_control=0 -artifact_prefix="$out/found/" \
        >"$out/log" 2>&1 || status=$?
    if [ $fixed = OFF ]; then
        [ $status -ne 0 ] || die "the bug was not found; see $out/log"
        grep -a '^SUMMARY' "$out/log" | sed "s|$ROOT/||g"
        say "found in $((SECONDS - started)) s: $(ls "$out/found")"
    else
        [ $status -eq 0 ] || die "without the bug something else was found; see $out/log"
        say "without the bug, nothing in $(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$out/log") scripts"
    fi
done
