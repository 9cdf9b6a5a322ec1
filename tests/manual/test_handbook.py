"""The handbook that is written from the running rules: complete, linked, safe, the same each time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

import tmcs
from tests.conftest import NOW
from tmcs import rulebook
from tmcs.core.order import parse_time
from tmcs.loader import load_flows, load_policy, read_flow_files
from tmcs.manual.book import Book, load
from tmcs.manual.build import build
from tmcs.manual.folder import MANIFEST
from tmcs.trace import carriers

VOID = {"meta", "link", "input", "rect", "path", "br"}


class Seen(HTMLParser):
    """What stands in one page: its anchors, links, texts by language; whether its elements are well nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.sources: list[str] = []
        self.langs: dict[str, list[str]] = {"zh-CN": [], "en": []}
        self.tags: list[str] = []
        self.open: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        assert not [name for name in found if name.startswith("on")], found
        if "id" in found:
            assert found["id"] not in self.anchors, f"{found['id']} stands twice"
            self.anchors.add(str(found["id"]))
        if tag == "a":
            self.links.append(str(found["href"]))
        self.sources += [str(found[name]) for name in ("src",) if name in found]
        self.sources += [str(found["href"])] if tag == "link" else []
        if tag not in VOID:
            self.open.append((tag, found.get("lang") or (self.open[-1][1] if self.open else "")))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1][1] in self.langs and data.strip():
            self.langs[self.open[-1][1]].append(data)


