#!/bin/bash
# The tarball of `meson dist`, built and tested in bare Debian roots: what a packager elsewhere gets.
#
# usage: dist.sh SOURCE_ROOT [ROOT...]
#
# Without ROOTs, one of bookworm and one of trixie are made by debootstrap, from the archive of this machine's own apt
# configuration; a release that cannot be had is said and left out. In each: the packages of tests/packages down to the
# resolver's, `meson setup`, `ninja`, `meson test` without what needs a git history or a real resolver. A ROOT that is
# named is used as it is and kept. CURFEW_DIST_CACHE names a ccache folder to use inside.
# Takes a quarter of an hour, so only with CURFEW_TEST_FULL=yes; skips (77) where there is no root, git, debootstrap or archive.
set -u
top=$(cd "$1" && pwd)
shift
skip() { echo "skipped: $*"; exit 77; }
say() { printf '[%4d s] %s\n' $SECONDS "$*"; }

[ "${CURFEW_TEST_FULL:-no}" = yes ] || skip "takes a quarter of an hour; CURFEW_TEST_FULL=yes runs it"
[ "$(id -u)" -eq 0 ] || skip "needs root"
for tool in git meson unshare chroot; do command -v $tool >/dev/null || skip "no $tool"; done
git -C "$top" rev-parse --git-dir >/dev/null 2>&1 || skip "no git history to make the tarball of"
scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/curfew-dist.XXXXXXXX")
trap 'rm -rf "$scratch"' EXIT
failed=0 tried=0

# The machine's own archive, by its own configuration: no host is named here.
archive=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' /etc/apt/sources.list.d/*.sources \
	/etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | grep -m 1 'debian/*$')

# What the resolver's source needs is not in it, nor are the second compiler and the browser.
wanted=$(sed '/^# the resolver the module/,$d; s/#.*//' "$top/tests/packages" | grep -Ev 'clang|ccache')
wanted="$wanted nftables iproute2 procps logrotate systemd ${CURFEW_DIST_CACHE:+ccache}"

make_tarball() {
	git clone -q --no-hardlinks "$top" "$scratch/clone" || return 1
	meson setup "$scratch/build" "$scratch/clone" -Dtests=false -Dbench=false >"$scratch/setup.log" 2>&1 &&
		meson dist -C "$scratch/build" --no-tests --formats xztar >"$scratch/dist.log" 2>&1 || {
		cat "$scratch"/*.log
		return 1
	}
	tarball=$(echo "$scratch"/build/meson-dist/*.tar.xz)
	rm -rf "$scratch/clone"
}

# Its own mounts, so that nothing stays mounted however this ends.
inside() {
	# shellcheck disable=SC2016 # the shell inside expands
	unshare --mount --pid --fork sh -c '
		mount --bind "$0" "$0" && mount -t proc proc "$0/proc" && mount -t tmpfs tmpfs "$0/dev" && mkdir "$0/dev/shm" "$0/dev/pts" &&
		mount -t devpts -o newinstance,ptmxmode=0666 devpts "$0/dev/pts" && ln -s pts/ptmx "$0/dev/ptmx" &&
		ln -s /proc/self/fd "$0/dev/fd" && ln -s /proc/self/fd/0 "$0/dev/stdin" &&
		ln -s /proc/self/fd/1 "$0/dev/stdout" && ln -s /proc/self/fd/2 "$0/dev/stderr" &&
		for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "$0/dev/${node%:*}" c 1 "${node#*:}"; done
		if [ -n "$2" ]; then mkdir -p "$0/ccache" && mount --bind "$2" "$0/ccache"; fi
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive \
			CC="${2:+ccache }gcc" CCACHE_DIR=/ccache chroot "$0" sh -c "$1"' "$1" "$2" "${CURFEW_DIST_CACHE:-}"
}

# One release: nothing but Debian, our tarball and what it says it needs.
try_root() {
	local root=$1 folder
	folder=$(basename "$tarball" .tar.xz)
	tried=$((tried + 1))
	cp /etc/resolv.conf "$root/etc/resolv.conf"
	say "$root: packages"
	# shellcheck disable=SC2086 # words on purpose
	inside "$root" "apt-get update -q && apt-get install -q -y --no-install-recommends ${wanted//$'\n'/ }" >"$scratch/log" 2>&1 ||
		{ tail -n 20 "$scratch/log"; failed=1; return; }
	rm -rf "$root/srv/curfew"
	mkdir "$root/srv/curfew" && tar -xJf "$tarball" -C "$root/srv/curfew"
	say "$root: building"
	inside "$root" "cd /srv/curfew/$folder && meson setup build && ninja -C build" >"$scratch/log" 2>&1 ||
		{ grep -E -A 8 'error|FAILED' "$scratch/log" | head -n 60; tail -n 5 "$scratch/log"; failed=1; return; }
	say "$root: testing"
	inside "$root" "cd /srv/curfew/$folder && meson test -C build --no-rebuild --print-errorlogs --no-suite e2e" >"$scratch/log" 2>&1 ||
		{ tail -n 120 "$scratch/log"; failed=1; }
	grep -E '^(Ok|Fail|Skipped|Timeout): ' "$scratch/log"
	grep -hE 'SKIP' "$scratch/log"
}

make_tarball || exit 1
say "$(basename "$tarball"), $(stat -c %s "$tarball") bytes"
if [ $# -gt 0 ]; then
	for root in "$@"; do try_root "$root"; done
else
	command -v debootstrap >/dev/null || skip "no debootstrap"
	[ -n "$archive" ] || skip "no archive of Debian is configured"
	for release in bookworm trixie; do
		if ! debootstrap --variant=minbase "$release" "$scratch/$release" "$archive" >"$scratch/log" 2>&1; then
			say "$release cannot be had: $(tail -n 1 "$scratch/log")"
			continue
		fi
		try_root "$scratch/$release"
	done
fi
[ "$tried" -gt 0 ] || skip "no release could be had"
say "tried $tried, $([ $failed -eq 0 ] && echo all good || echo NOT all good)"
exit $failed
