#!/usr/bin/env bash
# Hostile visitors: starts a studio, sends it 500 uploads (bombs, halves, other types, too many bytes, names that are paths) and requests from 50
# clients at a time while pages listen, and says how the studio fared.  eng/studio-attack.sh [count] [clients]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
trap 'kill "$studio" 2>/dev/null || true; wait "$studio" 2>/dev/null || true; rm -rf "$work"' EXIT
dotnet build -c Release src/Costate.Cli
tool=$(echo src/Costate.Cli/bin/Release/net10.0/*/Costate.Cli)
"$tool" studio --port 0 --json --threads 1 --output "$work/studio" >"$work/address.json" 2>"$work/errors.txt" &
studio=$!
for _ in $(seq 100); do
  grep -q '"version"' "$work/address.json" && break
  kill -0 "$studio" || { cat "$work/errors.txt"; exit 1; }
  sleep 0.2
done

dotnet run eng/studio-attack.cs -- "$work" "$studio" "$@"
