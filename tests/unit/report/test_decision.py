"""The decision report: what it says, and what it can never do."""

import base64
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from biasgate.contracts.scan import Scan
from biasgate.documents import digest, sha256
from biasgate.errors import TrustError
from biasgate.gate.evidence import Champion
from biasgate.gate.policy import Policy
from biasgate.report.decision import decision_report

VOID = {"meta", "br", "path", "line", "circle", "rect"}
HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(1)>&"\'$x_1$ {{ 7 * 7 }} http://evil.example/'
MODEL = sha256(b"candidate")


class Balanced(HTMLParser):
    """Collects tags, attributes and text; every element that opens must close in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.text += data


def page(story, **options) -> str:
    return decision_report(story.decision, story.evidence, story.policy, before=story.before, **options)


def words(html: str) -> str:
    return " ".join(Balanced(html).text.split())


def heading(html: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", html, re.S)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("name", "verdict", "shown"),
    [
        ("rejected", "REJECTED", "Rejected"),
        ("approved", "APPROVED", "Approved"),
        ("insufficient", "INSUFFICIENT_EVIDENCE", "Not enough evidence"),
    ],
)
def test_every_verdict_leads_the_page_with_a_word_and_a_symbol(request, name, verdict, shown):
    story = request.getfixturevalue(name)
    assert story.decision.verdict == verdict
    html = page(story)
    assert shown in heading(html)
    assert "<svg" in heading(html)
    assert html.index("<h1>") < html.index("<h2>")


def test_every_reason_and_every_rule_is_told(rejected):
    text = words(page(rejected))
    for sentence in (*rejected.decision.reasons, *(rule.sentence for rule in rejected.decision.rules)):
        assert " ".join(sentence.split()) in text


def test_a_rule_that_fails_stands_above_the_rules_that_pass(rejected):
    html = page(rejected)
    assert html.index('<tr class="fail">') < html.index('<tr class="pass">')


def test_rates_before_and_after_a_repair_stand_side_by_side(approved):
    text = words(page(approved))
    for evaluation, label in ((approved.before, "before "), (approved.evidence.evaluation, "")):
        cell = next(c for c in evaluation.cells if c.subgroup == {"alignment": "conflicting"})
        assert f"{label}{cell.estimate.value:.2f}".replace("0.", ".") in text
    assert "Settings tried on validation clusters (3)" in text
    assert "chosen" in text


def test_what_the_repair_leaned_on_before_and_after_is_told_with_its_verdict(approved):
    text = words(page(approved))
    assert "0.64 [0.6, 0.68]0.02 [−0.02, 0.06]" in text
    assert "biased: B lies above 0.05B is not shown to lie above 0.05" in text
    assert "Decisions that change with it.66.05" in text
    assert "Its share of the attributions.33.03" in text


def test_a_record_without_readings_says_that_there_are_none(approved):
    silent = approved.evidence.repair.model_copy(update={"after": None})
    evidence = approved.evidence.model_copy(update={"repair": silent})
    decision = approved.decision.model_copy(update={"evidence": digest(evidence)})
    assert "was not read before and after" in words(decision_report(decision, evidence, approved.policy))


def test_an_approval_says_until_when_and_a_rejection_does_not(approved, rejected):
    assert "2026-05-31 09:30 UTC" in words(page(approved))
    assert "2026-05-31" not in words(page(rejected))


def test_what_a_person_has_to_do_next_is_said(approved, rejected):
    signed = approved.decision.model_copy(update={"human": True})
    curable = rejected.decision.model_copy(update={"repairable": True})
    assert "once a person has signed" in words(decision_report(signed, approved.evidence, approved.policy))
    assert "the policy allows a repair" in words(decision_report(curable, rejected.evidence, rejected.policy))


def test_the_page_says_that_the_scan_alone_never_approves(approved, insufficient):
    for story in (approved, insufficient):
        assert "The scan alone never approves" in words(page(story))


def test_missing_parts_are_named_in_plain_sentences(insufficient):
    text = words(page(insufficient))
    for sentence in (
        "No evaluation: the candidate was not run on any data",
        "No gap was measured.",
        "The weights were not scanned.",
        "The ONNX form was not compared with its source.",
        "This candidate was not repaired by the gate.",
        "There was no champion to compare with.",
        "No log entry was named",
    ):
        assert sentence in text


def test_an_abstention_is_told_with_its_reason(tell: Callable):
    scan = Scan(model=MODEL, meta_classifier=sha256(b"m"), abstained=True, reason="The layout is not known")
    assert "The scan abstained: The layout is not known" in words(page(tell(scan=scan)))


def test_the_report_names_digests_and_the_log_entry(approved):
    text = words(page(approved, entry="entry-42"))
    digests = digest(approved.decision), digest(approved.evidence), digest(approved.policy), MODEL
    for value in ("entry-42", *digests):
        assert value in text


def test_hostile_strings_are_shown_and_never_become_markup(tell: Callable, measured, rejected):
    scan = Scan(model=MODEL, meta_classifier=HOSTILE, abstained=True, reason=HOSTILE, contributions={HOSTILE: 0.5})
    candidate = rejected.evidence.candidate.model_copy(
        update={"name": HOSTILE, "source": HOSTILE, "submitter": HOSTILE}
    )
    story = tell(
        candidate=candidate,
        evaluation=measured(inks={HOSTILE: 40, "thin": 60}),
        scan=scan,
        champion=Champion(version=HOSTILE, digest=HOSTILE),
        image=HOSTILE,
    )
    reasons = story.decision.model_copy(update={"reasons": (HOSTILE,)})
    html = decision_report(reasons, story.evidence, story.policy, entry=HOSTILE)
    parsed = Balanced(html)
    assert parsed.text.count(HOSTILE) > 10
    assert not {"script", "img"} & set(parsed.tags)
    assert not [name for name, _ in parsed.attributes if name.startswith("on")]


def test_characters_that_reorder_text_become_visible(tell: Callable, rejected):
    candidate = rejected.evidence.candidate.model_copy(update={"submitter": "a\u202eb\u200bc"})
    html = page(tell(candidate=candidate))
    assert "a�b�c" in html
    assert not {"\u202e", "\u200b"} & set(html)


@pytest.mark.parametrize("name", ["rejected", "approved", "insufficient"])
def test_the_page_needs_nothing_but_itself_and_runs_nothing(request, name):
    html = page(request.getfixturevalue(name))
    parsed = Balanced(html)
    assert not {"script", "link", "img", "iframe", "object", "form", "base"} & set(parsed.tags)
    assert not {"src", "href", "style", "xlink:href", "srcset"} & {key for key, _ in parsed.attributes}
    assert "//" not in re.sub(r"models:/", "", html)
    assert "url(" not in html
    assert "@import" not in html


def test_the_content_security_policy_allows_this_style_sheet_alone(rejected):
    html = page(rejected)
    found = re.search(r"<style>(.*?)</style>", html, re.S)
    assert found
    allowed = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{allowed}'" in html
    assert html.index("Content-Security-Policy") < html.index("<style>")


def test_cells_of_fewer_than_ten_units_are_withheld(tell: Callable, measured):
    loose = measured(inks={"rare": 9, "thin": 60}, minimum=2)
    rare = [cell for cell in loose.cells if cell.subgroup.get("ink") == "rare"]
    assert rare[0].estimate
    text = words(page(tell(evaluation=loose)))
    for cell in rare:
        assert f"n\u00a0{cell.clusters}" not in text
    assert text.count("withheld, n <10") == len(rare)


def test_a_finding_over_fewer_than_ten_units_is_withheld_from_rules_and_reasons(rejected):
    told = rejected.decision.rules[-2].model_copy(update={"n": 9, "value": 0.777, "sentence": "7 of 9 were right."})
    decision = rejected.decision.model_copy(update={"rules": (told,), "reasons": ("7 of 9 were right.",)})
    text = words(decision_report(decision, rejected.evidence, rejected.policy))
    assert "7 of 9" not in text
    assert ".777" not in text
    assert text.count("Withheld: fewer than 10 clusters") == 2


def test_documents_that_were_written_and_read_again_give_the_same_page(approved):
    copies = (
        type(document).parse(document.to_json(), where="test")
        for document in (approved.decision, approved.evidence, approved.policy)
    )
    before = type(approved.before).parse(approved.before.to_json(), where="test")
    assert decision_report(*copies, before=before) == page(approved)


def test_papers_of_another_candidate_are_refused(approved, rejected, policy: Policy):
    with pytest.raises(TrustError, match="other evidence"):
        decision_report(approved.decision, rejected.evidence, policy)
    with pytest.raises(TrustError, match="another policy"):
        decision_report(approved.decision, approved.evidence, policy.model_copy(update={"name": "other"}))
    with pytest.raises(TrustError, match="earlier evaluation"):
        decision_report(approved.decision, approved.evidence, policy, before=approved.evidence.evaluation)
