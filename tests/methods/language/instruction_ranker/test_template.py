import re

import pytest
from coldbench.datasets.errors import ColdbenchError, DataError
from coldbench.methods.language.instruction_ranker.method import InstructionRanker
from coldbench.methods.language.yes_no.template import (
    FOLDER,
    parse_template,
    read_template,
)

GOOD = """# ours
[question]
Liked: {history}
New: {item}
Answer:

[liked]
* {item}

[nothing]
nothing

[yes]
Yes
[no]
No
"""


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.txt")))
def test_our_templates_are_well_formed(name):
    template = read_template(name)
    asked = template.fill("question", history="- Alien", item="Solaris")
    assert "- Alien" in asked and "Solaris" in asked and asked == asked.strip()
    assert (template.fill("yes"), template.fill("no")) == ("Yes", "No")
    assert len(template.sha256) == 64


def test_a_file_of_ones_own_is_read(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text(GOOD, encoding="utf-8")
    template = read_template(str(path))
    assert template.fill("question", history="a", item="b") == "Liked: a\nNew: b\nAnswer:"
    assert template.fill("instruction") == "", "it may be left out"


def test_what_is_filled_in_is_never_read_again():
    template = parse_template("mine", GOOD, "mine")
    told = template.fill("question", history="{item} [yes] {history}", item="{history}{{")
    assert told == "Liked: {item} [yes] {history}\nNew: {history}{{\nAnswer:"


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("New: {item}", "New: {film}", 4, ["{film} does not belong into [question]", "{item}"]),
        ("New: {item}", "New:", 3, ["{item} is missing from [question]", "{history} and {item}"]),
        ("Answer:", "{item}", 5, ["{item} stands twice", "once"]),
        ("* {item}", "* {item", 8, ["'* {item' has a brace", "take it out"]),
        ("* {item}", "* {item} }", 8, ["has a brace"]),
        ("* {item}", "* {history} {item}", 8, ["{history} does not belong into [liked]"]),
        ("nothing\n\n[yes]", "{item}\n\n[yes]", 11, ["[nothing]", "holds no placeholder"]),
        ("[liked]", "[likes]", 7, ["[likes] is no section", "[liked]"]),
        ("[no]\nNo", "[yes]\nNo", 15, ["[yes] begins a second time"]),
        ("# ours", "ours", 1, ["'ours' stands before the first section", "#"]),
        ("[no]\nNo", "[no]\nNot at all", 16, ["'Not at all' is not a single word"]),
        ("[no]\nNo", "[no]\n", 16, ["'' is not a single word"]),
        ("[no]\nNo", "[no]\nYes", 16, ["[yes] and [no] are both 'Yes'", "different"]),
        ("[nothing]\nnothing\n", "", None, ["the section [nothing] is missing", "add it"]),
    ],
)
def test_a_malformed_template_is_refused_with_its_line(tmp_path, old, new, line, words):
    assert old in GOOD
    path = tmp_path / "mine.txt"
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError) as refused:
        read_template(str(path))
    told = str(refused.value)
    assert refused.value.line == line and str(path) in told, told
    assert [word for word in words if word not in told] == [], told
    assert re.search(r"; .+", told), "it says what to do"


def test_a_template_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ColdbenchError, match=r"'no/such' is none of preference, short .* path of"):
        read_template("no/such")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ColdbenchError, match="UTF-8"):
        read_template(str(tmp_path / "binary.txt"))


def test_it_is_refused_before_any_model_is_loaded(make_taste):
    method = InstructionRanker(template="no/such", model="no/such-model")
    with pytest.raises(ColdbenchError, match="template = 'no/such'"):
        method.fit(make_taste().train)
