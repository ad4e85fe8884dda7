#!/usr/bin/env bash
# Makes the `cuda` feature build if the prebuilt LLVM of Burn's CUDA backend cannot be downloaded: installs Debian's
# LLVM and links to it from the folder in which the build looks for the download. Run it as the user who builds; it
# uses sudo to install packages.
set -euo pipefail
version=22
wanted=23.1.0-4 # version that tracel-llvm requires with Burn 0.22.1
prefix=/usr/lib/llvm-$version
folder=${XDG_DATA_HOME:-$HOME/.local/share}/tracel/tracel-llvm-$wanted
if [ -e "$folder/.tracel-llvm-installed" ]; then
    echo "already there: $folder"
    exit 0
fi
root=()
[ "$(id -u)" = 0 ] || root=(sudo)
"${root[@]}" apt-get update -qq
"${root[@]}" apt-get install -y -qq "llvm-$version-dev" "libpolly-$version-dev" libz3-dev zlib1g-dev libzstd-dev libxml2-dev >/dev/null
mkdir -p "$folder"
for part in bin lib include share; do ln -sfn "$prefix/$part" "$folder/$part"; done
# llvm-config prints the full path of z3, and the build uses its file name, `libz3`, as the library name, so the
# linker looks for `liblibz3.so`.
z3=$(ldconfig -p | awk '/libz3\.so /{print $NF; exit}')
"${root[@]}" ln -sfn "$z3" "$(dirname "$z3")/liblibz3.so"
touch "$folder/.tracel-llvm-installed"
echo "LLVM $version stands in at $folder"
