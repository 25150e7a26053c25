#!/usr/bin/env python3
"""An independent client's Autodiscover against a running sim-exchange behind https: does it find the same Exchange?

Every name is at 127.0.0.1 here, whatever its port; nothing of exchangelib is changed but its name lookups and where its connections go.
Usage: exchangelib_autodiscover.py --port PORT --ca FILE --mailbox A --user U --password-file F --want URL
"""
import argparse
import logging
import os
import pathlib
import socket

import exchangelib.autodiscover
from exchangelib import Account, Credentials, IMPERSONATION
from exchangelib.autodiscover import Autodiscovery
from exchangelib.protocol import BaseProtocol


def everything_goes_to(port):
    """Names are all this machine, port 443 is the front's, nothing listens elsewhere."""
    real = socket.socket.connect

    def getaddrinfo(host, service, *_, **__):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(service or 0)))]

    def connect(self, address):
        if self.family == socket.AF_INET and address[1] != 443:
            raise ConnectionRefusedError(address)
        return real(self, ("127.0.0.1", port))

    socket.getaddrinfo = getaddrinfo
    socket.socket.connect = connect


def main():
    parser = argparse.ArgumentParser()
    for name in ("port", "ca", "mailbox", "user", "password-file", "want"):
        parser.add_argument("--" + name, required=True)
    a = parser.parse_args()
    os.environ["REQUESTS_CA_BUNDLE"] = a.ca
    logging.basicConfig(level=logging.DEBUG)  # for whoever reads why it failed
    everything_goes_to(int(a.port))
    BaseProtocol.TIMEOUT = 10
    Autodiscovery._ensure_valid_hostname = lambda self, url: None  # these names are in no DNS
    Autodiscovery._get_srv_records = lambda self, hostname: []
    exchangelib.autodiscover.clear_cache()
    password = pathlib.Path(a.password_file).read_text(encoding="utf-8").strip()
    account = Account(primary_smtp_address=a.mailbox, credentials=Credentials(a.user, password), autodiscover=True,
                      access_type=IMPERSONATION)
    found = account.protocol.service_endpoint
    assert found.lower() == a.want.lower(), f"exchangelib found {found}"
    print(f"exchangelib found {found}")


if __name__ == "__main__":
    main()
