#!/bin/bash
# The promise of the readme, kept from outside: `plugin/quickstart` ends with a resolver that blocks and
# logs, can be run again, and `--remove` leaves nothing behind. Skips (77) where it would disturb somebody:
# not root, port 5335 taken, or a quickstart of the user's own in place.
set -u
top=$1
state=/var/lib/curfew-quickstart
log=$(mktemp)
trap 'rm -f "$log"' EXIT

skip() {
	echo "skipped: $*"
	exit 77
}

fail() {
	echo "FAILED: $*"
	echo "--- the last run said:"
	tail -n 60 "$log"
	"$top/plugin/quickstart" --remove >/dev/null 2>&1
	exit 1
}

expect() {
	grep -qE -- "$1" "$2" || fail "no '$1' in $2"
}

[ "$(id -u)" -eq 0 ] || skip "needs root"
[ -e $state ] && skip "$state is in use"
[ -x "$top/build/unbound/unbound" ] || skip "no Unbound was built in build/unbound (tests/run does)"
command -v dig >/dev/null || skip "no dig"
dig +tries=1 +time=1 -p 5335 @127.0.0.1 localhost >/dev/null 2>&1 && skip "something answers on port 5335"

"$top/plugin/quickstart" >"$log" 2>&1 || fail "quickstart"
expect 's00\.upd\.kaspersky\.com +NXDOMAIN.*89 FR 52434' "$log"
expect 'activation-v2\.kaspersky\.com +NXDOMAIN' "$log"
expect 'dnl-07\.geo\.kaspersky\.com HTTPS +NXDOMAIN' "$log"
grep -qE '^    (opentip\.kaspersky|example)\.com .*blocked by policy' "$log" && fail "a clean or exempt name was blocked"
expect '"action":"block".*"qname":"ksn-file-geo\.kaspersky-labs\.com"' $state/log/hits.jsonl
"$top/build/quickstart/plugin/cli/curfew" log verify $state/log/hits.jsonl >>"$log" 2>&1 || fail "log verify"

"$top/plugin/quickstart" >"$log" 2>&1 || fail "a second quickstart"
expect 's00\.upd\.kaspersky\.com +NXDOMAIN' "$log"
"$top/build/quickstart/plugin/cli/curfew" log verify $state/log/hits.jsonl >>"$log" 2>&1 || fail "log verify after a restart"

# What it promises is checked: with wrong answers, and with none, it does not say that it works.
stand_ins=$(mktemp -d)
trap 'rm -rf "$log" "$stand_ins"' EXIT
printf '#!/bin/sh\necho ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1"\n' >"$stand_ins/dig"
chmod +x "$stand_ins/dig"
PATH=$stand_ins:$PATH "$top/plugin/quickstart" >"$log" 2>&1 && fail "exit 0 though every answer is wrong"
expect 's00\.upd\.kaspersky\.com: NOERROR instead of NXDOMAIN' "$log"
grep -q 'It works' "$log" && fail "it says that it works with wrong answers"
printf '#!/bin/sh\nexit 9\n' >"$stand_ins/dig"
PATH=$stand_ins:$PATH "$top/plugin/quickstart" >"$log" 2>&1 && fail "exit 0 though nothing answers"
expect 'example\.com: no answer' "$log"
expect 'the last lines of .*unbound\.log' "$log"
grep -q 'It works' "$log" && fail "it says that it works without an answer"

# Somebody else on the port: Unbound cannot start.
"$top/plugin/quickstart" --remove >"$log" 2>&1 || fail "--remove in between"
python3 -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 5335))
t = socket.socket(); t.bind(("127.0.0.1", 5335)); t.listen(); time.sleep(600)' &
holder=$!
sleep 1
"$top/plugin/quickstart" >"$log" 2>&1 && { kill $holder; fail "exit 0 though Unbound did not start"; }
kill $holder
expect 'unbound (did not start|ended right after its start)' "$log"
expect 'the last lines of .*(start|unbound)\.log' "$log"
grep -q 'It works' "$log" && fail "it says that it works without a resolver"

"$top/plugin/quickstart" --remove >"$log" 2>&1 || fail "--remove"
[ -e $state ] && fail "$state is still there"
[ -e "$top/build/quickstart" ] && fail "build/quickstart is still there"
dig +tries=1 +time=1 -p 5335 @127.0.0.1 localhost >/dev/null 2>&1 && fail "the resolver still runs"
[ -x "$top/build/unbound/unbound" ] || fail "it deleted an Unbound that it had not built"
echo "ok"
