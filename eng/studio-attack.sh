#!/usr/bin/env bash
# Hostile visitors: starts a studio, sends it 500 uploads (bombs, halves, other types, too many bytes, names that are paths) and requests from 50
# clients at a time while pages listen, and says how the studio fared.  eng/studio-attack.sh [count] [clients]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

source eng/studio.sh

dotnet run eng/studio-attack.cs -- "$work" "$studio" "$@"
