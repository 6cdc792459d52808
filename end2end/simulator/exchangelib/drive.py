"""Drives the practice Exchange with exchangelib, a client that others wrote.

What exchangelib reads must be what the control endpoint says the calendar holds. The practice
world must be fresh and is spent: the script deletes an entry and spends a wrong password.

    python drive.py --ews https://localhost:8443/EWS/Exchange.asmx --ca FOLDER/ca.pem --control http://127.0.0.1:8444

Passwords are those of the practice start; PRACTICE_SERVICE_PASSWORD and PRACTICE_ALICE_PASSWORD
in the environment replace them.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request

UTC = datetime.timezone.utc


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ews", required=True, help="https URL of the practice Exchange")
    parser.add_argument("--ca", required=True, help="its certificate authority, PEM")
    parser.add_argument("--control", required=True, help="http URL of its control endpoint")
    return parser.parse_args()


class Control:
    """The control endpoint."""

    def __init__(self, url):
        self.url = url.rstrip("/")
        # The endpoint is on this machine; a proxy from the environment has no part in it.
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def call(self, method, path, value=None):
        data = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        request.add_header("Content-Type", "application/json")
        with self.opener.open(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def state(self):
        return self.call("GET", "/state")

    def view(self, address, start, end):
        edges = urllib.parse.urlencode({"start": stamp(start), "end": stamp(end)})
        return self.call("GET", f"/mailboxes/{address}/view?{edges}")


def stamp(instant):
    """An aware datetime, exchangelib's kind included, as the control endpoint writes it."""
    return datetime.datetime.fromtimestamp(instant.timestamp(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def found_subject(subject):
    """A subject as the control endpoint tells it.

    exchangelib keeps control characters that no XML document may hold, and asks GetItem for whole subjects.
    """
    if subject is None:
        return None
    return "".join("\ufffd" if letter < " " and letter not in "\t\r\n" else letter for letter in subject)[:255]


class Checks:
    """Counts what held and what did not."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def run(self, name, check):
        try:
            check()
        except Exception as problem:  # a failed check must not hide the others
            self.failed += 1
            print(f"FAILED {name}: {type(problem).__name__}: {problem}")
        else:
            self.passed += 1
            print(f"passed {name}")


def equal(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, wanted {wanted!r}")


def main():
    options = arguments()
    os.environ["REQUESTS_CA_BUNDLE"] = os.path.abspath(options.ca)
    os.environ["NO_PROXY"] = "*"
    service_password = os.environ.get("PRACTICE_SERVICE_PASSWORD", "Practice-2026!")
    alice_password = os.environ.get("PRACTICE_ALICE_PASSWORD", "Alice-2026!")

    import exchangelib
    from exchangelib import BASIC, DELEGATE, IMPERSONATION, NTLM, Account, Configuration, Credentials, EWSDateTime, EWSTimeZone
    from exchangelib import errors
    from exchangelib.version import EXCHANGE_2019, Version

    control = Control(options.control)
    checks = Checks()
    now = datetime.datetime.fromisoformat(control.state()["now"].replace("Z", "+00:00"))
    start = now - datetime.timedelta(days=14)
    end = now + datetime.timedelta(days=60)
    zone = EWSTimeZone("UTC")


    def configuration(user, password, **more):
        more.setdefault("auth_type", BASIC)
        more.setdefault("version", Version(build=EXCHANGE_2019))
        return Configuration(
            service_endpoint=options.ews,
            credentials=Credentials(user, password),
            max_connections=1,
            **more,
        )

    def account(address, user="EXAMPLE\\svc-kalends", password=service_password, access=IMPERSONATION, **more):
        return Account(
            primary_smtp_address=address,
            config=configuration(user, password, **more),
            autodiscover=False,
            access_type=access,
            default_timezone=zone,
        )

    def ews(instant):
        moment = instant.astimezone(UTC)
        return EWSDateTime(
            moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second, tzinfo=zone
        )

    def compare(owner, address):
        """The calendar view that exchangelib reads, entry by entry."""
        wanted = control.view(address, start, end)
        items = list(
            owner.calendar.view(start=ews(start), end=ews(end)).only(
                "subject", "start", "end", "is_all_day", "legacy_free_busy_status", "sensitivity", "uid", "type"
            )
        )
        equal(len(items), len(wanted), "number of entries")
        by_id = {item.id: item for item in items}
        equal(len(by_id), len(items), "distinct ids")
        for line in wanted:
            item = by_id[line["id"]]
            equal(item.changekey, line["change_key"], "change key")
            equal(item.uid, line["uid"], "UID")
            equal(item.legacy_free_busy_status, line["free_busy"], "free/busy status")
            equal(item.sensitivity, line["sensitivity"], "sensitivity")
            equal(item.is_all_day, line["all_day"], "all-day")
            equal(item.type, line["kind"], "kind")
            if not line["all_day"]:
                equal(stamp(item.start), line["start"], "start")
                equal(stamp(item.end), line["end"], "end")
            equal(found_subject(item.subject), line["subject"], "subject")

    def raises(kind, work):
        try:
            work()
        except kind:
            return
        raise AssertionError(f"no {kind.__name__}")

    def first_folder(owner):
        return owner.calendar

    for address in ("alice@example.test", "bob@example.test", "charlie@example.test"):
        checks.run(f"calendar view of {address}", lambda: compare(account(address), address))

    def own_mailbox():
        owner = account("alice@example.test", "alice@example.test", alice_password, access=DELEGATE)
        compare(owner, "alice@example.test")

    checks.run("a personal account reads its own calendar", own_mailbox)

    def whole_items():
        owner = account("bob@example.test")
        items = list(owner.calendar.view(start=ews(now), end=ews(now + datetime.timedelta(days=7))))
        if not items:
            raise AssertionError("no items")
        meeting = next(item for item in items if item.subject == "Weekly planning")
        equal(meeting.organizer.email_address, "alice@example.test", "organizer")
        equal(len(meeting.required_attendees), 2, "attendees")

    checks.run("GetItem gives organizer and attendees", whole_items)

    def stored_items():
        """Stored items by pages: filtered and sorted by the server."""
        owner = account("bob@example.test")
        owner.calendar.refresh()
        everything = list(owner.calendar.all().only("subject", "start", "type"))
        equal(len(everything), owner.calendar.total_count, "stored items")
        masters = [item for item in everything if item.type == "RecurringMaster"]
        if not masters:
            raise AssertionError("no series")
        later = owner.calendar.filter(start__gte=ews(now)).order_by("-start").only("subject", "start")
        wanted = sorted((item.start for item in everything if item.start >= ews(now)), reverse=True)
        equal([item.start for item in later], wanted, "later items, the last one first")
        found = owner.calendar.filter(subject__icontains="STAND").only("subject")
        wanted = sorted(item.subject for item in everything if "stand" in (item.subject or "").lower())
        equal(sorted(item.subject for item in found), wanted, "found by subject")

    checks.run("stored items by pages, filtered and sorted", stored_items)

    def guessing():
        offer = control.state()["auth_offer"]
        control.call("POST", "/auth-offer", {"basic": True, "ntlm": False, "negotiate": False})
        try:
            owner = account("alice@example.test", auth_type=None, version=None)
            equal(owner.protocol.auth_type, BASIC, "guessed authentication")
            equal(owner.version.build.major_version, 15, "guessed version")
            compare(owner, "alice@example.test")
        finally:
            control.call("POST", "/auth-offer", offer)

    checks.run("version and authentication are guessed", guessing)

    def strictly(offer, work):
        before = control.state()["auth_offer"]
        control.call("POST", "/auth-offer", {"basic": False, "ntlm": False, "negotiate": False, **offer})
        try:
            work()
        finally:
            control.call("POST", "/auth-offer", before)
            control.call("POST", "/settings", {"extended_protection": "allow", "tls_proxy": False})

    def by_ntlm():
        control.call("POST", "/settings", {"extended_protection": "require"})
        owner = account("alice@example.test", "svc-kalends@example.test", auth_type=None, version=None)
        equal(owner.protocol.auth_type, NTLM, "guessed authentication")
        compare(owner, "alice@example.test")

    checks.run("NTLM with the channel binding that is required", lambda: strictly({"ntlm": True}, by_ntlm))

    def through_a_proxy():
        control.call("POST", "/settings", {"extended_protection": "require", "tls_proxy": True})
        owner = account("alice@example.test", auth_type=NTLM)
        raises(errors.UnauthorizedError, lambda: first_folder(owner))

    checks.run("refused: NTLM through a proxy that ends TLS", lambda: strictly({"ntlm": True}, through_a_proxy))

    def by_curl():
        command = ["curl", "--silent", "--ntlm", "--user", ":".join(("EXAMPLE\\alice", alice_password))]
        command += ["--cacert", options.ca, "--output", os.devnull, "--write-out", "%{http_code}", options.ews]
        said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        equal(said.stdout, "200", "status")

    checks.run("curl signs in by NTLM", lambda: strictly({"ntlm": True}, by_curl))

    def resolved():
        found = account("alice@example.test").protocol.resolve_names(["robert@example.test"])
        equal([each.email_address for each in found], ["bob@example.test"], "primary address")

    checks.run("an alias resolves to its primary address", resolved)

    for name, kind, address, user in [
        ("an alias is not a primary address", errors.ErrorNonPrimarySmtpAddress, "robert@example.test", None),
        ("without the role", errors.ErrorImpersonateUserDenied, "alice@example.test", "svc-norole@example.test"),
        ("outside the management scope", errors.ErrorImpersonateUserDenied, "dora@example.test", None),
        ("an unknown mailbox", errors.ErrorNonExistentMailbox, "nobody@example.test", None),
        ("a mailbox that moved to the cloud", errors.ErrorNonExistentMailbox, "erik@example.test", None),
    ]:
        more = {"user": user} if user else {}
        checks.run(
            f"refused: {name}",
            lambda: raises(kind, lambda: first_folder(account(address, **more))),
        )

    def too_long():
        owner = account("alice@example.test")
        far = now + datetime.timedelta(days=800)
        raises(
            errors.ErrorCalendarViewRangeTooBig,
            lambda: list(owner.calendar.view(start=ews(now), end=ews(far)).only("subject")),
        )

    checks.run("refused: a view of more than two years", too_long)

    def wrong_password():
        before = control.state()["accounts"]["charlie@example.test"]["refused"]
        raises(
            errors.UnauthorizedError,
            lambda: first_folder(account("charlie@example.test", "charlie@example.test", "wrong", access=DELEGATE)),
        )
        after = control.state()["accounts"]["charlie@example.test"]["refused"]
        if after <= before:
            raise AssertionError("the refusal was not counted")
        control.call("POST", "/accounts/charlie@example.test/unlock")

    checks.run("refused: a wrong password, and it is counted", wrong_password)

    print(f"exchangelib {exchangelib.__version__}: {checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
