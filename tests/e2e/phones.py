#!/usr/bin/env python3
"""Numbers of every kind, from Rock to the mailbox: what a phone matches, the business number by template, the lint."""
import json
import re
import urllib.parse
import urllib.request

from lib_program import fetch, need, until
from lib_run import main
from lib_site import REST_KEY, Site

# --- what Rock's Lava makes of a person, written down once more and without the engine ---

RULES = {  # Rock's stock rules, and one that this church has added
    "1": [(r"^(\d{3})(\d{4})$", r"\1-\2"), (r"^(\d{3})(\d{3})(\d{4})$", r"(\1) \2-\3"),
          (r"^1(\d{3})(\d{3})(\d{4})$", r"(\1) \2-\3")],
    "44": [(r"^(\d{4})(\d{6})\Z", r"0\1 \2")],
}
OFFICE = "(623) 555-0100"


def shown(phone):
    """NumberFormatted, or what Rock would have made of the number."""
    if (phone["NumberFormatted"] or "").strip():
        return phone["NumberFormatted"]
    text = re.sub(r"\D", "", phone["Number"] or "")
    for match, form in RULES.get(phone["CountryCode"] or "1", []):
        text = re.sub(match, form, text)
    return text


def first(phones, kind):
    """The PhoneNumber filter: listed or not."""
    return next((p for p in phones if p["type"].lower() == kind.lower()), None)


def with_code(phones):
    phone = first(phones, "Work")
    if not phone:
        return ""
    return f"+{phone['CountryCode']} {shown(phone)}" if phone["CountryCode"] else shown(phone)


def listed_with_extension(phones):
    text = ""
    for phone in phones:
        if phone["type"] == "Work" and not phone["IsUnlisted"]:
            text += shown(phone)
            if phone["Extension"] != "":
                text += f" x{phone['Extension'] or ''}"
    return text


def plain(phones):
    phone = first(phones, "Work")
    return shown(phone) if phone else ""


def office(phones):
    phone = first(phones, "Extension")
    return f"{OFFICE} x{shown(phone) if phone else ''}"


# The templates of reference/rock.md 12.2, which churches would write.
TEMPLATES = [
    ("{{ Person | PhoneNumber:'Work' }}", plain),
    ("{{ Person | PhoneNumber:'Work',true }}", with_code),
    ("{% assign n = Person | PhoneNumber:'Work' %}{% if n and n != '' %}{{ n | Remove:'(' | Remove:')' |"
     " Replace:' ','-' }}{% endif %}",
     lambda phones: re.sub("[()]", "", plain(phones)).replace(" ", "-")),
    ("{% for p in Person.PhoneNumbers %}{% if p.NumberTypeValue.Value == 'Work' and p.IsUnlisted == false %}"
     "{{ p.NumberFormatted }}{% if p.Extension != '' %} x{{ p.Extension }}{% endif %}{% endif %}{% endfor %}",
     listed_with_extension),
    ("{{ 'Global' | Attribute:'OrganizationPhone' }} x{{ Person | PhoneNumber:'Extension' }}", office),
]

# What imports and years of typing leave behind.
ODDITIES = [
    [{"type": "Work", "country_code": "1", "number": "6235550144", "formatted": "(623) 555-0144", "extension": ""}],
    [{"type": "Work", "country_code": "1", "number": "6235550145", "formatted": "(623) 555-0145", "extension": "114"}],
    [{"type": "Work", "country_code": "1", "number": "6235550146", "extension": ""}],
    [{"type": "Work", "country_code": "1", "number": "16235550147", "extension": ""}],
    [{"type": "Work", "country_code": "1", "number": "5550148", "extension": "9"}],
    [{"type": "Work", "country_code": "1", "number": "917894563210", "extension": ""}],
    [{"type": "Work", "number": "6235550149", "formatted": "(623) 555-0149", "extension": ""}],
    [{"type": "Work", "country_code": "44", "number": "2079460123", "extension": ""}],
    [{"type": "Work", "country_code": "1", "number": "6235550150", "formatted": "(623) 555-0150", "extension": "",
      "unlisted": True}],
    [{"type": "Work", "country_code": "1", "number": "6235550151", "formatted": "(623) 555-0151", "extension": ""},
     {"type": "Work", "country_code": "1", "number": "6235550152", "formatted": "(623) 555-0152", "extension": "7"}],
    [{"type": "Extension", "number": "114", "formatted": "114"}],
    [],
]

