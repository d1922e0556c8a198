#!/usr/bin/env python3
"""Real DNS over HTTPS and real QUIC at the edge: curl against a server with TLS, ngtcp2's client against its server.

usage: real.py CURFEW SOURCE_ROOT

Skips (77) without root or namespaces; QUIC without ngtcp2.
"""
import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
from lab import CLEAN, INSIDE, OUTSIDE, STOPPED, sh  # noqa: E402

RESOLVER = "8.8.4.4"  # one of the pack's that speak DoH


class Real(lab.Lab):
    def certificate(self):
        key, cert = self.folder / "key.pem", self.folder / "cert.pem"
        sh("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=edge",
           "-addext", f"subjectAltName=IP:{RESOLVER},IP:{CLEAN},IP:{STOPPED}")
        return key, cert

    def serve(self, *command):
        process = subprocess.Popen(["ip", "netns", "exec", OUTSIDE, *map(str, command)], stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        return process

    def ask(self, source, server, cert):
        """The exit code of curl that asks a DoH server for an address, and goes there."""
        done = sh("curl", "-sS", "-m", "10", "--interface", source, "--cacert", cert, "--doh-url", f"https://{server}/dns-query",
                  "http://www.example.org:7777/", netns=INSIDE, code=None)
        return "through" if done.returncode in (52, 56) else "refused" if done.returncode == 6 else done.stderr

    @unittest.skipUnless(shutil.which("curl") and shutil.which("openssl"), "no curl or openssl")
    def test_dns_over_https_to_a_known_resolver(self):
        key, cert = self.certificate()
        self.assertEqual(self.serve(sys.executable, "-c", DOH, key, cert, CLEAN).stdout.readline(), "ready\n")
        self.assertEqual(self.ask("10.30.0.2", RESOLVER, cert), "through")
        self.egress("apply", "--doh", "observe")
        self.assertEqual(self.ask("10.30.0.2", RESOLVER, cert), "through")
        self.assertGreater(self.totals()["way_doh"]["packets"], 3)
        self.egress("apply", "--doh", "reject")
        self.assertEqual(self.ask("10.30.0.2", RESOLVER, cert), "refused")
        self.assertEqual(self.ask("10.30.0.2", CLEAN, cert), "through", "no pack knows that one")

    def quic(self, source, target):
        done = sh("timeout", "8", "gtlsclient", "--exit-on-all-streams-close", "--no-quic-dump", "--no-http-dump", "--timeout=3s",
                  "--handshake-timeout=3s", target, "443", f"https://{target}/", netns=source, code=None)
        return "handshake has been confirmed" in (done.stdout + done.stderr).lower().replace("quic ", "")

    @unittest.skipUnless(shutil.which("gtlsclient") and shutil.which("gtlsserver"), "no ngtcp2 client and server")
    def test_quic_to_listed_addresses_and_resolvers(self):
        key, cert = self.certificate()
        for target in (STOPPED, CLEAN, RESOLVER):
            self.serve("gtlsserver", "-q", target, "443", key, cert)
        lab.time.sleep(0.5)
        everybody, excepted = lab.INSIDE, lab.INSIDE
        sh("ip", "route", "replace", "default", "via", "10.30.0.1", "src", "10.30.0.2", netns=INSIDE)
        self.addCleanup(lambda: sh("ip", "route", "replace", "default", "via", "10.20.0.1", netns=INSIDE))
        self.assertTrue(self.quic(everybody, STOPPED), "before there is a filter")
        self.egress("apply", "--doh", "reject")
        self.assertFalse(self.quic(everybody, STOPPED))
        self.assertTrue(self.quic(everybody, CLEAN))
        self.assertFalse(self.quic(everybody, RESOLVER), "DoH over QUIC")
        sh("ip", "route", "replace", "default", "via", "10.20.0.1", "src", "10.20.0.2", netns=INSIDE)
        self.assertTrue(self.quic(excepted, STOPPED), "an exception")
        self.assertGreater(self.totals()["allowed"]["packets"], 2)


# A DoH server (RFC 8484): every name has one address.
DOH = r"""
import http.server, socket, ssl, struct, sys
key, cert, address = sys.argv[1:4]

class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        query = self.rfile.read(int(self.headers["Content-Length"]))
        end = query.index(b"\0", 12) + 5
        is_a = query[end - 4:end - 2] == b"\0\1"
        answer = query[:2] + struct.pack(">HHHHH", 0x8180, 1, int(is_a), 0, 0) + query[12:end]
        if is_a:
            answer += b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(address)
        self.send_response(200)
        self.send_header("Content-Type", "application/dns-message")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass

server = http.server.ThreadingHTTPServer(("0.0.0.0", 443), Answer)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()
"""

if __name__ == "__main__":
    lab.main()
