#!/bin/sh
# minisign 0.11-1 (Debian 12): a secret key made without a password carries no checksum.
#
# minisign's page on its formats gives the secret key as ending in a BLAKE2b-256 checksum of algorithm,
# key id and key. `minisign -G -W` (0.11 is the first version that has -W) writes 32 zero bytes there, and
# still labels the file "minisign encrypted secret key". So a reader that holds a key against its checksum
# refuses each valid key of this kind, and one that skips it cannot tell a damaged key from a good one; what
# can be compared is the public half, which follows from the secret one.
#
# Output seen:
#   comment   untrusted comment: minisign encrypted secret key
#   kdf       0000
#   checksum  0000000000000000000000000000000000000000000000000000000000000000
#   signs     yes, and the signature verifies
#
# Needs apt-get, dpkg-deb, base64, od; downloads two packages into a temporary folder and installs nothing. Exit 0: as stated
# above; 1: it behaves otherwise now; 2: could not be tried.
set -eu
version=0.11-1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
chmod 755 .
apt-get download -q "minisign=$version" "libsodium23=1.0.18-1+deb12u1" >/dev/null 2>&1 || {
	echo "minisign $version cannot be had here" >&2
	exit 2
}
for package in ./*.deb; do dpkg-deb -x "$package" root; done
libs=$(dirname "$(find root -name 'libsodium.so.*' | head -n 1)")
run() { LD_LIBRARY_PATH=$folder/$libs root/usr/bin/minisign "$@"; }

run -G -W -p key.pub -s key.sec >/dev/null
comment=$(head -n 1 key.sec)
sed -n 2p key.sec | base64 -d >key.bin
kdf=$(od -v -An -tx1 -j2 -N2 key.bin | tr -d ' \n')
checksum=$(od -v -An -tx1 -j126 -N32 key.bin | tr -d ' \n')
echo "a file" >file
run -S -s key.sec -m file >/dev/null
if run -V -q -p key.pub -m file; then signs="yes, and the signature verifies"; else signs=no; fi
echo "comment   $comment"
echo "kdf       $kdf"
echo "checksum  $checksum"
echo "signs     $signs"
[ "$comment" = "untrusted comment: minisign encrypted secret key" ] && [ "$kdf" = 0000 ] &&
	[ "$checksum" = "$(printf '%064d' 0)" ] && [ "$signs" != no ]