@pytest.fixture(scope="module")
def files() -> Iterator[dict[str, bytes]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TMCS_POLICY", raising=False)
        yield build(load(parse_time(NOW)))


@pytest.fixture(scope="module")
def site(files: dict[str, bytes]) -> dict[str, Seen]:
    return {name: Seen(data.decode()) for name, data in files.items() if name.endswith(".html")}


def test_built_twice_it_is_the_same_to_the_byte(files: dict[str, bytes]) -> None:
    assert build(load(parse_time(NOW))) == files
    assert build(load(parse_time("2027-06-01T08:00:00+08:00"))) == files  # no day of building, and no figure changed in between


def test_every_link_of_the_site_leads_somewhere(site: dict[str, Seen], files: dict[str, bytes]) -> None:
    lost = []
    for name, page in site.items():
        assert set(page.sources) == {"style.css", "search.js"}
        for link in page.links:
            target, _, anchor = unquote(link).partition("#")
            found = site.get(target or name)
            if found is None or (anchor and anchor not in found.anchors):
                lost.append((name, link))
    assert lost == []
    entries = json.loads(re.sub(r"^.*?entries: |\};\s*$", "", files["index.js"].decode(), flags=re.S))
    places = [entry[0].partition("#") for entry in entries]
    assert [(page, anchor) for page, _, anchor in places if anchor and anchor not in site[page].anchors] == []


def test_every_link_of_the_markdown_leads_somewhere(files: dict[str, bytes]) -> None:
    pages = {name: data.decode() for name, data in files.items() if name.endswith(".md")}
    anchors = {name: set(re.findall(r'<a id="([^"]+)"></a>', text)) for name, text in pages.items()}
    lost = []
    for name, text in pages.items():
        for page, anchor in re.findall(r"\]\(([^)#\s]+\.md)(?:#([^)\s]+))?\)", text):
            target = f"{name.partition('/')[0]}/{page}"
            if target not in pages or (anchor and anchor not in anchors[target]):
                lost.append((name, page, anchor))
    assert lost == []


def test_every_flow_and_job_has_its_page_with_its_chart_in_both_widths_and_languages(site: dict[str, Seen], files: dict[str, bytes]) -> None:
    from tmcs.jobs.definition import load_jobs

    for name in [*(f"flow-{flow.id}" for flow in load_flows()), *(f"job-{job.id}" for job in load_jobs())]:
        page = site[f"{name}.html"]
        assert page.tags.count("svg") == 4
        assert {"chart", "steps"} <= page.anchors
        assert f"{name}.html" in site["index.html"].links
        assert "```mermaid" in files[f"zh/{name}.md"].decode()
        assert "```mermaid" in files[f"en/{name}.md"].decode()
    assert len(load_jobs()) == 11


def test_every_node_script_and_own_fact_stands_on_its_flows_page(site: dict[str, Seen]) -> None:
    for flow in load_flows():
        anchors = site[f"flow-{flow.id}.html"].anchors
        # A node that the policy's constants fold away is asked of nobody.
        assert {f"node-{name}" for name in flow.nodes} <= anchors
        assert {f"script-{name}" for name in flow.scripts} <= anchors
        assert {f"fact-{name}" for name in flow.facts} <= anchors


def test_every_rule_stands_on_its_page_and_is_linked_or_excused(site: dict[str, Seen]) -> None:
    linked = {link.partition("#")[2] for name, page in site.items() if not name.startswith("rul") for link in page.links if "#" in link}
    rules = [rule.id for section in rulebook.sections() for rule in section.rules]
    assert len(rules) > 500
    assert [id for id in rules if id not in site[f"rules-{id[:3]}.html"].anchors] == []
    assert [id for id in rules if id not in linked] == []
    assert [one.id for one in rulebook.rulings() if one.id not in site["rulings.html"].anchors] == []


def test_a_rule_leads_back_to_all_that_carries_it(files: dict[str, bytes]) -> None:
    from tmcs.jobs.definition import load_jobs

    found = carriers(load_flows(), tmcs.load_policy(()), load_jobs())
    pages = {"common": "common"} | {flow.id: f"flow-{flow.id}" for flow in load_flows()} | {f"job-{job.id}": f"job-{job.id}" for job in load_jobs()}
    lost = []
    for id, names in found.items():
        text = files["zh/rulings.md" if "-" not in id else f"zh/rules-{id[:3]}.md"].decode()
        said = text.partition(f'<a id="{id}"></a>')[2].partition("<a id=")[0]
        for name in names:
            owner, _, place = name.partition(":")
            shared = f"](glossary.md#fact-{place.removeprefix('fact ')}"
            if owner.startswith("policy "):
                led = re.search(r"\]\((policy|desk|job-[a-z-]+)\.md", said) is not None
            else:
                led = f"]({pages[owner]}.md" in said or shared in said
            lost += [] if led else [(id, name)]
    assert lost == []


def test_both_languages_say_the_same_pages_and_each_alone_has_no_word_of_the_other(site: dict[str, Seen]) -> None:
    page = site["flow-damage.html"]
    assert "照片收到了吗？" in "".join(page.langs["zh-CN"])
    assert "photos received?" in "".join(page.langs["en"])
    english = build(load(parse_time(NOW)), "html", "en")["flow-damage.html"].decode()
    assert 'lang="zh' not in english
    assert "data-lang" not in english  # nothing to switch to
    assert "照片收到了吗" not in english
    chinese = build(load(parse_time(NOW)), "both", "zh")
    assert not [name for name in chinese if name.startswith("en/")]
    assert "photos received?" not in chinese["flow-damage.html"].decode()


def test_the_pages_allow_nothing_from_elsewhere(files: dict[str, bytes]) -> None:
    for name, data in files.items():
        if name.endswith(".html"):
            text = data.decode()
            assert "default-src 'none'" in text
            assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text), name
    assert b"http" not in files["style.css"]
    assert b"fetch" not in files["search.js"].replace(b"fetched", b"")
    assert b"innerHTML" not in files["search.js"]


HOSTILE = '<script>alert(1)</script> "\'&amp; [x](javascript:y) | \x1b[31m\u202e `z` </svg>'


