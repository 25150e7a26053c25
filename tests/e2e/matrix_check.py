"""The judge of the matrix: what lies in the mailboxes, beside a model made from the church. Plain Python, nothing of the
product and nothing of the simulator's own comparison.

The Rock simulator tells what each mailbox should hold by its own rules (address -> contacts); the Exchange simulator tells
what lies in them, item by item.
"""
import collections
import urllib.parse

OURS = "38b99066-ef57-4efc-a07f-0e0f6a97188e/"  # property set of the product's marks


class Judge:
    def __init__(self, site):
        self.site = site
        self.addresses = sorted(site.expected())
        site.exchange.post("mailboxes", {"mailboxes": self.addresses, "foreign": site.speed["foreign"]})
        self.foreign = {a: self.own(a) for a in self.addresses}

    def items(self, address):
        return self.site.exchange.get("mailboxes/" + urllib.parse.quote(address))

    def own(self, address):
        """The user's contacts, whole: ids, ChangeKeys, dates, every property."""
        return {i["id"]: i for i in self.items(address)["items"] if not marked(i)}

    def verdict(self):
        """Everything that is wrong, in words; empty: exact."""
        expected = self.site.expected()
        wrong = []
        for address in sorted(set(expected) | set(self.addresses)):
            wrong += self.compare(address, expected.get(address, []))
        return wrong

    def compare(self, address, expected):
        box = self.items(address)
        ours = collections.defaultdict(list)
        for item in box["items"]:
            if marked(item):
                ours[item["key"]].append(item)
        wanted = {c["key"]: c for c in expected}
        wrong = [f"{address}: {key} is missing" for key in wanted.keys() - ours.keys()]
        for key, found in ours.items():
            if key not in wanted:
                wrong.append(f"{address}: {key} does not belong there")
            elif len(found) > 1:
                wrong.append(f"{address}: {key} stands {len(found)} times")
            elif difference := content(wanted[key], found[0]):
                wrong.append(f"{address}: {key}: {difference}")
        own = {i["id"]: i for i in box["items"] if not marked(i)}
        if own != self.foreign.get(address, own):
            wrong.append(f"{address}: a contact of the user's own was touched")
        return wrong

    def created_again(self):
        """Creates beyond the first of each key in each mailbox, by the server's own count."""
        return sum(n - 1 for a in self.addresses for n in self.items(a)["creates"].values())

    def doubled(self):
        """Keys that stand more than once in one mailbox at this moment."""
        found = 0
        for address in self.addresses:
            keys = collections.Counter(i["key"] for i in self.items(address)["items"] if marked(i))
            found += sum(n - 1 for n in keys.values())
        return found


def marked(item):
    """Does the item carry anything of the product's?"""
    return item["key"] is not None or any(name.startswith(OURS) for name in item["extended"])


def content(want, item):
    """The first difference between a wanted contact and an item; None: there is none."""
    fields = {k: v for k, v in want.items() if k not in ("key", "categories") and v is not None}
    found = dict(item["fields"])
    for name in sorted(fields.keys() | found.keys()):
        if fields.get(name) != found.get(name):
            return f"{name} is {found.get(name)!r}, wanted {fields.get(name)!r}"
    if sorted(want.get("categories") or []) != sorted(item["categories"]):
        return f"categories are {item['categories']}, wanted {want.get('categories')}"
    return None if item["folder"] == "contacts" else f"it lies in {item['folder']}"