# Mobile numbers and what a phone matches; reasons as the lint gives them.
MOBILES = [
    ({"country_code": "1", "number": "6235550161", "formatted": "(623) 555-0161"}, "+16235550161", None),
    ({"country_code": "1", "number": "16235550162"}, "+16235550162", None),
    ({"number": "6235550163"}, "+16235550163", None),
    ({"country_code": "44", "number": "442079460164"}, "+442079460164", None),
    ({"country_code": "39", "number": "0612345678"}, "+390612345678", None),
    ({"country_code": "1", "number": "6235550165", "extension": "ext. 4"}, "+16235550165 x4", None),
    ({"country_code": "1", "number": "5550166"}, "555-0166", "too-short"),
    ({"country_code": "1", "number": "917894563210", "formatted": "917894563210"}, "917894563210", "too-long"),
    ({"country_code": "44", "number": "02079460167", "formatted": "020 7946 0167"}, "020 7946 0167", "leading-zero"),
    ({"country_code": "999", "number": "5550168000"}, "5550168000", "no-country"),
    ({"country_code": "1", "number": "1235550169"}, "+11235550169", "no-area"),
]


class Church(Site):
    """A site whose judge knows business numbers too."""

    running = None
    makes = None  # what the template makes of a person's phones; None: no template

    def get(self, path):
        request = urllib.request.Request(self.rock.url + path, headers={"Authorization-Token": REST_KEY})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def phones(self):
        """Person.Id -> phones by Id, each with its type's name; primary alias Guid -> Person.Id."""
        types = {v["Id"]: v["Value"] for v in self.get("/api/DefinedValues")}
        aliases = {a["Id"]: a["Guid"] for a in self.get("/api/PersonAlias")}
        people = self.get("/api/People?" + urllib.parse.urlencode({"$expand": "PhoneNumbers"}))
        phones, keys = {}, {}
        for person in people:
            phones[person["Id"]] = sorted(person["PhoneNumbers"], key=lambda p: p["Id"])
            for phone in phones[person["Id"]]:
                phone["type"] = types.get(phone["NumberTypeValueId"], "")
            keys[aliases[person["PrimaryAliasId"]]] = person["Id"]
        return phones, keys

    def verdict(self):
        expected = json.loads(fetch(f"{self.rock.url}/control/expected"))
        if self.makes:
            phones, keys = self.phones()
            for contact in (c for box in expected["mailboxes"].values() for c in box):
                text = self.makes(phones[keys[contact["key"]]]).strip()[:64].strip()
                if text:
                    contact["BusinessPhone"] = text
        return self.exchange.post("compare", expected)

    def template(self, lava, makes, **settings):
        """A program with this template; what it does with it must be what `makes` says."""
        if self.running:
            self.running.stop()
        self.makes = makes
        self.write_settings(business_phone_lava=lava, lava__global=json.dumps({"OrganizationPhone": OFFICE}), **settings)
        self.running = self.up().ready()

    def somebody(self, n):
        """n people who are in a mailbox, with their keys."""
        _, keys = self.phones()
        box = max(self.expected().values(), key=len)
        need(len(box) >= n, f"only {len(box)} people in the largest mailbox")
        return [(keys[c["key"]], c["key"]) for c in box[:n]]

    def box_of(self, key):
        return next(address for address, box in self.expected().items() if any(c["key"] == key for c in box))

    def number(self, key, field="BusinessPhone"):
        return self.item(self.box_of(key), key)["fields"].get(field)


