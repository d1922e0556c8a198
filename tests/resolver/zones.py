"""The zones that the tests share. test. is where listed and clean names live; other. is another zone, so
that chains need a second question; signed. is made by sign_zone() of promises.py."""

ZONES = ['test.', 'other.']

TEXT = r'''
test. 3600 SOA ns.test. host.test. 1 3600 900 604800 60
test. 3600 NS ns.test.
ns.test. 3600 A 127.0.0.1
listed.test. 300 A 192.0.2.1
listed.test. 300 MX 10 mail.listed.test.
listed.test. 300 TXT "real text"
www.listed.test. 300 A 192.0.2.2
www.listed.test. 300 AAAA 2001:db8::2
www.listed.test. 300 HTTPS 1 . alpn=h2
deep.x.y.listed.test. 300 A 192.0.2.3
*.wild.listed.test. 300 A 192.0.2.4
slow.listed.test. 300 A 192.0.2.5
short.listed.test. 2 A 192.0.2.6
clean.test. 300 A 192.0.2.9
clean2.test. 300 A 192.0.2.10
slow.clean.test. 300 CNAME slow2.other.
chain.test. 300 CNAME www.listed.test.
chain2.test. 300 CNAME hop.other.
chain3.test. 300 CNAME far.other.
toaddr.test. 300 A 198.51.100.7
toaddr.test. 300 A 192.0.2.11
toaddr6.test. 300 AAAA 2001:db8:bad::7
svc.test. 300 HTTPS 0 www.listed.test.
svc2.test. 300 HTTPS 1 cdn.listed.test. alpn=h2
hint.test. 300 HTTPS 1 . alpn=h2 ipv4hint=198.51.100.9
hint6.test. 300 SVCB 1 . ipv6hint=2001:db8:bad::9
cleansvc.test. 300 HTTPS 1 . alpn=h2 ipv4hint=192.0.2.77
dn.test. 300 DNAME listed.test.
flagged.test. 300 A 192.0.2.30
toflagged.test. 300 CNAME flagged.test.
later.test. 300 A 192.0.2.40
viaexcepted.test. 300 A 192.0.2.41
excepted.test. 300 CNAME www.listed.test.
other. 3600 SOA ns.other. host.other. 1 3600 900 604800 60
other. 3600 NS ns.other.
ns.other. 3600 A 127.0.0.1
hop.other. 300 CNAME www.listed.test.
far.other. 300 CNAME chain2.test.
slow2.other. 300 CNAME slow.listed.test.
'''
