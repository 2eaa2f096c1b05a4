# Starts a studio in a folder of its own, $work, which ends with the script that sources this: $studio is its process, $work/address.json what
# it has printed.
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
