#!/bin/bash
# BIND 9.18.49 (bind9-utils 1:9.18.49-1~deb12u3, Debian 12): "\[" at the beginning of a label refuses the whole zone.
#
# RFC 1035 5.1 says that "\X" stands for the character X whatever it is. named-checkzone takes "\;", "\(", "\@" and
# "\$" by that rule; "\[" at the beginning of a label is read as the beginning of a bit-string label (RFC 2673, historic
# since RFC 6891), and the zone is not loaded: "bad label type". The same name with the bracket as "\091" is taken, and
# is printed back as "[x". NSD and Unbound take both. Whoever writes zones (response policy zones among them) from names that
# others chose has to write "\091".
#
# Output seen (9.18.49):
#   \[x    refused: bad label type
#   \091x  taken
#   a\[x   taken
#   \;x    taken
#
# Needs apt-get and dpkg-deb; downloads packages into a temporary folder and installs nothing.
# Exit 0: as stated; 1: it behaves otherwise now; 2: could not be tried.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder"
version=1:9.18.49-1~deb12u3
apt-get download -q "bind9-utils=$version" "bind9-libs=$version" >/dev/null 2>&1 || { echo "bind9-utils $version cannot be had" >&2; exit 2; }
for package in ./*.deb; do dpkg-deb -x "$package" root; done
checkzone=$folder/root/usr/bin/named-checkzone
[ -x "$checkzone" ] || checkzone=$folder/root/usr/sbin/named-checkzone
libraries=$folder/root/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo x86_64-linux-gnu)
LD_LIBRARY_PATH=$libraries "$checkzone" -v >/dev/null 2>&1 || { echo "named-checkzone does not run here: a library is missing" >&2; exit 2; }

say() { # OWNER
	printf '$TTL 60\n@ SOA a. b. 1 60 60 60 60\n@ NS a.\n%s A 192.0.2.1\n' "$1" >zone
	if LD_LIBRARY_PATH=$libraries "$checkzone" example.org zone >out 2>&1; then
		echo taken
	elif grep -q "bad label type" out; then
		echo "refused: bad label type"
	else
		head -n 1 out
	fi
}

echo "bind9-utils $version"
expected=0
while IFS='|' read -r owner wanted; do
	got=$(say "$owner")
	printf '  %-6s %s\n' "$owner" "$got"
	[ "$got" = "$wanted" ] || expected=1
done <<'TABLE'
\[x|refused: bad label type
\091x|taken
a\[x|taken
\;x|taken
TABLE
exit $expected
