#!/bin/bash -eu
# SPDX-License-Identifier: MIT
# Builds the harnesses for ClusterFuzzLite, or OSS-Fuzz: $CC, $CFLAGS, $LIB_FUZZING_ENGINE, $SRC, $WORK and $OUT are
# theirs. Each harness goes into $OUT with its seeds, dictionary and options.
from=${VQG_SOURCE:-$SRC/vqguard}
# The seeds are made by a program of its own, for this machine and without anybody's flags.
env -u CC -u CFLAGS -u CXX -u CXXFLAGS -u LDFLAGS CC="${CC##* }" cmake -S "$from" -B "$WORK/plain" -DVQG_BUILD_TESTS=OFF \
    -DVQG_BUILD_FUZZERS=ON
cmake --build "$WORK/plain" -j "$(nproc)"
# What is an engine is linked as a library, and C++ links it.
cmake -S "$from" -B "$WORK/fuzz" -DVQG_BUILD_TESTS=OFF -DVQG_BUILD_FUZZERS=ON -DVQG_FUZZ_ENGINE="$LIB_FUZZING_ENGINE"
cmake --build "$WORK/fuzz" -j "$(nproc)"
for path in "$WORK"/fuzz/fuzz/*_fuzzer; do
    fuzzer=$(basename "$path")
    name=${fuzzer%_fuzzer}
    seeds=$WORK/seeds/$name
    cp "$path" "$OUT/"
    rm -rf "$seeds" "$OUT/${fuzzer}_seed_corpus.zip"
    mkdir -p "$seeds"
    "$WORK/plain/fuzz/$fuzzer" --seeds "$seeds"
    for folder in corpus regressions; do
        [ ! -d "$from/fuzz/$folder/$name" ] || cp "$from/fuzz/$folder/$name"/* "$seeds/"
    done
    (cd "$seeds" && zip -q "$OUT/${fuzzer}_seed_corpus.zip" -r .)
    cp "$from/fuzz/vqguard.dict" "$OUT/$fuzzer.dict"
    printf '[libfuzzer]\nmax_len = 784\nlen_control = 0\nentropic = 0\ntimeout = 10\n' >"$OUT/$fuzzer.options"
done
