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

source eng/studio.sh

dotnet run eng/browser-test.cs -- "$work/address.json" "$chromium" docs/images "$@"
