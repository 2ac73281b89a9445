#!/usr/bin/env bash
# Makes promise.svg anew. Needs Debian's termtosvg, and a checkout whose packages are installed (npm start once).
set -euo pipefail
cd "$(dirname "$0")"
termtosvg promise.svg --command ./promise.sh --screen-geometry 96x34 --template window_frame --min-frame-duration 30 --loop-delay 4000
