#!/usr/bin/env bash
# Lets the `cuda` feature build where the prebuilt LLVM that Burn's CUDA backend downloads cannot be had: puts links to
# Debian's LLVM into the folder where that build looks for its download. Run it as the user who builds; it calls sudo
# for the packages.
set -euo pipefail
version=22
wanted=23.1.0-4 # what tracel-llvm asks for with Burn 0.22.1
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
# llvm-config gives the whole path of z3, of which the build keeps the file's name, `libz3`, as the library's.
z3=$(ldconfig -p | awk '/libz3\.so /{print $NF; exit}')
"${root[@]}" ln -sfn "$z3" "$(dirname "$z3")/liblibz3.so"
touch "$folder/.tracel-llvm-installed"
echo "LLVM $version stands in at $folder"
