"""Accepts sign-ins under `Negotiate` with pyspnego, an acceptor that others wrote, in front of the practice Exchange.

What is signed in goes on to the practice Exchange under the same account by Basic. Prints the port when it listens, and
one line for each sign-in that failed.

    NTLM_USER_FILE=FILE python accept.py --certificate LEAF.pem --key LEAF.key --ca FOLDER/ca.pem --exchange PORT
"""

import argparse
import base64
import hashlib
import http.client
import http.server
import os
import ssl

import spnego
from spnego.channel_bindings import GssChannelBindings

LONGEST = 1024 * 1024


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--certificate", required=True, help="what is shown, PEM")
    parser.add_argument("--key", required=True, help="its key, PEM")
    parser.add_argument("--ca", required=True, help="the authority of the practice Exchange, PEM")
    parser.add_argument("--exchange", required=True, type=int, help="port of the practice Exchange on this machine")
    return parser.parse_args()


def bindings(certificate):
    with open(certificate, encoding="ascii") as file:
        der = ssl.PEM_cert_to_DER_cert(file.read())
    return GssChannelBindings(application_data=b"tls-server-end-point:" + hashlib.sha256(der).digest())


def users():
    """Account name to password, from the file that pyspnego reads: `DOMAIN:name:password` lines."""
    with open(os.environ["NTLM_USER_FILE"], encoding="utf-8") as file:
        lines = [line.rstrip("\n").split(":") for line in file]
    return {name: password for _, name, password in lines}


class Connection(http.server.BaseHTTPRequestHandler):
    """One connection: NTLM signs in the connection and not the request."""

    protocol_version = "HTTP/1.1"
    context = None

    def do_POST(self):
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), LONGEST))
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Negotiate":
            self.accept(base64.b64decode(token), body)
        elif self.context is not None and self.context.complete:
            self.forward(body, [])
        else:
            self.answer(401, [("WWW-Authenticate", "Negotiate")])

    def accept(self, token, body):
        if self.context is None or self.context.complete:
            self.context = spnego.server(
                hostname="mail.example.test",
                service="HTTP",
                protocol="negotiate",
                options=spnego.NegotiateOptions.use_negotiate,
                channel_bindings=self.server.bindings,
            )
        try:
            out = self.context.step(token)
        except spnego.exceptions.SpnegoError as error:
            print(f"refused: {error}", flush=True)
            self.context = None
            return self.answer(401, [("WWW-Authenticate", "Negotiate")])
        headers = [] if out is None else [("WWW-Authenticate", "Negotiate " + base64.b64encode(out).decode())]
        if self.context.complete:
            return self.forward(body, headers)
        return self.answer(401, headers)

    def forward(self, body, headers):
        name = self.context.client_principal
        basic = base64.b64encode(f"{name}:{self.server.users[name]}".encode()).decode()
        exchange = http.client.HTTPSConnection("localhost", self.server.exchange, context=self.server.trust)
        exchange.request(
            "POST",
            self.path,
            body,
            {"Authorization": "Basic " + basic, "Content-Type": "text/xml; charset=utf-8", "Host": "mail.example.test"},
        )
        answer = exchange.getresponse()
        content = answer.read()
        headers = [*headers, ("Content-Type", answer.headers.get("Content-Type", "text/xml"))]
        exchange.close()
        self.answer(answer.status, headers, content)

    def answer(self, status, headers, content=b""):
        self.send_response(status)
        for name, value in [*headers, ("X-OWA-Version", "15.2.1748.10"), ("Content-Length", str(len(content)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def main():
    given = arguments()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Connection)
    server.daemon_threads = True
    server.bindings = bindings(given.certificate)
    server.users = users()
    server.exchange = given.exchange
    server.trust = ssl.create_default_context(cafile=given.ca)
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(given.certificate, given.key)
    # The handshake belongs to the connection's thread: a peer that says nothing holds up nobody else.
    server.socket = own.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
