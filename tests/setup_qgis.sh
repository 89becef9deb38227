#!/bin/sh
# Install QGIS's Python from Debian, where that is allowed; else say so. It is large, so it is no part of `make test`.
set -u
/usr/bin/python3 -c 'import qgis.core' 2>/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing python3-qgis"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-qgis; } >/dev/null 2>&1 ||
        echo "could not install python3-qgis"
else
    echo "not installed (needs root and apt): python3-qgis"
fi
