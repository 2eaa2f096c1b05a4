#!/usr/bin/env bash
# The tests that "dotnet test" leaves out because each takes seconds of a core: packages and samples as their users have them, the tool as a process,
# the examples of its help, trainings and evaluations that are stopped and gone on with. COSTATE_TESTS=all dotnet test runs all tests at once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
COSTATE_TESTS=long dotnet test -c Release "$@"
