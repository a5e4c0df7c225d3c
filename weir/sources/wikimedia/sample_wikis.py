"""The wikis, people and words of the sample stream, with shares like those of the real one."""

from __future__ import annotations

from typing import NamedTuple


class Wiki(NamedTuple):
    """One wiki: its domain, database name and share of all edits in thousandths."""

    domain: str
    dbname: str
    share: int


WIKIS = tuple(
    Wiki(*row)
    for row in (
        ("www.wikidata.org", "wikidatawiki", 285),
        ("commons.wikimedia.org", "commonswiki", 230),
        ("en.wikipedia.org", "enwiki", 150),
        ("de.wikipedia.org", "dewiki", 30),
        ("fr.wikipedia.org", "frwiki", 32),
        ("es.wikipedia.org", "eswiki", 22),
        ("ru.wikipedia.org", "ruwiki", 24),
        ("it.wikipedia.org", "itwiki", 20),
        ("ja.wikipedia.org", "jawiki", 16),
        ("zh.wikipedia.org", "zhwiki", 16),
        ("pl.wikipedia.org", "plwiki", 12),
        ("uk.wikipedia.org", "ukwiki", 12),
        ("pt.wikipedia.org", "ptwiki", 12),
        ("ar.wikipedia.org", "arwiki", 12),
        ("fa.wikipedia.org", "fawiki", 9),
        ("nl.wikipedia.org", "nlwiki", 9),
        ("sv.wikipedia.org", "svwiki", 8),
        ("he.wikipedia.org", "hewiki", 8),
        ("tr.wikipedia.org", "trwiki", 7),
        ("vi.wikipedia.org", "viwiki", 6),
        ("id.wikipedia.org", "idwiki", 6),
        ("cs.wikipedia.org", "cswiki", 6),
        ("ko.wikipedia.org", "kowiki", 6),
        ("ca.wikipedia.org", "cawiki", 6),
        ("hu.wikipedia.org", "huwiki", 4),
        ("fi.wikipedia.org", "fiwiki", 4),
        ("ro.wikipedia.org", "rowiki", 4),
        ("hy.wikipedia.org", "hywiki", 4),
        ("sr.wikipedia.org", "srwiki", 3),
        ("bn.wikipedia.org", "bnwiki", 3),
        ("en.wiktionary.org", "enwiktionary", 8),
        ("fr.wiktionary.org", "frwiktionary", 6),
        ("ru.wiktionary.org", "ruwiktionary", 3),
        ("en.wikisource.org", "enwikisource", 4),
        ("fr.wikisource.org", "frwikisource", 3),
        ("pl.wikisource.org", "plwikisource", 2),
        ("en.wikivoyage.org", "enwikivoyage", 2),
        ("incubator.wikimedia.org", "incubatorwiki", 2),
        ("meta.wikimedia.org", "metawiki", 3),
        ("www.mediawiki.org", "mediawikiwiki", 1),
    )
)

WORDS = (
    *("River", "Castle", "Railway", "Comet", "Election", "Opera", "Lighthouse", "Beetle"),
    *("Córdoba", "Łódź", "Мост", "東京", "القاهرة", "Ålesund", "Coffee", "Harbour"),
    *("Winter", "Marathon", "Bridge", "Museum", "Island", "Valley", "Orchid", "Cathedral"),
    *("Symphony", "Glacier", "University", "Festival", "Dynasty", "Telescope", "Canal", "Forest"),
)

PEOPLE = (
    *("Amaranth", "Bluestem", "Cassiopeia", "Dovetail", "Evergreen", "Fernhill", "Gentian"),
    *("Heron", "Ironwood", "Juniper", "Kestrel", "Larkspur", "Михаил", "Nightjar", "小林", "Quill"),
)

BOTS = ("ArchiveBot", "LinkFixerBot", "CategoryBot", "WikidataImportBot", "DateBot", "SpellBot")

COMMENTS = (
    "copy edit",
    "added a reference to the regional archive and fixed two dead links in the section",
    "/* History */ rewrote the paragraph about the second construction phase, see talk page",
    "Reverted 1 edit by an unregistered user: unsourced change of a figure",
    "new infobox, image from Commons, coordinates",
    "typo",
    "/* wbsetclaim-create:2||1 */ [[Property:P31]]: [[Q5]], batch of the library import",
    "",
)