def _hostile(tmp_path: Path) -> Book:
    said = {"zh": HOSTILE, "en": HOSTILE}
    graph = {
        "flow": "hostile", "section": "X01", "title": said, "aliases": [HOSTILE], "concerns": "order",
        "facts": {"wanted": {"type": "choice", "from": "agent", "label": said, "ask": said, "values": {"a": said, "b": said}}},
        "start": "ask",
        "nodes": {
            "ask": {"title": said, "ask": "wanted", "branches": {"a": "done", "b": "done"}, "do": [said]},
            "done": {"title": said, "outcome": "explain", "do": [said], "say": ["hello"], "task": {"queue": "taobao", "what": said}},
        },
    }  # fmt: skip
    flow = read_flow_files(str(tmp_path), graph, {"hello": {"when": said, **said}})
    return Book([flow], [], load_policy(()), parse_time(NOW), {"flow-hostile": ("acme-<b>", "1.0")})


def test_hostile_words_are_only_words(tmp_path: Path) -> None:
    files = build(_hostile(tmp_path))
    text = files["flow-hostile.html"].decode()
    page = Seen(text)
    assert page.tags.count("script") == 1
    assert "b" not in page.tags
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "alert(1)" in "".join(page.langs["en"])
    assert [link for link in page.links if "javascript" in link] == []
    for name in ("zh/flow-hostile.md", "en/flow-hostile.md"):
        said = re.sub(r"`[^`]*`", "", files[name].decode())
        assert "<script" not in said
        assert not re.search(r"(?<!\\)\]\(javascript", said)
        assert "\x1b" not in said
        assert "\u202e" not in said
    assert "</script" not in files["index.js"].decode()


def test_what_a_plugin_brings_is_marked(tmp_path: Path) -> None:
    files = build(_hostile(tmp_path), lang="en")
    assert 'class="mark">plug-in acme-&lt;b&gt; 1.0' in files["flow-hostile.html"].decode()
    assert "(plug-in)" in files["index.html"].decode()


def test_a_figure_of_the_desk_stands_in_its_handbook_and_is_told_as_changed(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text('limits: {small-value: {value: [{from: 2012-04-16, value: "20.00"}, {from: 2027-01-01, value: "25.00"}]}}\n')
    early = build(load(parse_time(NOW), [str(own)]), "html", "en")["policy.html"].decode()
    late = build(load(parse_time("2027-02-01T10:00:00+08:00"), [str(own)]), "html", "en")["policy.html"].decode()
    assert "20.00 CNY" in early.partition('id="limits-small-value"')[2].partition("</tr>")[0]
    assert "25.00 CNY" in late.partition('id="limits-small-value"')[2].partition("</tr>")[0]
    for text in (early, late):
        assert "2027-01-01" in text.partition('id="dated"')[2].partition("</table>")[0]
        assert "limits.small-value" in text.partition('id="changed"')[2].partition("</ul>")[0]
    assert str(tmp_path) not in early


# ---- the folder -----------------------------------------------------------------------------------------------------------


def test_a_folder_is_written_checked_and_mended(tmcs: Any, tmp_path: Path) -> None:
    out = tmp_path / "book"
    done = tmcs("handbook", "build", "--out", out, "--format", "markdown", "--lang", "en")
    assert (done.code, done.err) == (0, "")
    assert (out / "en" / "flow-damage.md").exists()
    assert not (out / "zh").exists()
    assert tmcs("handbook", "build", "--check", out).code == 0
    page = out / "en" / "flow-damage.md"
    page.write_text(page.read_text() + "more\n")
    (out / "en" / "desk.md").unlink()
    found = tmcs("handbook", "build", "--check", out)
    assert found.code == 1
    assert re.search(r"^en/flow-damage\.md:\d+: differs", found.out, re.M)
    assert "en/desk.md: is missing" in found.out
    assert tmcs("handbook", "build", "--out", out, "--format", "markdown", "--lang", "en").code == 0
    assert tmcs("handbook", "build", "--check", out).code == 0
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".tmcs-")] == []