def give(site, person, kind, phones):
    """The person's numbers of that type are these."""
    site.change("clear_phones", person=person, type=kind)
    for phone in phones:
        site.change("add_phone", person=person, **{"type": kind, **phone})


def odd(site):
    """People with every oddity at work; their keys."""
    people = site.somebody(len(ODDITIES))
    for (person, _), phones in zip(people, ODDITIES):
        for kind in ("Work", "Extension"):
            give(site, person, kind, [p for p in phones if p["type"] == kind])
    return people


# --- scenarios ---

def every_template():
    """The templates that churches write, on people with every phone oddity: each mailbox holds what they make"""
    with Church("templates", kafka=False, people=150, users=3, settings={"guard__emptied_floor": "1000"}) as site:
        odd(site)
        for lava, makes in TEMPLATES:
            site.template(lava, makes)
            site.run()
            site.exact()
        site.template("", None)
        site.run()
        site.exact()
        need(site.run()["messages"] == 0, "an unchanged run sends messages")
    return f"{len(TEMPLATES)} templates, {len(ODDITIES)} oddities"


def through_the_pipeline():
    """Producer, Kafka, worker: the business number appears in the mailbox, changes, leaves"""
    with Church("business number", people=120, users=3) as site:
        (person, key), = site.somebody(1)
        give(site, person, "Work", ODDITIES[0])
        site.makes = plain
        site.write_settings(business_phone_lava=TEMPLATES[0][0])
        site.producer().ready()
        site.worker().ready()
        site.run()
        site.exact()
        need(site.number(key) == "(623) 555-0144", f"the number is {site.number(key)}")
        give(site, person, "Work", [{"country_code": "1", "number": "6235550155", "extension": ""}])
        counts = site.run()
        need(site.number(key) == "(623) 555-0155", f"the changed number is {site.number(key)}")
        need(counts["changed"] >= 1, f"counts: {counts}")
        site.exact()
        give(site, person, "Work", [])
        site.run()
        need(site.number(key) is None, f"the number is still {site.number(key)}")
        site.exact()


LOOPS = ("{% assign n = Person | Attribute:'Loops' | AsInteger %}{% if n %}{% for i in (1..n) %}{% assign x = i %}"
         "{% endfor %}{% endif %}{{ Person | PhoneNumber:'Work' }}")


def one_person_fails():
    """A template that fails on one person: that number stays as it was, the run goes on and names the person"""
    with Church("one fails", kafka=False, people=120, users=3) as site:
        (person, key), (other, other_key) = site.somebody(2)
        site.change("attribute", person=other, key="Loops", value="3")
        give(site, person, "Work", ODDITIES[0])
        give(site, other, "Work", ODDITIES[1])
        site.template(LOOPS, plain)
        site.run()
        site.exact()
        site.change("attribute", person=person, key="Loops", value="1000000000")
        for who in (person, other):
            give(site, who, "Work", [{"country_code": "1", "number": "6235550199", "formatted": "(623) 555-0199"}])
        site.change("employer", person=person, value="Example Ltd")
        number = site.ask()
        state, message = site.planned(number)
        need(state == "success", f"the run failed: {message}")
        need("for 1 people" in message and f"Rock ids {person})" in message, f"the run does not name the person: {message}")
        need("0199" not in message and "0144" not in message, f"a number stands in the message: {message}")
        until("the others are written", lambda: site.number(other_key) == "(623) 555-0199")
        until("the person's other fields are written", lambda: site.number(key, "CompanyName") == "Example Ltd")
        need(site.number(key) == "(623) 555-0144", f"the number did not stay: {site.number(key)}")
        site.change("attribute", person=person, key="Loops", value=None)
        site.run()
        site.exact()


