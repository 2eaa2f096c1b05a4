#!/usr/bin/env bash
# Walks every page of the studio with a real browser, and writes the pictures that docs/studio.md shows into docs/images.
# Needs Chromium: where it is missing, Debian's is installed, which takes root. COSTATE_CHROMIUM names another.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

chromium=${COSTATE_CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
if [[ -z $chromium ]]; then
  apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium
  chromium=$(command -v chromium)
fi

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

dotnet run eng/browser-test.cs -- "$work/address.json" "$chromium" docs/images "$@"
