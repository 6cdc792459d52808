"""Reads a calendar view with exchangelib, for the benchmark.

    python view.py documented    as its documentation says: FindItem for ids, then GetItem for what it names complex
    python view.py find-item     FindItem alone with all fields, by exchangelib's own class of that service

Says its name, then answers each line of standard input, a number of calls, with the seconds of
processor time of this process that they took and the entries that the last one read. One call
ahead of them is not counted: it opens the connection and fills the caches.
"""

import os
import sys
import time

import exchangelib
from exchangelib import BASIC, DELEGATE, Account, Configuration, Credentials, EWSDateTime, EWSTimeZone
from exchangelib.fields import FieldPath
from exchangelib.items import ID_ONLY, SHALLOW
from exchangelib.services import FindItem
from exchangelib.version import EXCHANGE_2019, Version

FIELDS = (
    "subject",
    "sensitivity",
    "last_modified_time",
    "uid",
    "start",
    "end",
    "is_all_day",
    "legacy_free_busy_status",
    "location",
    "is_cancelled",
    "type",
    "organizer",
)
# It knows no wall clocks; these it adds by itself where it is used as documented.
ZONES = ("_start_timezone", "_end_timezone")


def main():
    given = os.environ
    account = Account(
        primary_smtp_address=given["PEERS_ACCOUNT"],
        config=Configuration(
            service_endpoint=given["PEERS_EWS"],
            credentials=Credentials(given["PEERS_ACCOUNT"], given["PEERS_PASSWORD"]),
            auth_type=BASIC,
            version=Version(build=EXCHANGE_2019),
            max_connections=1,
        ),
        autodiscover=False,
        access_type=DELEGATE,
        default_timezone=EWSTimeZone("UTC"),
    )
    start, end = (EWSDateTime.from_string(given[name]) for name in ("PEERS_START", "PEERS_END"))
    view = account.calendar.view(start=start, end=end, max_items=1000)
    fields = {FieldPath.from_string(name, account.calendar) for name in FIELDS + ZONES}

    def documented():
        return list(view.only(*FIELDS))

    def find_item():
        found = FindItem(account=account).call(
            folders=[account.calendar],
            additional_fields=fields,
            restriction=None,
            order_fields=None,
            shape=ID_ONLY,
            query_string=None,
            depth=SHALLOW,
            calendar_view=view.calendar_view,
            max_items=view.calendar_view.max_items,
            offset=0,
        )
        return list(found)

    read, way = {"documented": (documented, "as documented"), "find-item": (find_item, "FindItem alone")}[sys.argv[1]]
    print(f"exchangelib {exchangelib.__version__}, {way}", flush=True)
    for line in sys.stdin:
        read()
        begun = time.process_time()
        for _ in range(int(line)):
            items = read()
        print(time.process_time() - begun, sum(1 for item in items if item.subject and item.end), flush=True)


main()