def rendered_by_rock():
    """What only Rock can render is rendered by Rock: many people at once; without the right the run fails whole"""
    def makes(phones):
        phone = first(phones, "Work")  # Rock itself shows nothing for a number that an import left unformatted
        return f"{(phone or {}).get('NumberFormatted') or ''} Main Campus"

    lava = "{{ Person | PhoneNumber:'Work' }} {{ Person | Campus | Property:'Name' }}"
    with Church("rendered by Rock", kafka=False, people=150, users=3) as site:
        people = odd(site)
        site.template(lava, makes, lava__server="true")
        state, message = site.planned(site.ask())
        need(state == "failed" and "Edit right on POST" in message, f"{state}: {message}")
        site.rock.post("settings", {"may_render": True})
        site.rock.delete("stats")
        counts = site.run()
        site.exact()
        asked = site.rock.get("stats")["by_endpoint"]["Lava"]["requests"]
        need(asked <= counts["people"] / 25, f"{asked} requests for {counts['people']} people")
        site.run()
        need(site.rock.get("stats")["by_endpoint"]["Lava"]["requests"] == asked, "asked again for nobody new")
        person, key = people[0]
        before = site.number(key)
        site.rock.post("settings", {"render_broken": person})
        give(site, person, "Work", [{"country_code": "1", "number": "6235550177", "formatted": "(623) 555-0177"}])
        state, message = site.planned(site.ask())
        need(state == "success" and f"Rock ids {person})" in message, f"{state}: {message}")
        need(site.number(key) == before, f"the number did not stay: {site.number(key)}")
        site.rock.post("settings", {"render_broken": 0})
        site.run()
        site.exact()


def refused_templates():
    """A template that cannot be is refused with its place, exit 78, before anything is reached"""
    wrong = {"{% if Person %}": "1:", "x {{ CurrentPerson.NickName }}": "1:", "{{ 'Now' | Date:'yyyy' }}": "1:",
             "{% sql %}select 1{% endsql %}": "1:1", "{{ Person | Groups:'25' }}": "1:"}
    with Church("refused", kafka=False, people=30, users=1) as site:
        for lava, place in wrong.items():
            site.write_settings(business_phone_lava=lava)
            for verb in ("up", "plan"):
                done = site.tool(verb)
                said = done.stderr.strip()
                need(done.returncode == 78, f"{verb} with {lava}: code {done.returncode}: {said}")
                need("business_phone_lava" in said and place in said and "\n" not in said, f"{verb} with {lava}: {said}")


def lint():
    """phones --lint names each number that no phone will match, by Rock's Ids, masked; nothing of it in the logs"""
    with Church("lint", kafka=False, people=120, users=3) as site:
        people = site.somebody(len(MOBILES))
        for (person, _), (phone, _, _) in zip(people, MOBILES):
            give(site, person, "Mobile", [phone])
        site.template("", None)
        site.run()
        for (_, key), (phone, text, _) in zip(people, MOBILES):
            need(site.number(key, "MobilePhone") == text, f"{phone}: {site.number(key, 'MobilePhone')}, wanted {text}")
        report = json.loads(site.cs("phones", "--lint", "--json"))
        found = {f["person"]: f for f in report["findings"] if f["type"] == "Mobile"}
        for (person, _), (phone, _, reason) in zip(people, MOBILES):
            got = found.get(person, {}).get("reason")
            need(got == reason, f"{phone}: the lint says {got}, wanted {reason}")
            if reason:
                digits = re.sub(r"\D", "", found[person]["shown"])
                need(digits == phone["number"][-2:], f"shown: {found[person]['shown']}")
        text = site.cs("phones", "--lint")
        need(f"person {people[6][0]}, Mobile" in text and "add the area code" in text, f"the report: {text[:500]}")
        for phone, _, _ in MOBILES:
            need(phone["number"] not in text, "a whole number stands in the report")
            need(all(phone["number"] not in p.text() for p in site.programs[2:]), "a number stands in a log")
    return f"{len(report['findings'])} findings"


if __name__ == "__main__":
    main([every_template, through_the_pipeline, one_person_fails, rendered_by_rock, refused_templates, lint], at_once=2)
