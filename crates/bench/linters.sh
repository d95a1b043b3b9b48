#!/usr/bin/env bash
# Lints the documents in specs/ with `cargo xtask validate` (asking the generator, and remembering what it took), Redocly CLI
# and Spectral in turns, and prints the median of each and the ratios. Needs node and npm; run by hand, never by .ci/run. Usage: crates/bench/linters.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-5}
tools=${LINTERS:-target/linters}
mkdir -p "$tools"
cargo build --quiet --release --package xtask
ours=${CARGO_TARGET_DIR:-target}/release/xtask
[ -x "$tools/node_modules/.bin/redocly" ] && [ -x "$tools/node_modules/.bin/spectral" ] ||
    npm install --prefix "$tools" --no-audit --no-fund --silent @redocly/cli @stoplight/spectral-cli
echo 'extends: ["spectral:oas"]' > "$tools/spectral.yaml"
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

run() { # findings of other linters are no failure of this script
    case $1 in
        ours) "$ours" validate --no-cache ;;
        remembering) "$ours" validate ;;
        redocly) "$tools/node_modules/.bin/redocly" lint --extends recommended specs/*.yaml ;;
        spectral) "$tools/node_modules/.bin/spectral" lint --quiet --ruleset "$tools/spectral.yaml" specs/*.yaml ;;
    esac > "$tools/$1.log" 2>&1 || true
}

# Wall time and processor time in milliseconds.
measured() {
    local TIMEFORMAT='%R %U %S'
    { time run "$1"; } 2>&1 | awk '{ printf "%d %d\n", $1 * 1000, ($2 + $3) * 1000 }'
}

for tool in ours remembering redocly spectral; do
    run "$tool" # warm files and caches
    : > "$tools/$tool.times"
done
for _ in $(seq "$rounds"); do
    for tool in ours remembering redocly spectral; do measured "$tool" >> "$tools/$tool.times"; done
done
median() { sort -n -k "$2" "$tools/$1.times" | awk -v column="$2" '{ all[NR] = $column } END { print all[int((NR + 1) / 2)] }'; }
for tool in ours remembering redocly spectral; do
    echo "$tool: wall $(median $tool 1) ms ($(awk "BEGIN { printf \"%.1f\", $(median $tool 1) / $(median ours 1) }") times ours)," \
        "processor $(median $tool 2) ms ($(awk "BEGIN { printf \"%.1f\", $(median $tool 2) / $(median ours 2) }") times ours)"
done
