#!/bin/sh
# A Chromium for the browser tests: one that is there, else apt's as root, else Playwright's own. Without any, the tests
# say that they are skipped, and fail with CI=true.
set -u
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium with apt for the browser tests"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; } >/dev/null 2>&1 && exit 0
fi
echo "Installing Playwright's Chromium for the browser tests"
"$BIN/playwright" install chromium || echo "No Chromium could be had: the browser tests will be skipped"