def test_it_differs_when_a_rule_changes(tmcs: Any, tmp_path: Path) -> None:
    out, own = tmp_path / "book", tmp_path / "own.yaml"
    own.write_text('limits: {small-value: {value: "30.00"}}\n')
    assert tmcs("handbook", "build", "--out", out, "--format", "markdown", "--lang", "zh").code == 0
    found = tmcs("handbook", "build", "--check", out, "--policy", own)
    assert found.code == 1
    assert "zh/policy.md" in found.out


def test_foreign_files_are_never_replaced_nor_deleted(tmcs: Any, tmp_path: Path) -> None:
    out = tmp_path / "book"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    refused = tmcs("handbook", "build", "--out", out)
    assert refused.code == 2
    assert [one.name for one in out.iterdir()] == ["mine.txt"]
    (out / "mine.txt").unlink()
    build_both = ("handbook", "build", "--out", out, "--format", "markdown", "--lang", "both")
    assert tmcs(*build_both).code == 0
    (out / "mine.txt").write_text("mine")
    (out / "zh" / "mine.md").write_text("mine")
    changed = out / "zh" / "desk.md"
    changed.write_text("changed by hand")
    # From both languages to one: the other's pages go, but what somebody wrote or changed stays.
    done = tmcs("handbook", "build", "--out", out, "--format", "markdown", "--lang", "en")
    assert done.code == 0
    assert "zh/desk.md" in done.err
    assert sorted(one.name for one in (out / "zh").iterdir()) == ["desk.md", "mine.md"]
    assert (out / "mine.txt").read_text() == "mine"
    # The page that is left is foreign now, and stands in the way of the next build.
    refused = tmcs(*build_both)
    assert refused.code == 2
    assert changed.read_text() == "changed by hand"


def test_nothing_is_written_through_a_link(tmcs: Any, tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "book", tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert tmcs("handbook", "build", "--out", out, "--format", "markdown", "--lang", "en").code == 0
    (out / "zh").symlink_to(elsewhere)
    refused = tmcs("handbook", "build", "--out", out, "--format", "markdown", "--lang", "both")
    assert refused.code == 2
    assert list(elsewhere.iterdir()) == []


def test_a_build_that_fails_leaves_the_old_pages_whole(tmcs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, own = tmp_path / "book", tmp_path / "own.yaml"
    own.write_text('limits: {small-value: {value: "30.00"}}\n')
    assert tmcs("handbook", "build", "--out", out, "--format", "markdown", "--lang", "en").code == 0
    before = {path: path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
    import tmcs.manual.folder as folder

    def full(path: str, data: bytes, mode: int = 0) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder, "write_atomic", full)
    failed = tmcs("handbook", "build", "--out", out, "--format", "markdown", "--lang", "en", "--policy", own)
    assert failed.code == 74
    monkeypatch.undo()
    assert {path: path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()} == before
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".tmcs-")] == []


@pytest.mark.parametrize(
    "content", ["{}", "[]", "x", '{"schema": "tmcs/handbook/1", "format": "both", "lang": "zh", "files": {"../../etc/passwd": "0"}}']
)
def test_a_manifest_that_is_not_ours_is_refused(tmcs: Any, tmp_path: Path, content: str) -> None:
    out = tmp_path / "book"
    out.mkdir()
    (out / MANIFEST).write_text(content)
    assert tmcs("handbook", "build", "--out", out).code == 2
    assert tmcs("handbook", "build", "--check", out).code == 2
    assert [one.name for one in out.iterdir()] == [MANIFEST]


def test_one_of_out_and_check_is_asked_for_and_a_folder_must_be_there(tmcs: Any, tmp_path: Path) -> None:
    assert tmcs("handbook", "build").code == 2
    assert tmcs("handbook", "build", "--out", tmp_path / "a", "--check", tmp_path / "b").code == 2
    assert tmcs("handbook", "build", "--check", tmp_path / "nowhere").code == 6
    (tmp_path / "file").write_text("x")
    assert tmcs("handbook", "build", "--out", tmp_path / "file").code == 2
