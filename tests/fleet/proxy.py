#!/usr/bin/env python3
"""`curfew collect --behind-proxy` behind a real nginx with the configuration that is shipped, certificates made by openssl as
docs/fleet.md has it: the sensor's own gets through, also with a name that a path escapes; another one's, a foreign authority's, an
expired one and none do not; and a header that a client sends itself is not believed.

usage: proxy.py CURFEW MINUTELOG NGINX_CONF        exit 77: no nginx here
"""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

CURFEW, MINUTELOG, CONF = sys.argv[1:4]
NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
START_S = 1767571200


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def authority(folder, name):
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.pem")


def leaf(folder, name, signer, subject, extensions, days="30"):
    openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + subject.replace("/", "\\/"),
            "-keyout", f"{name}.key", "-out", f"{name}.csr")
    (folder / f"{name}.ext").write_text(extensions)
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{signer}.pem", "-CAkey", f"{signer}.key", "-CAcreateserial", "-days", days,
            "-extfile", f"{name}.ext", "-out", f"{name}.pem")


def configure(folder, port):
    """The shipped file with the places of this test, in a configuration of its own."""
    text = pathlib.Path(CONF).read_text()
    text = re.sub(r"listen \[::\]:8443 ssl;\n", "", text)
    text = text.replace("listen 8443 ssl", f"listen 127.0.0.1:{port} ssl").replace("unix:/run/curfew-collect/http.sock", f"unix:{folder}/http.sock")
    text = text.replace("/etc/curfew/collect.", f"{folder}/collect.").replace("/etc/curfew/sensors-ca.pem", f"{folder}/ca.pem")
    assert "/etc/" not in re.sub(r"#.*", "", text), text
    (folder / "nginx.conf").write_text(f"""
{"user root;" if os.geteuid() == 0 else ""}
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.err; worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log {folder}/access.log; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    {text}
}}
""")


def ship(folder, port, log, client, more=()):
    command = [CURFEW, "ship", "--once", "--to", f"https://127.0.0.1:{port}", "--ca", folder / "ca.pem", log]
    if client is not None:
        command += ["--cert", folder / f"{client}.pem", "--key", folder / f"{client}.key"]
    return subprocess.run(command + list(more), stderr=subprocess.PIPE, text=True)


def get(folder, port, path, client, header=None):
    command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--path-as-is", "--cacert", folder / "ca.pem", f"https://127.0.0.1:{port}{path}"]
    if client is not None:
        command += ["--cert", folder / f"{client}.pem", "--key", folder / f"{client}.key"]
    if header is not None:
        command += ["-H", header]
    return int(subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout or 0)


def write_log(path, sensor):
    subprocess.run([MINUTELOG, path, sensor, "resolver", str(START_S), "5"], check=True, stdout=subprocess.DEVNULL)


def look(folder, port):
    client = "extendedKeyUsage=clientAuth\n"
    odd = "edge/01 a"
    authority(folder, "foreign")
    leaf(folder, "edge-01", "ca", "edge-01", client)
    leaf(folder, "edge-02", "ca", "edge-02", client)
    leaf(folder, "odd", "ca", odd, client)
    leaf(folder, "stranger", "foreign", "edge-01", client)
    leaf(folder, "expired", "ca", "edge-01", client, "-1")
    write_log(folder / "hits.jsonl", "edge-01")
    write_log(folder / "odd.jsonl", odd)
    for who in ["edge-01", "odd"]:
        done = ship(folder, port, folder / ("odd.jsonl" if who == "odd" else "hits.jsonl"), who)
        assert done.returncode == 0, (who, done.stderr)
    done = ship(folder, port, folder / "hits.jsonl", "edge-02")
    assert done.returncode == 5 and "not that of this sensor" in done.stderr, done.stderr
    head = "/v1/head/edge-01/resolver"
    assert get(folder, port, head, "edge-01") == 200
    assert get(folder, port, "/v1/head/" + urllib.parse.quote(odd, safe="") + "/resolver", "odd") == 200
    assert get(folder, port, head, "edge-02") == 403
    for who in [None, "stranger", "expired"]:
        assert get(folder, port, head, who) == 400, who  # nginx's own word for a certificate that is not good
    own = "X-Curfew-Client: " + urllib.parse.quote((folder / "edge-01.pem").read_text())
    assert get(folder, port, head, "edge-02", own) == 403
    assert get(folder, port, head, None, own) == 400
    assert get(folder, port, "/healthz", "edge-01") == 404


def wait_for(what):
    for _ in range(300):
        if what():
            return
        time.sleep(0.1)
    raise AssertionError("it does not come up")


def main():
    if NGINX is None or shutil.which("curl") is None:
        print("no nginx here")
        return 77
    with tempfile.TemporaryDirectory() as name:
        folder, port = pathlib.Path(name), free_port()
        authority(folder, "ca")
        leaf(folder, "collect", "ca", "collect", "extendedKeyUsage=serverAuth\nsubjectAltName=IP:127.0.0.1\n")
        configure(folder, port)
        running = []
        try:
            running.append(subprocess.Popen([CURFEW, "collect", "--behind-proxy", "--listen", f"unix:{folder}/http.sock", "--ledger",
                                             folder / "l.db"], stderr=open(folder / "collect.err", "w")))
            running.append(subprocess.Popen([NGINX, "-c", folder / "nginx.conf", "-p", folder], stderr=open(folder / "start.err", "w")))
            wait_for(lambda: (folder / "http.sock").exists() and (folder / "nginx.pid").exists() and get(folder, port, "/", None) != 0)
            look(folder, port)
        except AssertionError:
            for path in ["collect.err", "start.err", "nginx.err"]:
                print(f"--- {path}\n" + ((folder / path).read_text() if (folder / path).exists() else ""), file=sys.stderr)
            raise
        finally:
            for process in running:
                process.terminate()
                process.wait()
    print("behind nginx: the sensor itself gets through, and nobody else")
    return 0


if __name__ == "__main__":
    sys.exit(main())
